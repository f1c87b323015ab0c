// Best of several: any score, and minimum Bayes risk.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { beamCandidates, beamSearch, clipCapBeam } from '../../src/decode/beam.ts';
import { drain } from '../../src/decode/drain.ts';
import { minimumBayesRisk, rerank, tokenOverlapF1 } from '../../src/decode/rerank.ts';
import { sampleTokens } from '../../src/decode/sample.ts';
import type { CandidateText, Decoding, TokenEvent } from '../../src/decode/steps.ts';
import { logitModel, topModel, toy } from './table-model.ts';

const test = suite('reranking');
const limits = { items: 2, stop: [1], maxTokens: 8 };
const starts = [toy.starts[0], [0.1, 0.05, 0.05, 0.1, 0.6, 0.1]];

const sampled = (samples: number): Decoding =>
  sampleTokens(logitModel({ ...toy, starts, rowsPerItem: samples }), limits, { seed: 4, samples });

test('the text with the best score comes first, the others behind it, per item', async () => {
  const plain = await drain(sampled(6));
  const told: TokenEvent[] = [];
  const asked: (readonly CandidateText[])[] = [];
  const score = async (texts: readonly CandidateText[]): Promise<Float32Array> => {
    asked.push(texts);
    assert.is(told.length, 0, 'nothing is certain before the scores');
    return Float32Array.from(texts, ({ item, ids }) => (item === 0 ? ids.length : -ids.length));
  };
  const ranked = await drain(rerank(sampled(6), score), (event) => told.push(event));
  assert.is(asked.length, 1);
  assert.is(asked[0].length, 12);
  for (const [item, sign] of [1, -1].entries()) {
    const lengths = ranked[item].map(({ ids }) => sign * ids.length);
    assert.equal(
      lengths,
      [...lengths].sort((a, b) => b - a),
    );
    assert.equal(
      ranked[item].map(({ score: s }) => s),
      lengths,
    );
    assert.equal(
      ranked[item].map(({ ids }) => ids.join()).sort(),
      plain[item].map(({ ids }) => ids.join()).sort(),
    );
    assert.equal(
      told.filter((event) => event.item === item),
      ranked[item][0].ids.map((id, index) => ({ item, id, index })),
    );
  }
});

test('a beam search can be reranked too', async () => {
  const options = { ...clipCapBeam, beams: 3 };
  const model = topModel({ ...toy, rowsPerItem: 3 }, beamCandidates(options, [1]));
  const decoding = beamSearch(model, { ...limits, items: 1 }, options);
  const [[best]] = await drain(rerank(decoding, (texts) => texts.map(({ ids }) => Number(ids.includes(5)))));
  assert.equal(best.ids, [2, 4, 5, 1]);
});

test('token overlap: each token as often as both have it', () => {
  assert.is(tokenOverlapF1([1, 2, 3], [3, 2, 1]), 1);
  assert.is(tokenOverlapF1([1, 2], [3, 4]), 0);
  // Two of 2, 2, 5 are in 2, 2, 2, 7; precision 2/3, recall 2/4.
  assert.is(tokenOverlapF1([2, 2, 5], [2, 2, 2, 7]), 4 / 7);
  assert.is(tokenOverlapF1([2, 2, 2, 7], [2, 2, 5]), 4 / 7);
});

test('minimum Bayes risk takes the text most like the others, by hand', async () => {
  const texts = [
    [2, 3, 1],
    [2, 4, 1],
    [2, 3, 4, 1],
    [5, 1],
  ].map((ids) => ({ item: 0, ids }));
  // F1 pairs: ab 4/6, ac 6/7, ad 2/5, bc 6/7, bd 2/5, cd 2/6.
  const [a, b, c, d] = [4 / 6 + 6 / 7 + 2 / 5, 4 / 6 + 6 / 7 + 2 / 5, 12 / 7 + 2 / 6, 4 / 5 + 2 / 6];
  const scores = Array.from(await minimumBayesRisk()(texts));
  [a, b, c, d].forEach((sum, i) => assert.ok(Math.abs(scores[i] - sum / 3) < 1e-12));
  // Another item's texts do not count.
  const more = [...texts, ...texts.map(({ ids }) => ({ item: 1, ids })), { item: 2, ids: [4] }];
  assert.equal(await minimumBayesRisk()(more), [...scores, ...scores, 0]);
});

test('a utility of one’s own, candidate first', async () => {
  const calls: string[] = [];
  const utility = (candidate: readonly number[], reference: readonly number[]): number => {
    calls.push(`${candidate.join()} against ${reference.join()}`);
    return candidate.length;
  };
  const texts = [[2], [3, 4]].map((ids) => ({ item: 0, ids }));
  assert.equal(await minimumBayesRisk(utility)(texts), [1, 2]);
  assert.equal(calls, ['2 against 3,4', '3,4 against 2']);
});

test('scores that do not fit are refused; an abort during scoring ends it', async () => {
  const message = async (decoding: Decoding): Promise<string> =>
    await drain(decoding).then(
      () => 'nothing thrown',
      (error: Error) => error.message,
    );
  assert.match(await message(rerank(sampled(2), () => [1, 2, 3])), '4 texts were to be scored, but 3');
  assert.match(await message(rerank(sampled(2), () => [1, NaN, 3, 4])), 'the score of text 1');
  const controller = new AbortController();
  const score = (texts: readonly CandidateText[]): number[] => {
    controller.abort(new Error('enough'));
    return texts.map(() => 0);
  };
  assert.is(await message(rerank(sampled(2), score, controller.signal)), 'enough');
});

test.run();
