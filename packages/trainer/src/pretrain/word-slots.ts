// Training rows of the tiny GPT-2's second kind: a caption behind its words, squeezed into P slots.
//
// A large language model can be steered through its embeddings by vectors that are no words (Lester et al. 2021,
// "The power of scale for parameter-efficient prompt tuning": the smaller the model, the less so). A tiny one has to
// learn it: each slot here is the sum of the embeddings of a few words, and the model says them again as a caption.
// With P = 1 all words share one vector; with more, each noun phrase has a slot to itself.
//
// Legend: B rows, P slots, V vocabulary, T tokens of a caption.
import type { Gpt2 } from '@foreword/gpt2';
import { nounPhrases } from '@foreword/scenes';
import { matmul, reshape, type Tensor } from '@foreword/tensor';
import type { Tokenizer } from '@foreword/tokenizer';
import { shuffled } from '../data/random.ts';
import { padding } from './caption-rows.ts';

/** T: all but a few captions of the training split fit with their end token; longer ones are cut. */
export const slotCaptionLength = 26;
const T = slotCaptionLength;

/** The tokens of a caption in parts: each of its noun phrases, and all that is left. */
export function captionParts(caption: string, tokenizer: Tokenizer): number[][] {
  const phrases = nounPhrases(caption);
  const rest = phrases.reduce((text, phrase) => text.replace(phrase, ''), caption).trim();
  return [...phrases, rest.replace(/\s+/g, ' ')]
    .filter((part) => part !== '')
    .map((part) => tokenizer.encode(` ${part.toLowerCase()}`));
}

/**
 * Parts in P slots: each in at least one, in random ones, together where there are more parts than slots. Some slots
 * may stay empty, so that a mapper need not fill all it has.
 */
export function fillSlots(parts: readonly number[][], P: number, draw: () => number): number[][] {
  const slots: number[][] = Array.from({ length: P }, () => []);
  const order = shuffled([...slots.keys()], draw);
  const dealt = shuffled(parts, draw);
  const spare = Math.max(0, P - parts.length);
  const filled = parts.length + Math.floor(draw() * (spare + 1));
  for (let i = 0; i < filled; i++) slots[order[i % P]].push(...dealt[i % dealt.length]);
  return slots;
}

/** The numbers of slots the model is trained with and judged by. */
export const slotCounts = [1, 10, 20];

/** B slot fillings as counts [B P, V], for `sumWords`. */
export function countWords(rows: readonly number[][][], V: number): Float32Array<ArrayBuffer> {
  const slots = rows.flat();
  const counts = new Float32Array(slots.length * V);
  slots.forEach((ids, at) => {
    for (const id of ids) counts[at * V + id]++;
  });
  return counts;
}

/** The sums of the embeddings of counted words [B P, V]: [B, P, d]. */
export const sumWords = (gpt2: Gpt2, words: Tensor, P: number): Tensor =>
  reshape(matmul(words, gpt2.tokenTable), [words.dim(0) / P, P, gpt2.config.n_embd]);

/** Captions [B, T], cut or padded, and the tokens that follow each place of [B, P + T]: from the last slot on they count. */
export function behindSlots(
  captions: readonly number[][],
  { P, end }: { P: number; end: number },
): { ids: Int32Array<ArrayBuffer>; targets: Int32Array<ArrayBuffer> } {
  const ids = new Int32Array(captions.length * T).fill(padding);
  const targets = new Int32Array(captions.length * (P + T)).fill(padding);
  captions.forEach((caption, b) => {
    ids.set(caption.slice(0, T), b * T);
    targets.set([...caption, end].slice(0, T + 1), b * (P + T) + P - 1);
  });
  return { ids, targets };
}
