// Generation on the GPU: caches against plain recomputation, sessions, memory, streaming, aborting.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import { concat, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  allLogits,
  DecodeSession,
  Gpt2Generator,
  topTokens,
  type DecodeMethod,
  type Gpt2,
} from '../src/index.ts';
import { C, maxTokens, N, openTinyGeneration, P, stop, type TinyGeneration } from './tiny-generation.ts';
import { idTensor } from './tiny-model.ts';

const test = suite('generation', { timeLimitSeconds: 240 });

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

const streamed: DecodeMethod[] = [
  { method: 'greedy' },
  { method: 'beam', beams: 3 },
  { method: 'beam', beams: 3, groups: 3 },
  { method: 'greedy', noRepeatNgram: 1 },
  { method: 'contrastive', candidates: 3 },
];

test('streaming: iterator and callback tell the tokens of the result', async () => {
  for (const decode of streamed) {
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
      const heard: number[][] = [[], [], []];
      for await (const { item, id } of generator.stream({ ...options, prefix })) heard[item].push(id);
      assert.equal(heard, told);
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
