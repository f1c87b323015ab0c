// Rules for the next token: each alone on plain logits, and all of them under every method over a table.
import { allClose, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { beamCandidates, beamSearch, clipCapBeam, type BeamOptions } from '../../src/decode/beam.ts';
import { contrastiveSearch } from '../../src/decode/contrastive.ts';
import { drain } from '../../src/decode/drain.ts';
import { logitProcessors, type ProcessorOptions } from '../../src/decode/logit-processors.ts';
import { processedSteps, topOfLogits } from '../../src/decode/processed-steps.ts';
import { sampleTokens } from '../../src/decode/sample.ts';
import type { Decoding } from '../../src/decode/steps.ts';
import { greedySearchOfLogits } from '../../src/decode/token-by-token.ts';
import { logitModel, logitStateModel, toy } from './table-model.ts';

const test = suite('logit processors');
const context = { stop: [1], maxTokens: 7 };

/** Ids that the rules forbid after `history`. */
function forbidden(options: ProcessorOptions, history: readonly number[], V = 6): number[] {
  const logits = new Float32Array(V);
  for (const processor of logitProcessors(options, context)) processor(logits, history);
  return [...logits.keys()].filter((id) => logits[id] === -Infinity);
}

test('without rules there is no processor', () => {
  const none = { repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0, minTokens: 1, badWords: [] };
  assert.is(logitProcessors(none, context).length, 0);
  assert.is(logitProcessors({ minTokens: 4 }, { stop: [], maxTokens: 9 }).length, 0);
});

test('no n-gram comes twice', () => {
  assert.equal(forbidden({ noRepeatNgram: 2 }, [2, 3, 2]), [3]);
  assert.equal(forbidden({ noRepeatNgram: 2 }, [2, 3, 2, 4, 2]), [3, 4]);
  assert.equal(forbidden({ noRepeatNgram: 2 }, [2, 2]), [2]);
  assert.equal(forbidden({ noRepeatNgram: 2 }, [2]), []);
  assert.equal(forbidden({ noRepeatNgram: 3 }, [2, 3, 4, 2, 3]), [4]);
  assert.equal(forbidden({ noRepeatNgram: 3 }, [2, 3, 4, 3, 3]), []);
  assert.equal(forbidden({ noRepeatNgram: 1 }, [2, 5, 2]), [2, 5]);
  assert.equal(forbidden({ noRepeatNgram: 4 }, [2, 3]), []);
});

test('a text that goes on as no-repeat allows has no n-gram twice', () => {
  for (const n of [1, 2, 3]) {
    const text: number[] = [];
    for (let i = 0; i < 40; i++) {
      const not = forbidden({ noRepeatNgram: n }, text, 4);
      const next = [0, 1, 2, 3].filter((id) => !not.includes(id));
      if (next.length === 0) break;
      text.push(next[(i * i) % next.length]);
    }
    const grams = Array.from({ length: text.length - n + 1 }, (_, i) => text.slice(i, i + n).join());
    assert.is(new Set(grams).size, grams.length);
    assert.ok(text.length >= 4);
  }
});

test('bad words: single tokens everywhere, the last token of a sequence after the others', () => {
  const badWords = [[4], [2, 3], [2, 3, 5]];
  assert.equal(forbidden({ badWords }, []), [4]);
  assert.equal(forbidden({ badWords }, [2]), [3, 4]);
  assert.equal(forbidden({ badWords }, [2, 3]), [4, 5]);
  assert.equal(forbidden({ badWords }, [3, 2, 5]), [4]);
});

test('the stop token waits for the fewest tokens, itself included', () => {
  assert.equal(forbidden({ minTokens: 3 }, []), [1]);
  assert.equal(forbidden({ minTokens: 3 }, [2]), [1]);
  assert.equal(forbidden({ minTokens: 3 }, [2, 2]), []);
});

test('penalties come before what is forbidden, the caller’s processors last', () => {
  const logits = Float32Array.of(0, 2, 2, -1);
  const options: ProcessorOptions = {
    repetitionPenalty: 2,
    presencePenalty: 1,
    badWords: [[1]],
    processors: [(values) => (values[0] += values[1] === -Infinity ? 7 : 0)],
  };
  for (const processor of logitProcessors(options, context)) processor(logits, [1, 2]);
  assert.equal([...logits], [7, -Infinity, 0, -1]);
});

test('the likeliest of processed logits are those of the changed distribution', () => {
  const values = Float32Array.of(1, 3, -Infinity, 3, 2, 0, 0, 0, 0, 0);
  const { count, ids, logProbs } = topOfLogits({ vocabSize: 5, values }, 4, 0.5);
  assert.is(count, 4);
  assert.equal([...ids], [1, 3, 4, 0, 0, 1, 2, 3]);
  const total = 2 + Math.exp(-2) + Math.exp(-4);
  allClose(
    [...logProbs.subarray(0, 4)],
    [1, 1, Math.exp(-2), Math.exp(-4)].map((w) => Math.log(w / total)),
  );
  allClose(
    [...logProbs.subarray(4)],
    [1, 1, 1, 1].map(() => Math.log(1 / 5)),
  );
  assert.equal(
    [...topOfLogits({ vocabSize: 2, values: Float32Array.of(-Infinity, -Infinity) }, 2).logProbs],
    [-Infinity, -Infinity],
  );
});

const rules: ProcessorOptions[] = [
  { repetitionPenalty: 3 },
  { presencePenalty: 2, frequencyPenalty: 0.5 },
  { noRepeatNgram: 1 },
  { noRepeatNgram: 2, minTokens: 4 },
  { minTokens: 5 },
  { badWords: [[3], [2, 4]] },
];

const starts = [toy.starts[0], [0.02, 0.4, 0.05, 0.1, 0.4, 0.03], [0, 0, 0, 0.2, 0.2, 0.6]];

/** What every method makes of `options` over the toy table, batched. */
const methods: Record<string, (options: ProcessorOptions, from: readonly (readonly number[])[]) => Decoding> =
  {
    greedy: (options, from) =>
      greedySearchOfLogits(
        processedSteps(logitModel({ ...toy, starts: from }), logitProcessors(options, context), (x) => x),
        { ...context, items: from.length },
      ),
    sample: (options, from) =>
      sampleTokens(
        processedSteps(logitModel({ ...toy, starts: from }), logitProcessors(options, context), (x) => x),
        { ...context, items: from.length },
        { seed: 3, topK: 1 },
      ),
    'ClipCap beam': (options, from) => beam(options, from, { ...clipCapBeam, beams: 3 }),
    'ordinary beam': (options, from) =>
      beam(options, from, { beams: 3, length: { power: 0.7 }, finished: 'apart' }),
    'diverse beam': (options, from) =>
      beam(options, from, { beams: 4, length: 'sum', finished: 'apart', groups: 2, diversityPenalty: 1 }),
    contrastive: (options, from) => {
      const states = {
        prefix: [[1, 0]],
        tokens: [
          [1, 0],
          [0, 1],
          [1, 1],
          [-1, 1],
          [2, 1],
          [-1, 0],
        ],
      };
      const model = logitStateModel({ ...toy, starts: from, rowsPerItem: 3, states });
      return contrastiveSearch(
        processedSteps(model, logitProcessors(options, context), (answer) => ({
          ...topOfLogits(answer, 3),
          states: answer.states,
          stateSize: answer.stateSize,
        })),
        { ...context, items: from.length },
        { candidates: 3, alpha: 0.4 },
      );
    },
  };

function beam(options: ProcessorOptions, from: readonly (readonly number[])[], how: BeamOptions): Decoding {
  const model = processedSteps(
    logitModel({ ...toy, starts: from, rowsPerItem: how.beams }),
    logitProcessors(options, context),
    (logits) => topOfLogits(logits, beamCandidates(how, context.stop)),
  );
  return beamSearch(model, { ...context, items: from.length }, how);
}

for (const [name, decode] of Object.entries(methods)) {
  test(`${name}: every text keeps the rules, and batches give what items give alone`, async () => {
    for (const options of rules) {
      const together = await drain(decode(options, starts));
      for (const { ids } of together.flat()) {
        for (const [place, id] of ids.entries()) {
          const not = forbidden(options, ids.slice(0, place));
          assert.not.ok(not.includes(id), `${JSON.stringify(options)}: ${ids.join()}`);
        }
      }
      if (name === 'sample') continue; // its streams are tested with it
      for (const [item, start] of starts.entries()) {
        assert.equal((await drain(decode(options, [start])))[0], together[item]);
      }
    }
  });
}

test('with room for all, beams find the best text of the processed model', async () => {
  for (const options of rules) {
    const processors = logitProcessors(options, { ...context, maxTokens: 5 });
    const all: { ids: number[]; score: number }[] = [];
    const grow = (ids: number[], logProb: number): void => {
      if (ids.at(-1) === 1 || ids.length === 5) {
        all.push({ ids, score: logProb });
        return;
      }
      const row = ids.length === 0 ? toy.starts[0] : (toy.after[ids.at(-1)!] ?? new Array<number>(6).fill(1));
      const total = row.reduce((a, b) => a + b, 0);
      const logits = Float32Array.from(row, (p) => Math.log(p / total));
      for (const processor of processors) processor(logits, ids);
      const mass = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      logits.forEach(
        (logit, id) => logit > -Infinity && grow([...ids, id], logProb + logit - Math.log(mass)),
      );
    };
    grow([], 0);
    all.sort((a, b) => b.score - a.score);
    const how: BeamOptions = { beams: 700, length: 'sum', finished: 'apart' };
    const model = processedSteps(logitModel({ ...toy, rowsPerItem: 700 }), processors, (logits) =>
      topOfLogits(logits, beamCandidates(how, [1])),
    );
    const [found] = await drain(beamSearch(model, { items: 1, stop: [1], maxTokens: 5 }, how));
    for (let i = 0; i < 3; i++) {
      assert.ok(Math.abs(found[i].score! - all[i].score) < 1e-5, JSON.stringify(options));
    }
    assert.equal(found[0].ids, all[0].ids);
  }
});

test('when rules leave no token, every method says so', async () => {
  const options = { badWords: [[0], [1], [2], [3], [4], [5]] };
  for (const decode of Object.values(methods)) {
    const error = await drain(decode(options, [toy.starts[0]])).then(
      () => 'nothing thrown',
      (caught: unknown) => caught,
    );
    assert.instance(error, RangeError);
    assert.match((error as Error).message, 'every token is forbidden');
  }
});

test('options that make no sense are refused', () => {
  const refused = (options: ProcessorOptions, message: string, vocabSize?: number): void =>
    assert.throws(
      () => logitProcessors(options, { ...context, vocabSize }),
      (error: Error) => error instanceof RangeError && error.message.includes(message),
    );
  refused({ noRepeatNgram: 0 }, 'noRepeatNgram is 0; a whole number from 1');
  refused({ noRepeatNgram: 1.5 }, 'noRepeatNgram is 1.5');
  refused({ minTokens: 8 }, 'minTokens is 8; a whole number from 0 to maxTokens, 7');
  refused({ minTokens: -1 }, 'minTokens is -1');
  refused({ badWords: [[2], []] }, 'bad word 1 has no tokens');
  refused({ badWords: [[2, -1]] }, 'bad word 0 has the token -1');
  refused({ badWords: [[6]] }, 'the token 6; ids are whole numbers from 0 below 6', 6);
  refused({ repetitionPenalty: 0 }, 'repetitionPenalty is 0');
  refused({ presencePenalty: NaN }, 'presencePenalty NaN');
});

test.run();
