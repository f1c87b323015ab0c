// Sampling and greedy decoding over a table, and the filters on plain logits.
import { allClose, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { drain } from '../../src/decode/drain.ts';
import { logitProcessors, type ProcessorOptions } from '../../src/decode/logit-processors.ts';
import { nextTokenDistribution, type FilterOptions } from '../../src/decode/next-token-distribution.ts';
import { applyPenalties } from '../../src/decode/penalties.ts';
import { processedSteps } from '../../src/decode/processed-steps.ts';
import { drawToken, sampleTokens, type SampleOptions } from '../../src/decode/sample.ts';
import type { TokenEvent } from '../../src/decode/steps.ts';
import { greedySearch } from '../../src/decode/token-by-token.ts';
import { idModel, logitModel, toy } from './table-model.ts';

const test = suite('sampling');

const limits = { items: 1, stop: [1], maxTokens: 12 };
const sample = async (
  options: SampleOptions & ProcessorOptions,
  starts = toy.starts,
): Promise<number[][]> => {
  const model = processedSteps(
    logitModel({ ...toy, starts, rowsPerItem: options.samples }),
    logitProcessors(options, limits),
    (logits) => logits,
  );
  const texts = await drain(sampleTokens(model, { ...limits, items: starts.length }, options));
  return texts.flat().map(({ ids }) => ids);
};

const logits = (probabilities: readonly number[]): Float32Array => Float32Array.from(probabilities, Math.log);
const kept = (probabilities: readonly number[], options: FilterOptions): [number[], number[]] => {
  const { ids, probabilities: p } = nextTokenDistribution(logits(probabilities), options);
  return [[...ids], [...p]];
};

test('without filters every token keeps its probability', () => {
  const row = toy.starts[0];
  const [ids, p] = kept(row, {});
  assert.equal(ids, [0, 1, 2, 3, 4, 5]);
  allClose(p, row);
});

test('temperature sharpens and flattens; 0 takes the likeliest', () => {
  const [, sharp] = kept([0.2, 0.8], { temperature: 0.5 });
  allClose(sharp, [0.04 / 0.68, 0.64 / 0.68]);
  const [, flat] = kept([0.2, 0.8], { temperature: 2 });
  allClose(
    flat,
    [Math.sqrt(0.2), Math.sqrt(0.8)].map((x) => x / (Math.sqrt(0.2) + Math.sqrt(0.8))),
  );
  assert.equal(kept([0.2, 0.5, 0.3], { temperature: 0 }), [[1], [1]]);
});

test('top-k keeps the k likeliest', () => {
  const [ids, p] = kept([0.1, 0.4, 0.2, 0.3], { topK: 2 });
  assert.equal(ids, [1, 3]);
  allClose(p, [4 / 7, 3 / 7]);
});

test('top-p keeps the token that crosses p', () => {
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topP: 0.35 })[0], [1]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topP: 0.5 })[0], [1, 3]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topP: 0.95 })[0], [1, 3, 2, 0]);
  allClose(kept([0.1, 0.4, 0.2, 0.3], { topP: 0.5 })[1], [4 / 7, 3 / 7]);
});

test('top-p counts the mass of what top-k left', () => {
  // Of all: .4 + .3 = .7 ≤ .75, so three tokens. Of the two left by top-k: 4/7 ≤ .75 < 1, so two; p = .5: one.
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topP: 0.75 })[0], [1, 3, 2]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topK: 2, topP: 0.75 })[0], [1, 3]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { topK: 2, topP: 0.5 })[0], [1]);
});

test('top-p over many tokens is the plain definition', () => {
  const V = 1000;
  const p = Array.from({ length: V }, (_, i) => ((i * 7919) % V) ** 3 + 1);
  const total = p.reduce((a, b) => a + b, 0);
  for (const topP of [0.001, 0.3, 0.9, 0.999]) {
    const order = [...p.keys()].sort((a, b) => p[b] - p[a]);
    let mass = 0;
    const wanted = order.filter((id) => {
      const before = mass;
      mass += p[id] / total;
      return before <= topP;
    });
    assert.equal(kept(p, { topP })[0], wanted);
  }
});

test('min-p keeps what is at least that share of the likeliest', () => {
  const [ids, p] = kept([0.1, 0.4, 0.2, 0.3], { minP: 0.45 });
  assert.equal(ids, [1, 2, 3]);
  allClose(p, [4 / 9, 2 / 9, 3 / 9]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { minP: 0 })[0], [0, 1, 2, 3]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { minP: 1 })[0], [1]);
  // At temperature 2 the shares are square roots: 0.1/0.4 becomes 1/2.
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { minP: 0.49, temperature: 2 })[0], [0, 1, 2, 3]);
});

test('typical sampling keeps what is as surprising as the entropy', () => {
  // H = 1.2799; |−log p − H|: 1.0227 of .1, .3636 of .4, .3296 of .2, .0759 of .3.
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { typicalP: 0.2 })[0], [3]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { typicalP: 0.35 })[0], [3, 2]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { typicalP: 0.55 })[0], [3, 2, 1]);
  assert.equal(kept([0.1, 0.4, 0.2, 0.3], { typicalP: 0.95 })[0], [3, 2, 1, 0]);
  allClose(kept([0.1, 0.4, 0.2, 0.3], { typicalP: 0.35 })[1], [0.6, 0.4]);
  // The likeliest token can be too expected to be typical; a token without a chance is never drawn.
  assert.not.ok(kept([0.6, 0.1, 0.1, 0.1, 0.1, 0], { typicalP: 0.3 })[0].includes(5));
  assert.equal(kept([0, 1, 0], { typicalP: 0.3 }), [[1], [1]]);
  const distant = nextTokenDistribution(Float32Array.of(-744, 0, -0.1), { typicalP: 0.4 });
  assert.equal([...distant.ids], [1]);
});

test('typical sampling and top-k over many tokens are the plain definitions', () => {
  const V = 1500;
  const p = Array.from({ length: V }, (_, i) => ((i * 7919) % V) ** 4 + 1);
  const total = p.reduce((a, b) => a + b, 0);
  const entropy = p.reduce((sum, w) => sum - (w / total) * Math.log(w / total), 0);
  const distance = (id: number): number => Math.abs(-Math.log(p[id] / total) - entropy);
  for (const typicalP of [0.01, 0.2, 0.9, 0.999]) {
    let mass = 0;
    const wanted = [...p.keys()]
      .sort((a, b) => distance(a) - distance(b))
      .filter((id) => {
        const before = mass;
        mass += p[id] / total;
        return before < typicalP;
      });
    assert.equal(kept(p, { typicalP })[0], wanted);
  }
  const falling = [...p.keys()].sort((a, b) => p[b] - p[a]);
  for (const topK of [2, 40, 93, 94, 700]) assert.equal(kept(p, { topK })[0], falling.slice(0, topK));
});

test('filters come in the order top-k, top-p, min-p, typical', () => {
  // Top-k leaves .4 .3 .2; of these top-p .5 leaves .4 .3; both pass min-p; H of 4/7, 3/7 is nearer to −log 4/7.
  const p = [0.1, 0.4, 0.2, 0.3];
  assert.equal(kept(p, { topK: 3, topP: 0.5, minP: 0.3, typicalP: 0.4 })[0], [1]);
  assert.equal(kept(p, { topK: 3, topP: 0.5, minP: 0.8, typicalP: 0.9 })[0], [1]);
  assert.equal(kept(p, { topK: 3, minP: 0.3 })[0], [1, 3, 2]);
});

test('penalties: CTRL’s division and multiplication, presence, frequency', () => {
  const row = Float32Array.of(2, -2, 1, 0.5);
  applyPenalties(row, [0, 1, 1], { repetitionPenalty: 2 });
  allClose(row, [1, -4, 1, 0.5]);
  applyPenalties(row, [0, 1, 1], { presencePenalty: 0.5, frequencyPenalty: 0.25 });
  allClose(row, [0.25, -5, 1, 0.5]);
});

test('penalties come before the filters', async () => {
  // Greedy after 2 is 3; with 3 in the text already, 4 overtakes it.
  const options = { seed: 1, topK: 1 };
  assert.equal(await sample(options), [[2, 3, 1]]);
  assert.equal(await sample({ ...options, frequencyPenalty: 1 }, [[0, 0, 0, 0, 1, 0]]), [[4, 5, 1]]);
  assert.equal(await sample({ ...options }, [[0, 0, 0, 0, 0, 1]]), [[5, 1]]);
});

test('draws follow the probabilities', async () => {
  const counts = new Array<number>(6).fill(0);
  const draws = 4000;
  const starts = Array.from({ length: draws }, () => toy.starts[0]);
  for (const [first] of await sample({ seed: 3 }, starts)) counts[first]++;
  // Five standard deviations of a binomial: a wrong sampler is far outside.
  toy.starts[0].forEach((p, id) => {
    assert.ok(
      Math.abs(counts[id] / draws - p) < 5 * Math.sqrt((p * (1 - p)) / draws),
      `token ${id}: ${counts[id]}`,
    );
  });
});

test('the end of the cumulative distribution is reached and not passed', () => {
  const distribution = { ids: [4, 7, 9], probabilities: Float64Array.of(0.5, 0.5, 0) };
  assert.is(drawToken(distribution, 0), 4);
  assert.is(drawToken(distribution, 0.4999), 4);
  assert.is(drawToken(distribution, 0.5), 7);
  assert.is(drawToken({ ids: [4, 7, 9], probabilities: Float64Array.of(0.5, 0.4999, 0) }, 0.99999), 7);
});

test('the same seed gives the same text, another seed another', async () => {
  const many = Array.from({ length: 20 }, () => toy.starts[0]);
  assert.equal(await sample({ seed: 5 }, many), await sample({ seed: 5 }, many));
  assert.not.equal(await sample({ seed: 5 }, many), await sample({ seed: 6 }, many));
});

test('items in a batch get what they get alone under their stream', async () => {
  const starts = Array.from({ length: 8 }, () => toy.starts[0]);
  const together = await sample({ seed: 9, temperature: 1.3 }, starts);
  assert.ok(new Set(together.map(String)).size > 1);
  for (const [item, text] of together.entries()) {
    assert.equal(await sample({ seed: 9, temperature: 1.3, stream: item }), [text]);
  }
});

test('several samples per item: distinct draws, and more of them keep those of fewer', async () => {
  const starts = [toy.starts[0], [0.1, 0.05, 0.05, 0.1, 0.6, 0.1]];
  const options = { seed: 9, temperature: 1.3 };
  const six = await sample({ ...options, samples: 6 }, starts);
  const three = await sample({ ...options, samples: 3 }, starts);
  assert.equal([...six.slice(0, 3), ...six.slice(6, 9)], three);
  assert.equal([six[0], six[6]], await sample(options, starts));
  assert.ok(new Set(six.map(String)).size > 4);
  assert.equal(await sample({ ...options, samples: 6, stream: 1 }, [starts[1]]), six.slice(6));
});

test('of several samples the first is told as it comes', async () => {
  const told: TokenEvent[] = [];
  const model = logitModel({ ...toy, rowsPerItem: 4 });
  const [texts] = await drain(sampleTokens(model, limits, { seed: 2, samples: 4 }), (e) => told.push(e));
  assert.is(texts.length, 4);
  assert.equal(
    told,
    texts[0].ids.map((id, index) => ({ item: 0, id, index })),
  );
});

test('ClipCap’s top-p is greedy: the likeliest of any nucleus is the likeliest of all', async () => {
  const [greedy] = await drain(greedySearch(idModel(toy), limits));
  assert.equal(greedy[0], { ids: [2, 3, 1], isStopped: true });
  for (const topP of [0.1, 0.8, 1]) {
    const nucleus = nextTokenDistribution(logits(toy.after[2]), { topP });
    const best = [...nucleus.probabilities].indexOf(Math.max(...nucleus.probabilities));
    assert.is(nucleus.ids[best], greedy[0].ids[1]);
  }
});

test('the length limit counts tokens, and no step follows the last', async () => {
  const model = idModel(toy);
  const [[text]] = await drain(greedySearch(model, { items: 1, stop: [], maxTokens: 4 }));
  assert.is(text.ids.length, 4);
  assert.is(text.isStopped, false);
  assert.is(model.calls, 3);
});

test('several stop tokens; ended items rest while others go on', async () => {
  const starts = [toy.starts[0], [0, 0, 0, 0, 0, 1]];
  const texts = await drain(
    greedySearch(idModel({ ...toy, starts }), { items: 2, stop: [1, 5], maxTokens: 9 }),
  );
  assert.equal(
    texts.map(([text]) => text.ids),
    [[2, 3, 1], [5]],
  );
});

test('options and logits that make no sense are refused', () => {
  const message = (options: Partial<SampleOptions>): string => {
    try {
      sampleTokens(logitModel(toy), limits, { seed: 1, ...options });
      return 'nothing thrown';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(message({ temperature: -1 }), 'temperature is -1');
  assert.match(message({ topK: 0 }), 'topK is 0');
  assert.match(message({ topP: 1.5 }), 'topP is 1.5');
  assert.match(message({ minP: 1.5 }), 'minP is 1.5; a number from 0 to 1');
  assert.match(message({ typicalP: 0 }), 'typicalP is 0; a number above 0');
  assert.match(message({ samples: 0 }), 'samples is 0; a whole number from 1');
  assert.match(message({ stream: 0.5 }), 'stream is 0.5');
  assert.match(message({ seed: 0.5 }), 'seed is 0.5');
  assert.throws(() => nextTokenDistribution(Float32Array.of(NaN, 1), {}), /largest next-token logit is NaN/);
});

test.run();
