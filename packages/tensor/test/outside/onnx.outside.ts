// ONNX's node tests (Debian's libonnx-testdata, or the folder in FOREWORD_ONNX_TESTS) on the engine's ops.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../../src/node.ts';
import { outcomeOf, readCase, type NodeCase } from './onnx/run-case.ts';
import { isTileable, tiled } from './onnx/tiled.ts';
import { differs, readSkips, reasonsOf } from './skips.ts';

const folder = process.env.FOREWORD_ONNX_TESTS ?? '/usr/share/libonnx-testdata/data/node';
// An odd number of elements, in 65 workgroups: more than a row of the narrow device's grid holds.
const oddLength = 4099;
const narrowOptions = { workgroupLimit: 16 };
// More than 65,535 workgroups of 64 elements, and no multiple of 4.
const manyElements = 4_300_001;
const largeCases = ['test_add', 'test_where_example', 'test_pow', 'test_tanh', 'test_less'];

const only = new RegExp(process.env.FOREWORD_OUTSIDE ?? '');

if (existsSync(folder)) {
  const device = await openDevice();
  const narrow = await openDevice(narrowOptions);
  const skips = readSkips<string>(new URL('onnx-skips.json', import.meta.url));
  const names = readdirSync(folder)
    .sort()
    .filter((name) => only.test(name));
  const longer: { name: string; read: NodeCase }[] = [];

  const test = suite('ONNX node tests', { timeLimitSeconds: 120 });
  test.after.each(failOnGpuErrors(device));
  for (const name of names) {
    const reason = skips[name];
    if (reason === undefined)
      test(name, async () => {
        const read = await readCase(join(folder, name));
        const outcome = await outcomeOf(device, () => read);
        if (isTileable(read)) longer.push({ name, read });
        assert.equal(outcome, { kind: 'pass' });
      });
    else
      // Stays in the list only while it is true.
      test(`${name} is listed: ${reason}`, async () => {
        const outcome = await outcomeOf(device, () => readCase(join(folder, name)));
        if (outcome.kind === 'pass') throw new Error(`passes now; take ${name} off onnx-skips.json`);
        if (reason.startsWith(differs)) assert.is(outcome.kind, 'fail');
        else assert.equal(outcome, { kind: 'skip', why: reason });
      });
  }
  test.run();

  const long = suite('ONNX node tests, tiled', { timeLimitSeconds: 600 });
  long.after.each(failOnGpuErrors(narrow));
  long(`pointwise ones at ${oddLength} elements in a grid of more than one row`, async () => {
    assert.ok(longer.length > 0 || process.env.FOREWORD_OUTSIDE, 'no pointwise test was found');
    const wrong: string[] = [];
    for (const { name, read } of longer) {
      const outcome = await outcomeOf(narrow, () => tiled(read, oddLength));
      if (outcome.kind !== 'pass') wrong.push(`${name}: ${outcome.why}`);
    }
    assert.equal(wrong, []);
    console.log(`  ${longer.length} of ${longer.length} pass`);
  });
  for (const name of largeCases.filter((each) => names.includes(each)))
    long(`${name} at ${manyElements} elements`, async () => {
      const read = await readCase(join(folder, name));
      assert.ok(isTileable(read));
      assert.equal(await outcomeOf(device, () => tiled(read, manyElements)), { kind: 'pass' });
    });
  long('devices close', () => {
    device.close();
    narrow.close();
    const reasons = names.flatMap((name) => skips[name] ?? []);
    console.log(`\nONNX node tests: ${names.length - reasons.length} of ${names.length}`);
    for (const [reason, count] of reasonsOf(reasons)) console.log(`  ${count} left out: ${reason}`);
  });
  long.run();
} else {
  const test = suite('ONNX node tests');
  test.skip(`skipped: there is no ${folder} (Debian: apt install libonnx-testdata)`);
  console.log(`ONNX node tests are left out: there is no ${folder} (Debian: apt install libonnx-testdata).`);
  test.run();
}
