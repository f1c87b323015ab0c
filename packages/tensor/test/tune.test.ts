// The tuner takes the fastest kernel that computes the right thing, and saves what it found.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  adapterKey,
  defineOp,
  engineVersion,
  meetChoices,
  tensor,
  tune,
  tuningOf,
  type Tensor,
} from '../src/index.ts';
import { openDevice, readTuning, tuningFile } from '../src/node.ts';

const device = await openDevice();
const test = suite('tune');

test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

interface Kernel {
  name: string;
  /** WGSL of 2·x. */
  value: string;
}

/** 2·x, by kernels that differ in how long they take and in whether they are right. */
const double = (kernels: readonly Kernel[]) =>
  defineOp<Record<string, never>, readonly [Tensor], (x: Tensor) => Tensor>(
    {
      name: 'double',
      infer: ([{ shape, dtype }]) => [{ shape, dtype }],
      launch({ device: on, run }, [x], [y]) {
        const { name, value } = on.choices.pick(() => 'double 64', kernels);
        run({
          name,
          read: { x },
          write: { y },
          threads: x.size,
          code: `fn sumOf(v: f32, turns: u32) -> f32 {
  var sum = 0.0f;
  for (var n = 0u; n < turns; n++) { sum = sum * 0.5f + v; }
  return sum;
}
fn thread(i: u32) { y[i] = ${value}; }`,
        });
      },
    },
    (apply) => (x) => apply([x], {})[0],
  );

// The limit of v + v/2 + v/4 + … is 2·v; it takes thousands of times as long, so that a busy machine cannot change places.
const slow: Kernel = { name: 'slow', value: 'sumOf(x[i], 2000000u)' };
const quick: Kernel = { name: 'quick', value: 'sumOf(x[i], 30u)' };
const wrong: Kernel = { name: 'wrong', value: 'x[i]' };
const noNumber: Kernel = { name: 'no number', value: 'sqrt(min(x[i], -1.0f))' };

async function found(kernels: readonly Kernel[]) {
  const op = double(kernels);
  const sites = await meetChoices(device, async () => {
    await device.scope(async () => op(tensor(device, new Float32Array(64).fill(1), [64])).read());
    await device.scope(async () => op(tensor(device, new Float32Array(8).fill(1), [8])).read());
  });
  return { sites, tuned: await tune(device, sites, { repeats: 3 }) };
}

test('the fastest kernel is taken, if it computes what the first does', async () => {
  const before = device.stats.liveBytes;
  const { sites, tuned } = await found([slow, wrong, noNumber, quick]);
  assert.is(sites.length, 1);
  const [{ chosen, calls, timedAs, ms, dropped }] = tuned;
  assert.is(chosen, 'quick');
  assert.is(calls, 2);
  assert.is(timedAs, 'double [64]');
  assert.equal(Object.keys(ms), ['slow', 'quick']);
  assert.match(dropped.wrong, /^its result differs by/);
  assert.match(dropped['no number'], /^its result differs by/);
  assert.equal(tuningOf(device, tuned), {
    adapter: adapterKey(device.adapter),
    engine: engineVersion,
    choices: { 'double 64': 'quick' },
  });
  assert.equal(device.choices.table, {});
  assert.is(device.stats.liveBytes, before);
});

test('the first kernel stays where no other is faster, and the table then says nothing of it', async () => {
  const { tuned } = await found([quick, slow]);
  assert.is(tuned[0].chosen, 'quick');
  assert.equal(tuningOf(device, tuned).choices, {});
});

test('a kernel that does not compile is left out', async () => {
  const { tuned } = await found([quick, { name: 'broken', value: 'x[i' }]);
  assert.match(tuned[0].dropped.broken, /^it does not run: /);
  assert.is(tuned[0].chosen, 'quick');
  device.takeErrors();
});

test('an interrupt ends it between two choices', async () => {
  const sites = (await found([quick, slow])).sites;
  const interrupted = AbortSignal.abort(new Error('interrupted'));
  await tune(device, sites, { signal: interrupted }).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'interrupted'),
  );
});

test('the version of the engine is that of its package', async () => {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  assert.is(engineVersion, (JSON.parse(manifest) as { version: string }).version);
});

test('saved tunings are read for the same adapter and engine only, and a device in Node takes them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'foreword-tuning-'));
  const variable = process.env.FOREWORD_TUNING;
  try {
    process.env.FOREWORD_TUNING = folder;
    const adapter = adapterKey(device.adapter);
    const path = tuningFile(adapter);
    assert.is(dirname(path), folder);
    assert.match(path, new RegExp(`\\.${engineVersion.replaceAll('.', '\\.')}\\.json$`));
    assert.is(await readTuning(adapter), undefined);
    const tuning = { adapter, engine: engineVersion, choices: { 'double 64': 'quick' } };
    await writeFile(path, JSON.stringify(tuning));
    assert.equal(await readTuning(adapter), tuning);
    const tables = [];
    for (const given of [undefined, false, { choices: { other: 'x' } }] as const) {
      const opened = await openDevice({ tuning: given });
      tables.push(opened.choices.table);
      opened.close();
    }
    assert.equal(tables, [tuning.choices, {}, { other: 'x' }]);
    for (const text of [
      JSON.stringify({ ...tuning, engine: '0.0.1' }),
      JSON.stringify({ ...tuning, adapter: 'x' }),
      '{',
      '',
    ]) {
      await writeFile(path, text);
      assert.is(await readTuning(adapter), undefined, text);
    }
    await writeFile(path, JSON.stringify(tuning));
    process.env.FOREWORD_TUNING = 'none';
    assert.is(await readTuning(adapter), undefined);
  } finally {
    process.env.FOREWORD_TUNING = variable;
    await rm(folder, { recursive: true });
  }
});

test.run();
