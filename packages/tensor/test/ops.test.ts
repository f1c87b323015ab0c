// Every op × sample × check, on whatever adapter FOREWORD_ADAPTER or the system gives.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { sizeOf, type Shape } from '../src/core/shape.ts';
import { checkBackward, checkForward, checkReplay, checkedOps, hasHalves } from './op-check.ts';

const device = await openDevice();
// A grid limit of 3 sends every kernel through the two-dimensional split that > 65 535 workgroups need.
const narrow = await openDevice({ workgroupLimit: 3 });
const kindsOfShape: Record<string, (shape: Shape) => boolean> = {
  'without elements': (shape) => shape.includes(0),
  'of a size of one': (shape) => shape.includes(1),
  'of an odd size': (shape) => shape.some((n) => n > 1 && n % 2 === 1),
  'over a workgroup of 64, and no multiple of it': (shape) => sizeOf(shape) > 64 && sizeOf(shape) % 64 !== 0,
};

// FOREWORD_OPS=softmax,topK runs these alone (`pnpm check:op softmax topK`).
const wanted = process.env.FOREWORD_OPS?.split(',');
const unknown = wanted?.filter((name) => !checkedOps.some((op) => op.name === name)) ?? [];
if (unknown.length > 0) throw new Error(`FOREWORD_OPS: there is no op ${unknown.join(', ')}`);

for (const op of checkedOps.filter(({ name }) => wanted?.includes(name) ?? true)) {
  const test = suite(`op ${op.name}`);
  test.after.each(failOnGpuErrors(device));
  test.after.each(failOnGpuErrors(narrow));
  test('has samples of every kind of size', () => {
    // Ops without inputs of their own size say the shape in their attributes.
    const shapes = op.samples.flatMap(({ inputs, attrs }) => [
      ...inputs.flatMap((input) => (input ? [input.shape] : [])),
      ...((attrs as { shape?: Shape }).shape ? [(attrs as { shape: Shape }).shape] : []),
    ]);
    for (const [kind, is] of Object.entries(kindsOfShape)) assert.ok(shapes.some(is), `none is ${kind}`);
  });
  for (const [i, sample] of op.samples.entries()) {
    const name = `${sample.name ?? `sample ${i}`} ${sample.inputs.map((s) => (s ? `[${s.shape.join()}]` : '–')).join(' ')}`;
    test(`${name}: forward`, () => device.scope(() => checkForward(device, op, sample, false)));
    test(`${name}: backward`, () => device.scope(() => checkBackward(device, op, sample)));
    if (i < 3) test(`${name}: replay`, () => device.scope(() => checkReplay(device, op, sample)));
    if (device.adapter.f16 && hasHalves(op, sample)) {
      test(`${name}: f16`, () => device.scope(() => checkForward(device, op, sample, true)));
    }
    if (i === 0)
      test(`${name}: split grid`, () => narrow.scope(() => checkForward(narrow, op, sample, false)));
  }
  test.run();
}

const last = suite('devices');
last('close', () => {
  device.close();
  narrow.close();
});
last.run();
