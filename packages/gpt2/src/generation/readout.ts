// What a decoding method reads of a step, and how the GPU prepares it.
//
// Legend: R rows, V vocabulary, S positions read, C channels.
import { argmax, logSoftmax, topK, type Tensor } from '@foreword/tensor';
import type { LogitRows, StateRows, TopTokens } from '../decode/steps.ts';

/** Ends every plan of a session: what the model computed in, the answer R on the host out. */
export interface Readout<R> {
  /** Equal for readouts that make equal plans. */
  key: string;
  /** `logits` [R, V] of the next token; `states()` makes the hidden states [R, S, C] of the rows read, after ln_f. */
  trace(logits: Tensor, states: () => Tensor): Record<string, Tensor>;
  read(outputs: Record<string, Tensor>): Promise<R>;
}

/** The likeliest token of each row; only ids leave the GPU. */
export const likeliestIds: Readout<Uint32Array> = {
  key: 'ids',
  trace: (logits) => ({ ids: argmax(logits, -1) }),
  read: async ({ ids }) => (await ids.read()) as Uint32Array,
};

/** All logits of each row. */
export const allLogits: Readout<LogitRows> = {
  key: 'logits',
  trace: (logits) => ({ logits }),
  read: async ({ logits }) => ({ vocabSize: logits.dim(-1), values: (await logits.read()) as Float32Array }),
};

/**
 * The `count` likeliest tokens of each row (fewer in a smaller vocabulary) after division by `temperature`.
 * @throws RangeError for a temperature that is not above 0.
 */
export function topTokens(count: number, temperature = 1): Readout<TopTokens> {
  assertTemperature(temperature);
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

/** @throws RangeError for a temperature that is not above 0. */
export function assertTemperature(temperature: number): void {
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`beam search: temperature is ${temperature}; a number above 0 is needed`);
  }
}

/** What `readout` gives, and the hidden states. */
export function withStates<R>(readout: Readout<R>): Readout<R & StateRows> {
  return {
    key: `${readout.key} with states`,
    trace: (logits, states) => ({ ...readout.trace(logits, states), states: states() }),
    async read({ states, ...outputs }) {
      const [answer, values] = await Promise.all([readout.read(outputs), states.read()]);
      return { ...answer, states: values as Float32Array, stateSize: states.dim(-1) };
    },
  };
}
