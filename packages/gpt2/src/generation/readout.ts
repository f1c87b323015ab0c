// What a decoding method reads of the next-token logits, and how the GPU prepares it.
//
// Legend: R rows, V vocabulary.
import { argmax, logSoftmax, topK, type Tensor } from '@foreword/tensor';
import type { LogitRows, TopTokens } from '../decode/steps.ts';

/** Ends every plan of a session: logits [R, V] in, the answer R on the host out. */
export interface Readout<R> {
  /** Equal for readouts that make equal plans. */
  key: string;
  trace(logits: Tensor): Record<string, Tensor>;
  read(outputs: Record<string, Tensor>): Promise<R>;
}

/** The likeliest token of each row; only ids leave the GPU. */
export const likeliestIds: Readout<Uint32Array> = {
  key: 'ids',
  trace: (logits) => ({ ids: argmax(logits) }),
  read: async ({ ids }) => (await ids.read()) as Uint32Array,
};

/** All logits of each row. */
export const allLogits: Readout<LogitRows> = {
  key: 'logits',
  trace: (logits) => ({ logits }),
  read: async ({ logits }) => ({ vocabSize: logits.dim(-1), values: (await logits.read()) as Float32Array }),
};

/** The `count` likeliest tokens of each row (fewer in a smaller vocabulary) after division by `temperature`. */
export function topTokens(count: number, temperature = 1): Readout<TopTokens> {
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`beam search: temperature is ${temperature}; a number above 0 is needed`);
  }
  return {
    key: `top ${count} at ${temperature}`,
    trace(logits) {
      const scaled = temperature === 1 ? logits : logits.affine(1 / temperature);
      const [logProbs, ids] = topK(logSoftmax(scaled), Math.min(count, logits.dim(-1)));
      return { logProbs, ids };
    },
    async read({ logProbs, ids }) {
      const [values, places] = await Promise.all([logProbs.read(), ids.read()]);
      return { count: ids.dim(-1), ids: places as Uint32Array, logProbs: values as Float32Array };
    },
  };
}
