// Every decoding method on the GPU: batches against single items, processors, contrastive search, several samples.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { concat, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  DecodeSession,
  prepareMethod,
  topTokens,
  withStates,
  type DecodeMethod,
  type Gpt2,
  type Gpt2Generator,
  type ProcessorOptions,
  type ScoreTexts,
} from '../src/index.ts';
import { C, maxTokens, N, openTinyGeneration, P, stop, type TinyGeneration } from './tiny-generation.ts';
import { idTensor, tinyConfig } from './tiny-model.ts';

const test = suite('decoding methods', { timeLimitSeconds: 240 });

let tiny: TinyGeneration;
let device: Device;
let generator: Gpt2Generator;
let model: Gpt2;
let { prefixOf, generate } = {} as TinyGeneration;

test.before(async () => {
  tiny = await openTinyGeneration();
  ({ device, generator, model, prefixOf, generate } = tiny);
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => tiny.close());

const rules: ProcessorOptions = {
  repetitionPenalty: 1.2,
  noRepeatNgram: 2,
  minTokens: 4,
  badWords: [[30], [7, 2]],
};

const methods: DecodeMethod[] = [
  { method: 'greedy' },
  { method: 'beam', beams: 3 },
  { method: 'beam', beams: 3, length: 'sum', finished: 'apart', temperature: 1.5 },
  { method: 'beam', beams: 3, groups: 3, diversityPenalty: 2 },
  { method: 'greedy', ...rules },
  { method: 'beam', beams: 3, ...rules },
  { method: 'contrastive', candidates: 3, alpha: 0.5 },
  { method: 'contrastive', candidates: 3, alpha: 0.5, ...rules },
];

for (const decode of methods) {
  test(`${JSON.stringify(decode)}: a batch gives what its items give alone`, async () => {
    const options = { decode, stop, maxTokens };
    const together = await generate(options);
    assert.ok(new Set(together.map(({ ids }) => ids.join())).size > 1, 'the items should differ');
    for (let item = 0; item < N; item++) {
      // Alone on plans of its own, or among rows of padding.
      const batch = decode === methods[0] ? 1 : N;
      const [alone] = await generate({ ...options, batch }, item, 1);
      assert.equal(alone.ids, together[item].ids);
      assert.equal(
        alone.others.map(({ ids }) => ids),
        together[item].others.map(({ ids }) => ids),
      );
    }
  });
}

test('processors on the host: without a rule that changes anything, greedy and beams are as on the GPU', async () => {
  const idle: ProcessorOptions = { processors: [() => {}] };
  for (const decode of methods.slice(0, 4)) {
    const onGpu = await generate({ decode, stop, maxTokens });
    const onHost = await generate({ decode: { ...decode, ...idle }, stop, maxTokens });
    assert.equal(
      onHost.map(({ ids, others }) => [ids, ...others.map((other) => other.ids)]),
      onGpu.map(({ ids, others }) => [ids, ...others.map((other) => other.ids)]),
    );
    onHost.forEach(({ score }, i) => assert.ok(!score || Math.abs(score - onGpu[i].score!) < 1e-5));
  }
});

test('processors keep their rules in every text', async () => {
  for (const decode of methods.filter((method) => method.badWords)) {
    for (const { ids, others } of await generate({ decode, stop, maxTokens })) {
      for (const text of [ids, ...others.map((other) => other.ids)]) {
        assert.not.ok(text.includes(30) || text.some((id, i) => id === 7 && text[i + 1] === 2));
        assert.not.ok(text.slice(0, 3).some((id) => stop.includes(id)));
        const pairs = text.slice(1).map((id, i) => `${text[i]} ${id}`);
        assert.is(new Set(pairs).size, pairs.length);
      }
    }
  }
});

test('hidden states of prefix and steps are those of plain recomputation, after ln_f', async () => {
  const shape = { items: N, prefixRows: P, rowsPerItem: 1, maxTokens };
  const session = await DecodeSession.open(model, shape, withStates(topTokens(3)));
  await device.scope(async () => {
    const prefix = prefixOf(0, N);
    const read = await session.prefill(prefix);
    const step = await session.step(Uint32Array.of(4, 9, 1));
    const embedded = model.embed(idTensor(device, [4, 9, 1], [N, 1]));
    const hidden = model.normalise(model.hidden(concat([prefix, embedded], { axis: 1 })));
    const whole = (await hidden.read()) as Float32Array; // [N, P + 1, C]
    assert.equal([read.stateSize, read.states.length, step.states.length], [C, N * P * C, N * C]);
    for (let item = 0; item < N; item++) {
      const at = item * (P + 1) * C;
      const ofPrefix = read.states.subarray(item * P * C, (item + 1) * P * C);
      assert.ok(relativeError(ofPrefix, whole.subarray(at, at + P * C)) < 1e-5);
      const ofStep = step.states.subarray(item * C, (item + 1) * C);
      assert.ok(relativeError(ofStep, whole.subarray(at + P * C, at + (P + 1) * C)) < 1e-5);
    }
  });
  session.dispose();
});

/** Contrastive search by recomputing everything for each candidate: no cache, no batch. */
async function plainContrastive(item: number, k: number, alpha: number): Promise<number[]> {
  const text: number[] = [];
  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (x: Float32Array, y: Float32Array): number =>
      x.reduce((sum, value, i) => sum + value * y[i], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  const read = (ids: readonly number[]): Promise<{ states: Float32Array[]; logits: Float32Array }> =>
    device.scope(async () => {
      // Filled up to one length, so that all share their kernels; a row does not see those after it.
      const padded = model.embed(idTensor(device, [...ids, 0, 0, 0].slice(0, 3), [1, 3]));
      const hidden = model.hidden(concat([prefixOf(item, 1), padded], { axis: 1 }));
      const states = (await model.normalise(hidden).read()) as Float32Array;
      const logits = (await model.logits(hidden).read()) as Float32Array;
      const length = P + ids.length;
      return {
        states: Array.from({ length }, (_, t) => states.slice(t * C, (t + 1) * C)),
        logits: logits.slice((length - 1) * tinyConfig.vocab_size, length * tinyConfig.vocab_size),
      };
    });
  while (text.length < 3 && !stop.includes(text.at(-1)!)) {
    const { states, logits } = await read(text);
    const mass = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const tried = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, k);
    const scores: number[] = [];
    for (const id of tried) {
      const own = (await read([...text, id])).states.at(-1)!;
      const alike = Math.max(...states.map((state) => cosine(state, own)));
      scores.push(((1 - alpha) * Math.exp(logits[id])) / mass - alpha * alike);
    }
    text.push(tried[scores.indexOf(Math.max(...scores))]);
  }
  return text;
}

test('contrastive search over the cache is the search by plain recomputation', async () => {
  const decode: DecodeMethod = { method: 'contrastive', candidates: 3, alpha: 0.5 };
  const found = (await generate({ decode, stop, maxTokens })).map(({ ids }) => ids.slice(0, 3));
  const greedy = (await generate({ stop, maxTokens })).map(({ ids }) => ids.slice(0, 3));
  assert.not.equal(found, greedy);
  for (let item = 0; item < N; item++) assert.equal(found[item], await plainContrastive(item, 3, 0.5));
});

test('a guide steers contrastive search, under each item’s number', async () => {
  const wanted = [5, 9, 11];
  const decode: DecodeMethod = {
    method: 'contrastive',
    candidates: tinyConfig.vocab_size,
    guide: {
      weight: 50,
      score: (texts) => texts.map(({ item, ids }) => (ids.at(-1) === wanted[item] ? 20 : 0)),
    },
  };
  const found = await generate({ decode, stop: [], maxTokens: 2 });
  assert.equal(
    found.map(({ ids }) => ids),
    wanted.map((id) => [id, id]),
  );
});

test('several samples, reranked: the others are there, and the best is streamed', async () => {
  const decode: DecodeMethod = { method: 'sample', seed: 4, samples: 3 };
  const options = { decode, stop, maxTokens };
  const plain = await generate(options);
  assert.equal(
    plain.map(({ others }) => others.length),
    [2, 2, 2],
  );
  const one = await generate({ ...options, decode: { ...decode, samples: 1 } });
  assert.equal(
    plain.map(({ ids }) => ids),
    one.map(({ ids }) => ids),
  );
  const told: number[][] = [[], [], []];
  const score: ScoreTexts = (texts) => texts.map(({ ids }) => -ids[0]);
  const ranked = await device.scope(() =>
    generator.generate({
      ...options,
      prefix: prefixOf(0, N),
      rerank: score,
      onToken: ({ item, id, index }) => (told[item][index] = id),
    }),
  );
  assert.equal(
    ranked.map(({ ids }) => ids),
    told,
  );
  ranked.forEach(({ ids, others }, item) => {
    const all = [plain[item].ids, ...plain[item].others.map((other) => other.ids)];
    assert.is(ids[0], Math.min(...all.map(([first]) => first)));
    assert.is(others.length, 2);
  });
});

test('sampling: a batch gives what its items give alone, another seed gives another text', async () => {
  const decode = {
    method: 'sample',
    seed: 11,
    temperature: 0.9,
    topK: 20,
    topP: 0.95,
    minP: 0.01,
    typicalP: 0.98,
    repetitionPenalty: 1.1,
  } as const;
  const options = { stop, maxTokens, batch: N };
  const together = (await generate({ ...options, decode })).map(({ ids }) => ids);
  for (let item = 0; item < N; item++) {
    const [{ ids }] = await generate({ ...options, decode: { ...decode, stream: item } }, item, 1);
    assert.equal(ids, together[item]);
  }
  assert.equal(
    (await generate({ ...options, decode })).map(({ ids }) => ids),
    together,
  );
  assert.not.equal(
    (await generate({ ...options, decode: { ...decode, seed: 12 } })).map(({ ids }) => ids),
    together,
  );
});

test('temperature 0 and top-k 1 are greedy', async () => {
  const options = { stop: [], maxTokens };
  const greedy = await generate(options);
  assert.equal(await generate({ ...options, decode: { method: 'sample', seed: 1, temperature: 0 } }), greedy);
  assert.equal(await generate({ ...options, decode: { method: 'sample', seed: 2, topK: 1 } }), greedy);
});

test('what leaves the GPU: ids or the likeliest tokens, and logits only for processors and sampling', () => {
  const reads = (method: DecodeMethod): string =>
    prepareMethod(method, { stop, maxTokens, vocabSize: tinyConfig.vocab_size }).readout.key;
  assert.is(reads({ method: 'greedy', minTokens: 1, repetitionPenalty: 1, badWords: [] }), 'ids');
  assert.is(reads({ method: 'greedy', minTokens: 2 }), 'logits');
  assert.is(reads({ method: 'beam' }), 'top 5 at 1');
  assert.is(reads({ method: 'beam', beams: 6, groups: 3, finished: 'apart' }), 'top 9 at 1');
  assert.is(reads({ method: 'beam', noRepeatNgram: 3 }), 'logits');
  assert.is(reads({ method: 'sample', seed: 1 }), 'logits');
  assert.is(reads({ method: 'contrastive', candidates: 4 }), 'top 4 at 1 with states');
  assert.is(reads({ method: 'contrastive', candidates: 4, badWords: [[1]] }), 'logits with states');
});

test.run();
