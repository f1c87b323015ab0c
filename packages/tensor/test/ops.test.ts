// Every op × sample × check, on whatever adapter FOREWORD_ADAPTER or the system gives.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { sizeOf, type Shape } from '../src/core/shape.ts';
import { checkedOps } from './op-check.ts';
import { narrowOptions, opTests } from './op-tests.ts';

const device = await openDevice();
const narrow = await openDevice(narrowOptions);
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
  for (const { name, run } of opTests(op, { device, narrow })) test(name, run);
  test.run();
}

const last = suite('devices');
last('close', () => {
  device.close();
  narrow.close();
});
last.run();
