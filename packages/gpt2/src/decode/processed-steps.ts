// Puts logit processors between a language model and any decoding method. The method does not know of them.
//
// Legend: R rows, V vocabulary.
import { largestValues } from './largest-values.ts';
import type { LogitProcessor } from './logit-processors.ts';
import type { DecodeSteps, LogitRows, TopTokens } from './steps.ts';

/**
 * The same model with every row's logits changed by `processors`, and then turned into what the method reads.
 * What each row has read so far is kept here, along the parents of each step.
 */
export function processedSteps<A extends LogitRows, R>(
  steps: DecodeSteps<A>,
  processors: readonly LogitProcessor[],
  read: (logits: A) => R,
): DecodeSteps<R> {
  let histories: number[][] = [];
  const changed = (answer: A, rows: number): R => {
    const { vocabSize: V, values } = answer;
    for (let row = 0; row < rows; row++) {
      const logits = values.subarray(row * V, (row + 1) * V);
      for (const processor of processors) processor(logits, histories[row] ?? []);
    }
    return read(answer);
  };
  return {
    async begin() {
      histories = [];
      const answer = await steps.begin();
      return changed(answer, answer.values.length / answer.vocabSize);
    },
    async step(ids, parents) {
      // Before the first step no row has read anything.
      histories = Array.from(ids, (id, row) => [...(histories[parents?.[row] ?? row] ?? []), id]);
      return changed(await steps.step(ids, parents), ids.length);
    },
  };
}

/**
 * The `count` likeliest tokens of each row after division by `temperature`, best first; of equal ones the smaller id,
 * as the GPU's topK has it. Forbidden tokens have log-probability −∞.
 */
export function topOfLogits({ vocabSize: V, values }: LogitRows, count: number, temperature = 1): TopTokens {
  const rows = values.length / V;
  const K = Math.min(count, V);
  const ids = new Uint32Array(rows * K);
  const logProbs = new Float32Array(rows * K);
  for (let row = 0; row < rows; row++) {
    const logits = values.subarray(row * V, (row + 1) * V);
    const best = largestValues(logits, K);
    const top = logits[best[0]];
    let total = 0;
    for (let i = 0; i < V; i++) total += Math.exp((logits[i] - top) / temperature);
    const logTotal = Math.log(total);
    best.forEach((id, k) => {
      ids[row * K + k] = id;
      // Where every token is forbidden, top is −∞ too.
      logProbs[row * K + k] =
        logits[id] === -Infinity ? -Infinity : (logits[id] - top) / temperature - logTotal;
    });
  }
  return { count: K, ids, logProbs };
}
