// What GPT-2 reads before the caption: rows of the mapper and of a prompt, or keys and values of every layer.
//
// Legend: B batch, P prefix rows, Q tokens of the prompt, S rows before the caption, d GPT-2's width, L its layers,
// V vocabulary.
import type { Gpt2 } from '@foreword/gpt2';
import { add, argmax, concat, l2Normalize, linear, noGrad, sub, tensor, type Tensor } from '@foreword/tensor';
import type { PrefixMapper } from './prefix-mapper.ts';

export interface PrefixInputs {
  /** Input embeddings [B, S, d]; the last row predicts the caption's first token. */
  rows: Tensor;
  /** Keys and values of P rows before them, [B, P, L·2d], for `past` of GPT-2 and its generator. Deep prefixes only. */
  past?: Tensor;
}

/**
 * Features [B, D] → what stands before the captions, as the mapper's placement says.
 * @throws ShapeError when features and models do not fit each other.
 */
export function prefixInputs(gpt2: Gpt2, mapper: PrefixMapper, features: Tensor): PrefixInputs {
  const { kind, prompt } = mapper.config.placement;
  const made = mapper.forward(features); // [B, P, d]
  // Prefix-tuning's reparameterisation, the same for every row: [B, P, d] → [B, P, L·2d].
  const past = mapper.reparameterisation?.forward(made);
  if (past) return { rows: promptRows(gpt2, prompt, made.dim(0)), past };
  const rows = kind === 'hard' ? hardRows(gpt2, made) : made;
  if (prompt.length === 0) return { rows };
  return { rows: concat([promptRows(gpt2, prompt, made.dim(0)), rows], { axis: 1 }) }; // [B, Q + P, d]
}

/** The prompt's embeddings for every item: [B, Q, d]. */
function promptRows(gpt2: Gpt2, prompt: readonly number[], B: number): Tensor {
  const ids = Array.from({ length: B }, () => prompt).flat();
  return gpt2.embed(tensor(gpt2.device, ids, [B, prompt.length], { dtype: 'u32' }));
}

/** The tokens whose embeddings have the largest cosine with rows [B, P, d]: u32 [B, P]. Not differentiable. */
export function nearestTokens(gpt2: Gpt2, rows: Tensor): Tensor {
  const [B, P, d] = rows.shape;
  return noGrad(gpt2.device, () =>
    argmax(linear(rows.reshape([B * P, d]), l2Normalize(gpt2.tokenTable)), -1).reshape([B, P]),
  );
}

/** Embeddings of the nearest tokens, with the gradient of the rows themselves (straight-through). */
function hardRows(gpt2: Gpt2, made: Tensor): Tensor {
  const words = noGrad(gpt2.device, () => gpt2.embed(nearestTokens(gpt2, made)));
  return made.requiresGrad ? add(made, sub(words, made).detach()) : words;
}
