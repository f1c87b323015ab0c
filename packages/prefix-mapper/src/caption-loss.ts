// ClipCap's training loss: the caption's cross-entropy given the prefix that the mapper makes of the picture.
//
// Legend: B batch, D feature, S rows before the caption, T caption tokens, d GPT-2's width.
import type { Gpt2 } from '@foreword/gpt2';
import { concat, type Tensor } from '@foreword/tensor';
import { prefixInputs } from './prefix-inputs.ts';
import type { PrefixMapper } from './prefix-mapper.ts';

export interface CaptionBatch {
  /** CLIP features [B, D]. */
  features: Tensor;
  /** Caption tokens [B, T], i32 or u32, padded on the right with `ignoreIndex`. */
  tokens: Tensor;
}

export interface CaptionLossOptions {
  /** Padding; tokens with this id do not count. Default 0, as in ClipCap. */
  ignoreIndex?: number;
  /** Turns GPT-2's dropout on (ClipCap: when it is tuned): u32 [2], (seed, step). */
  dropoutSeed?: Tensor;
  /** What each token's loss is multiplied by [B, T], of any sign: rewards, in self-critical training. */
  weights?: Tensor;
  /** Share of a target's weight that is spread over the vocabulary. Default 0. */
  labelSmoothing?: number;
}

/**
 * Mean cross-entropy of the tokens that are not padding: the logits at rows S − 1 … S + T − 2 against tokens
 * 0 … T − 1, S being P where the prefix stands alone before the caption. Gradients reach whatever is trainable: the mapper, GPT-2, both.
 * @throws ShapeError when features, tokens and models do not fit each other.
 */
export function captionLoss(
  gpt2: Gpt2,
  mapper: PrefixMapper,
  { features, tokens, ignoreIndex = 0, ...options }: CaptionBatch & CaptionLossOptions,
): Tensor {
  const { rows, past } = prefixInputs(gpt2, mapper, features);
  const sequence = concat([rows, gpt2.embed(tokens)], { axis: 1 }); // [B, S + T, d]
  return gpt2.loss(sequence, tokens, { firstRow: rows.dim(1) - 1, past, ignoreIndex, ...options });
}
