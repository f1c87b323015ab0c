// Engines as processes, and what is made of their answers, with a stand-in that needs no GPU.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  compareEngines,
  countParts,
  largestDifference,
  type NamedEngine,
} from '../src/engines/compare-engines.ts';
import { EngineProcess } from '../src/engines/engine-process.ts';
import { isTfjsInstalled, tfjsPackages } from '../src/engines/install-tfjs.ts';
import { expectedSample } from '../src/engines/protocol.ts';

const test = suite('engines', { timeLimitSeconds: 60 });

const script = new URL('./engine.fixture.ts', import.meta.url);

async function withEngine<T>(
  use: (engine: EngineProcess) => Promise<T>,
  timeLimitSeconds?: number,
): Promise<T> {
  const engine = new EngineProcess('stand-in', script, {
    env: { STAND_IN: 'from the parent' },
    timeLimitSeconds,
  });
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

const failure = (work: Promise<unknown>): Promise<Error & { exitCode?: number }> =>
  work.then(
    () => new Error('no error'),
    (error: Error) => error,
  );

test('answers come back, the environment goes along, and greetings on the console do no harm', async () => {
  await withEngine(async (engine) => {
    assert.equal(await engine.open(), { name: 'stand-in', version: '1', adapter: 'from the parent' });
    assert.equal(await engine.matmul(2, 3), { timesMs: [2, 3], sample: [1] });
  });
});

test('an error in the child arrives with its exit code, and the child goes on', async () => {
  await withEngine(async (engine) => {
    const error = await failure(engine.firstStep());
    assert.match(error.message, 'stand-in: no adapter here');
    assert.is(error.exitCode, 3);
    assert.is((await engine.open()).version, '1');
  });
});

test('a child that ends is reported with what it said last', async () => {
  await withEngine(async (engine) => {
    const error = await failure(engine.step());
    assert.match(error.message, /ended with exit code 7/);
    assert.match(error.message, 'last words');
    assert.match((await failure(engine.open())).message, /ended with exit code 7/);
  });
});

test('a child that does not answer is given up', async () => {
  await withEngine(async (engine) => {
    assert.match((await failure(engine.stepFacts(1))).message, /no answer to stepFacts within 2 s/);
  }, 2);
});

/** Writes down the order of questions; `speed` divides its times. */
function fake(name: string, asked: string[], { speed = 1, drift = 0, adapter = 'a' } = {}): NamedEngine {
  let steps = 0;
  const step = async () => {
    asked.push(name);
    return { ms: 100 / speed, loss: 7 - 0.1 * steps++ + drift * steps };
  };
  return {
    name,
    open: async () => ({ name, version: '1', adapter }),
    firstStep: step,
    step,
    stepFacts: async () => ({ kernels: 5, flops: 1, bytes: 1, gpuMs: [] }),
    matmul: async (size, count) => ({
      timesMs: Array.from({ length: count }, () => 10 / speed),
      sample: expectedSample(size),
    }),
  };
}

test('engines take turns, the peer’s time is divided by ours, warm-up is not counted', async () => {
  const asked: string[] = [];
  let parts = 0;
  const options = { rounds: 3, matmul: true, step: true, onProgress: () => void parts++ };
  const compared = await compareEngines([fake('a', asked, { speed: 4 }), fake('b', asked)], options);
  assert.is(asked.join(''), 'ab'.repeat(1 + 2 + 3));
  assert.equal(compared.step?.ratio, { median: 4, min: 4, max: 4, n: 3 });
  assert.equal([compared.step?.steps, compared.step?.engines[0].time.n], [6, 3]);
  assert.is(compared.step?.firstStepRatio, 4);
  assert.is(compared.matmul?.ratio?.median, 4);
  assert.ok(compared.step?.agrees && compared.matmul?.agrees && compared.sameAdapter);
  assert.is(parts, countParts(2, options));
});

test('losses that part by more than 1e-3, and other adapters, are seen', async () => {
  const engines = [fake('a', []), fake('b', [], { drift: 4e-4, adapter: 'b' })];
  const compared = await compareEngines(engines, { rounds: 1, matmul: false, step: true });
  assert.is(compared.step?.agrees, false);
  assert.is(compared.sameAdapter, false);
  assert.is(compared.matmul, undefined);
});

test('one engine alone has times and no ratio; a wrong product is seen all the same', async () => {
  const wrong: NamedEngine = {
    ...fake('a', []),
    matmul: async () => ({ timesMs: [1], sample: new Array(16).fill(0) }),
  };
  const compared = await compareEngines([wrong], { rounds: 1, matmul: true, step: false });
  assert.is(compared.matmul?.ratio, undefined);
  assert.is(compared.matmul?.agrees, false);
});

test('values that are no numbers agree with nothing', () => {
  assert.is(largestDifference([1, 2], [1, 2.5]), 0.5);
  assert.is(largestDifference([1, NaN], [1, 1]), Infinity);
  assert.is(largestDifference([1], [1, 1]), Infinity);
});

test('TensorFlow.js counts as installed only at exactly the wanted versions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-peers-'));
  try {
    assert.is(await isTfjsInstalled(folder), false);
    const put = async (name: string, version: string) => {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ version }));
    };
    for (const [name, version] of Object.entries(tfjsPackages)) await put(name, version);
    assert.is(await isTfjsInstalled(folder), true);
    await put('@tensorflow/tfjs', '4.21.0');
    assert.is(await isTfjsInstalled(folder), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.run();
