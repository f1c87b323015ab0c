// The formulas of scaling against plans of real steps, counted on Dawn's null backend, and what follows from them.
import { openDevice, type Device } from '@foreword/tensor';
import { parameterShapes, parseGpt2Config } from '@foreword/gpt2';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { readNumbers } from '../src/commands/read-numbers.ts';
import { openNullGpu } from '../src/engines/open-gpu.ts';
import { modelNames, stepOf } from '../src/scaling/model-sizes.ts';
import { scalingPage } from '../src/scaling/scaling-page.ts';
import { lossChunks, mapperNumbers, stepKernels, totalOf } from '../src/scaling/step-kernels.ts';
import { gpt2Numbers, stepMemory } from '../src/scaling/step-memory.ts';
import { hoursOn, trainingHours } from '../src/scaling/study-hours.ts';
import { forewordStep } from '../src/training-step/foreword-step.ts';
import { stepValues, type StepSizes } from '../src/training-step/step-values.ts';

const test = suite('scaling');

let gpu: GPU;
let device: Device;
test.before(async () => {
  // An instance that is collected takes its device along.
  gpu = await openNullGpu();
  device = await openDevice({ gpu });
});
test.after(() => device.close());

/** Each size apart from the others, so that none can stand for another. */
const sizes: Record<string, StepSizes> = {
  small: { L: 2, C: 64, H: 4, V: 500, P: 6, R: 11, B: 4, F: 32 },
  'more layers': { L: 5, C: 64, H: 4, V: 500, P: 6, R: 11, B: 4, F: 32 },
  wider: { L: 2, C: 256, H: 8, V: 500, P: 6, R: 11, B: 4, F: 32 },
  'longer prefix': { L: 2, C: 64, H: 4, V: 500, P: 24, R: 11, B: 4, F: 32 },
  'larger batch': { L: 2, C: 64, H: 4, V: 500, P: 6, R: 11, B: 24, F: 32 },
  'longer captions': { L: 2, C: 64, H: 4, V: 500, P: 6, R: 40, B: 4, F: 32 },
  'logits in chunks': { L: 1, C: 64, H: 4, V: 50_257, P: 6, R: 22, B: 40, F: 512 },
};

for (const [what, size] of Object.entries(sizes)) {
  test(`operations and bytes by formula are those of the plan: ${what}`, async () => {
    const { plan, dispose } = await forewordStep(device, stepValues(size));
    const counted = new Map<string, { count: number; flops: number; bytes: number }>();
    for (const { name, flops, bindings } of plan.calls) {
      const before = counted.get(name) ?? { count: 0, flops: 0, bytes: 0 };
      counted.set(name, {
        count: before.count + 1,
        flops: before.flops + flops,
        bytes: before.bytes + bindings.reduce((n, b) => n + b.byteLength, 0),
      });
    }
    const total = { flops: 0, bytes: 0 };
    for (const { flops, bytes } of counted.values()) {
      total.flops += flops;
      total.bytes += bytes;
    }
    const kernels = stepKernels(size);
    for (const { name, flops } of kernels.filter(({ flops }) => flops > total.flops / 100)) {
      assert.is(counted.get(name)?.flops, flops, name);
    }
    const computed = totalOf(kernels);
    assert.ok(
      Math.abs(computed.flops / total.flops - 1) < 1e-3,
      `${computed.flops} operations, ${total.flops} counted`,
    );
    assert.ok(
      Math.abs(computed.bytes / total.bytes - 1) < 0.01,
      `${computed.bytes} bytes, ${total.bytes} counted`,
    );
    const { activations } = stepMemory(size);
    assert.ok(
      Math.abs(activations / plan.arenaBytes - 1) < 0.15,
      `${activations} bytes, arena of ${plan.arenaBytes}`,
    );
    dispose();
  });
}

test('parameters by formula are those of the models', () => {
  for (const name of modelNames) {
    const { L, C, H, V } = stepOf(name);
    const config = parseGpt2Config({ vocab_size: V, n_positions: 1024, n_embd: C, n_layer: L, n_head: H });
    let numbers = 0;
    for (const shape of parameterShapes(config).values()) numbers += shape.reduce((n, d) => n * d, 1);
    assert.is(gpt2Numbers(stepOf(name)), numbers, name);
  }
  assert.is(gpt2Numbers(stepOf('124M')), 124_439_808);
  // ClipCap's MLP at P 10: 512 → 3840 → 7680.
  assert.is(mapperNumbers(stepOf('124M')), 512 * 3840 + 3840 + 3840 * 7680 + 7680);
  assert.is(lossChunks(stepOf('124M')), 3);
});

test('trainings are handed out the longest first', () => {
  assert.is(hoursOn(1, [1, 2, 3]), 6);
  assert.is(hoursOn(2, [1, 2, 3]), 3);
  assert.is(hoursOn(2, [3, 3, 2, 2, 2]), 7);
  assert.is(hoursOn(8, [1, 2, 3]), 3);
});

test('hours are steps times operations at the rate', () => {
  const step = stepOf('124M');
  const { flops } = totalOf(stepKernels(step));
  const hours = trainingHours(step, { examples: 113_287, epochs: 10, teraflops: 10 });
  assert.ok(Math.abs(hours - (28_320 * flops) / 1e13 / 3600) < 1e-9);
});

test('the page has a line per size, length and rate, and the command', () => {
  const page = scalingPage({
    command: 'pnpm bench scaling --tflops 5',
    model: '124M',
    batch: 40,
    tokens: 22,
    lengths: [1, 10],
    seeds: 2,
    examples: 113_287,
    epochs: 10,
    teraflops: [5],
    machines: [1, 4],
  });
  assert.match(page, 'Written by `pnpm bench scaling --tflops 5`');
  for (const line of ['| P 80 |', '| batch 160 |', '| 44 tokens |', '| 1.5B |', '| 1.5B, P 10 | 28320 |'])
    assert.ok(page.includes(line), line);
  assert.match(page, '| at | 1 machine | 4 machines |');
  assert.not.match(page, '## Measured');
});

test('lists of numbers', () => {
  assert.equal(readNumbers('1, 2.5', { flag: '--tflops' }), [1, 2.5]);
  for (const list of ['', '1,,2', 'a', '0', '-1'])
    assert.throws(() => readNumbers(list, { flag: '--tflops' }), /--tflops/);
  assert.throws(() => readNumbers('1.5', { flag: '--machines', whole: true }), /whole/);
});

test.run();
