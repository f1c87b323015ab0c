// Generation on the GPU: caches against plain recomputation, batches against single items, memory, streaming.
//
// Every new shape costs a software adapter seconds of compiling, so all tests share a few: N × P = 9 rows of
// prefix, 3 or 9 rows of steps, 8 tokens (one fewer than the model has positions for).
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { concat, openDevice, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  allLogits,
  DecodeSession,
  Gpt2Generator,
  topTokens,
  type DecodeMethod,
  type GenerateOptions,
  type Generation,
  type Gpt2,
  type ProcessorOptions,
  type ScoreTexts,
} from '../src/index.ts';
import { idTensor, tinyConfig, tinyModel } from './tiny-model.ts';

const test = suite('generation', { timeLimitSeconds: 240 });

const C = tinyConfig.n_embd;
const P = 3;
const N = 3;
const maxTokens = 8;
const stop = [3, 12, 20];
let device: Device;
let model: Gpt2;
let generator: Gpt2Generator;
let values: Float32Array;

test.before(async () => {
  device = await openDevice();
  model = tinyModel(device, { n_positions: P + maxTokens });
  generator = new Gpt2Generator(model, { maxSessions: 12 });
  values = Float32Array.from({ length: N * P * C }, (_, i) => Math.sin(i * i));
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  generator.dispose();
  device.close();
});

const prefixOf = (first: number, count: number): Tensor =>
  tensor(device, values.subarray(first * P * C, (first + count) * P * C), [count, P, C]);

async function generate(
  options: Omit<GenerateOptions, 'prefix'>,
  first = 0,
  count = N,
): Promise<Generation[]> {
  return await device.scope(() => generator.generate({ ...options, prefix: prefixOf(first, count) }));
}

test('cached steps give the logits of plain recomputation', async () => {
  const session = await DecodeSession.open(
    model,
    { items: N, prefixRows: P, rowsPerItem: 1, maxTokens },
    allLogits,
  );
  const text = [
    [4, 7, 1, 30, 2, 2, 17],
    [9, 9, 2, 0, 36, 5, 5],
    [1, 2, 3, 4, 5, 6, 7],
  ];
  await device.scope(async () => {
    const prefix = prefixOf(0, N);
    const cached = [await session.prefill(prefix)];
    await session.step(Uint32Array.from(text, (ids) => ids[0]));
    await session.prefill(prefix);
    const { submits } = device.stats;
    for (let t = 0; t < maxTokens - 1; t++)
      cached.push(await session.step(Uint32Array.from(text, (ids) => ids[t])));
    // One replay and one read-back each.
    assert.is(device.stats.submits - submits, 2 * (maxTokens - 1));
    const embedded = model.embed(idTensor(device, text.flat(), [N, maxTokens - 1]));
    const whole = (await model
      .logits(model.hidden(concat([prefix, embedded], { axis: 1 })))
      .read()) as Float32Array;
    for (const [t, { vocabSize: V, values: got }] of cached.entries()) {
      for (let row = 0; row < N; row++) {
        const at = (row * (P + maxTokens - 1) + P - 1 + t) * V;
        const error = relativeError(got.subarray(row * V, (row + 1) * V), whole.subarray(at, at + V));
        assert.ok(error < 1e-5, `row ${row}, step ${t}: ${error}`);
      }
    }
  });
  session.dispose();
});

test('rows take over the past of their parents', async () => {
  const session = await DecodeSession.open(
    model,
    { items: N, prefixRows: P, rowsPerItem: 3, maxTokens },
    topTokens(3),
  );
  const rows = (...beams: [number, number, number]): Uint32Array =>
    Uint32Array.from([beams, beams, beams].flat());
  await device.scope(async () => {
    const prefix = prefixOf(0, N);
    await session.prefill(prefix);
    await session.step(rows(5, 6, 7));
    // The rows of each item now continue "6", "6" and "5".
    const crossed = await session.step(rows(8, 9, 8), Uint32Array.of(1, 1, 0, 4, 4, 3, 7, 7, 6));
    await session.prefill(prefix);
    await session.step(rows(6, 6, 5));
    const straight = await session.step(rows(8, 9, 8));
    assert.equal(crossed, straight);
    assert.not.equal([...crossed.logProbs.subarray(0, 3)], [...crossed.logProbs.subarray(6, 9)]);
  });
  session.dispose();
});

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

test('a smaller last batch runs on the plans of the full one', async () => {
  const options = { stop: [], maxTokens };
  const full = await generate({ ...options, batch: N });
  const before = device.stats.pipelines;
  const [first, second, ...more] = await generate({ ...options, batch: N }, 0, 2);
  assert.equal([first, second], full.slice(0, 2));
  assert.is(more.length, 0);
  // The one new kernel copies the smaller prefix.
  assert.ok(device.stats.pipelines <= before + 1);
});

test('temperature 0 and top-k 1 are greedy', async () => {
  const options = { stop: [], maxTokens };
  const greedy = await generate(options);
  assert.equal(await generate({ ...options, decode: { method: 'sample', seed: 1, temperature: 0 } }), greedy);
  assert.equal(await generate({ ...options, decode: { method: 'sample', seed: 2, topK: 1 } }), greedy);
});

test('streaming: iterator and callback tell the tokens of the result', async () => {
  for (const decode of [methods[0], methods[1], methods[3], methods[4], methods[6]]) {
    const options = { decode, stop, maxTokens };
    await device.scope(async () => {
      const prefix = prefixOf(0, N);
      const told: number[][] = [[], [], []];
      const result = await generator.generate({
        ...options,
        prefix,
        onToken: ({ item, id, index }) => (told[item][index] = id),
      });
      assert.equal(
        told,
        result.map(({ ids }) => ids),
      );
      const streamed: number[][] = [[], [], []];
      for await (const { item, id } of generator.stream({ ...options, prefix })) streamed[item].push(id);
      assert.equal(streamed, told);
    });
  }
});

test('greedy tokens are told while later ones are still to come', async () => {
  await device.scope(async () => {
    const seen: number[] = [];
    for await (const { id } of generator.stream({ prefix: prefixOf(0, 1), stop: [], maxTokens })) {
      seen.push(id);
      if (seen.length === 2) break;
    }
    assert.is(seen.length, 2);
  });
  // Leaving the loop has set the generator free.
  assert.is((await generate({ stop: [], maxTokens }, 0, 1))[0].ids.length, 8);
});

test('an abort ends generation with its reason, and the generator goes on working', async () => {
  const controller = new AbortController();
  let tokens = 0;
  await device.scope(async () => {
    const prefix = prefixOf(0, 1);
    const onToken = (): void => {
      if (++tokens === 2) controller.abort(new Error('the user left'));
    };
    await rejects(
      generator.generate({ prefix, stop: [], maxTokens, signal: controller.signal, onToken }),
      'the user left',
    );
  });
  assert.is(tokens, 2);
  assert.is((await generate({ stop: [], maxTokens }, 0, 1))[0].ids.length, 8);
});

async function rejects(promise: Promise<unknown>, message: string): Promise<void> {
  let error: unknown;
  await promise.catch((caught: unknown) => (error = caught));
  assert.instance(error, Error);
  assert.match((error as Error).message, message);
}

test('one generation at a time', async () => {
  await device.scope(async () => {
    const prefix = prefixOf(0, 1);
    const first = generator.generate({ prefix, stop: [], maxTokens });
    await rejects(generator.generate({ prefix, stop: [], maxTokens }), 'this generator is at work');
    assert.is((await first)[0].ids.length, 8);
  });
});

test('wrong options are refused with the numbers', async () => {
  await device.scope(async () => {
    const prefix = prefixOf(0, 1);
    await rejects(
      generator.generate({ prefix: prefix.reshape([P, C]), stop: [] }),
      `[3, 16] is no [N, P, 16]`,
    );
    await rejects(generator.generate({ prefix, stop: [], maxTokens: 10 }), 'maxTokens can be at most 9');
    await rejects(generator.generate({ prefix, stop: [], batch: 0 }), 'batch is 0, but there are 1 prefixes');
    await rejects(
      generator.generate({ prefix, stop: [], decode: { method: 'beam', temperature: 0 } }),
      'temperature is 0',
    );
    await rejects(
      generator.generate({
        prefix,
        stop: [],
        maxTokens: 9,
        decode: { method: 'contrastive', candidates: 3 },
      }),
      'maxTokens can be at most 8',
    );
    await rejects(
      generator.generate({ prefix, stop: [], decode: { method: 'greedy', badWords: [[37]] } }),
      'the token 37; ids are whole numbers from 0 below 37',
    );
  });
  // By default as many tokens as there are positions for.
  assert.is((await generate({ stop: [] }, 0, 1))[0].ids.length, maxTokens + 1);
});

test('dispose frees everything; sessions beyond the limit go', async () => {
  const before = device.stats.liveBytes;
  const small = new Gpt2Generator(model, { maxSessions: 1 });
  const sizes: number[] = [];
  await device.scope(async () => {
    const prefix = prefixOf(0, N);
    const inScope = device.stats.liveBytes - before;
    for (let i = 0; i < 3; i++) {
      for (const method of ['greedy', 'beam'] as const) {
        await small.generate({ prefix, decode: { method, beams: 3 }, stop: [], maxTokens });
        sizes.push(device.stats.liveBytes - inScope);
      }
    }
  });
  assert.equal(sizes.slice(2), [...sizes.slice(0, 2), ...sizes.slice(0, 2)]);
  assert.ok(sizes[0] > before);
  small.dispose();
  assert.is(device.stats.liveBytes, before);
  await device.scope(() =>
    rejects(small.generate({ prefix: prefixOf(0, N), stop: [] }), 'this generator was disposed'),
  );
});

test.run();
