// AdamW against the formula in float64: both places of ε, weight decay of some parameters, clipping by the global
// norm; eager and replayed, over the binding limit, and in several segments.
import { failOnGpuErrors, relativeError, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  AdamW,
  compile,
  openDevice,
  parameter,
  tensor,
  type AdamWOptions,
  type Device,
  type Tensor,
} from '../src/node.ts';
import { uniform } from './op-check.ts';

const test = suite('AdamW');
let device: Device;
let tight: Device;

test.before(async () => {
  device = await openDevice();
  tight = await openDevice({ bindingLimit: 4096 });
});
test.after.each(failOnGpuErrors(() => device));
test.after.each(failOnGpuErrors(() => tight));
test.after(() => {
  device.close();
  tight.close();
});

// Odd sizes: the arena pads each to 64 elements. `table` alone is over the tight binding limit.
const shapes: Record<string, number[]> = { bias: [7], table: [41, 33], gain: [5], matrix: [13, 30] };
const names = Object.keys(shapes);
const sizeOf = (name: string): number => shapes[name].reduce((a, b) => a * b, 1);
const stepCount = 5;
/** From step to step the gradients grow, so that the norm passes `clipNorm`. */
const gradientScale = (step: number): number => 0.01 * 4 ** step;
const learningRate = (step: number): number => 0.02 / step;

const draw = uniform(17);
const random = (size: number, scale: number): Float32Array =>
  Float32Array.from({ length: size }, () => scale * (2 * draw() - 1));
type Values = Record<string, Float32Array>;
const start: Values = Object.fromEntries(names.map((name) => [name, random(sizeOf(name), 1)]));
const gradients: Values[] = Array.from({ length: stepCount }, (_, step) =>
  Object.fromEntries(names.map((name) => [name, random(sizeOf(name), gradientScale(step))])),
);

interface Outcome {
  values: Record<string, ArrayLike<number>>;
  norms: number[];
}

/** Loshchilov & Hutter 2019, Algorithm 2, with PyTorch's clip_grad_norm_ before it. */
function formula(options: AdamWOptions): Outcome {
  const { betas = [0.9, 0.999], eps = 1e-8, clipNorm = Infinity, variant } = options;
  const isTorch = variant !== 'transformers';
  const weightDecay = options.weightDecay ?? (isTorch ? 0.01 : 0);
  const values = Object.fromEntries(names.map((name) => [name, Float64Array.from(start[name])]));
  const m = Object.fromEntries(names.map((name) => [name, new Float64Array(sizeOf(name))]));
  const v = Object.fromEntries(names.map((name) => [name, new Float64Array(sizeOf(name))]));
  const norms: number[] = [];
  for (let t = 1; t <= stepCount; t++) {
    const given = gradients[t - 1];
    const norm = Math.hypot(...names.map((name) => Math.hypot(...given[name])));
    norms.push(norm);
    const clip = Math.min(1, clipNorm / (norm + 1e-6));
    const [c1, c2] = [1 - betas[0] ** t, 1 - betas[1] ** t];
    for (const name of names) {
      const decay = options.decays?.(name) === false ? 0 : weightDecay;
      for (let i = 0; i < sizeOf(name); i++) {
        const g = clip * given[name][i];
        // Hugging Face's decays what the update has made.
        if (isTorch) values[name][i] *= 1 - learningRate(t) * decay;
        m[name][i] = betas[0] * m[name][i] + (1 - betas[0]) * g;
        v[name][i] = betas[1] * v[name][i] + (1 - betas[1]) * g * g;
        const root = isTorch
          ? Math.sqrt(v[name][i] / c2) + eps
          : (Math.sqrt(v[name][i]) + eps) / Math.sqrt(c2);
        values[name][i] -= (learningRate(t) * m[name][i]) / c1 / root;
        if (!isTorch) values[name][i] *= 1 - learningRate(t) * decay;
      }
    }
  }
  return { values, norms };
}

/** The same steps on a device; the loss is Σ gradient · parameter. */
async function trained(on: Device, options: AdamWOptions, planned: boolean): Promise<Outcome> {
  const weights = Object.fromEntries(names.map((name) => [name, parameter(on, start[name], shapes[name])]));
  const optimiser = new AdamW(weights, options);
  const step = (given: Record<string, Tensor>): Tensor => {
    const loss = names.map((name) => weights[name].mul(given[name]).sum()).reduce((a, b) => a.add(b));
    return optimiser.step(loss);
  };
  const specs = Object.fromEntries(names.map((name) => [name, { shape: shapes[name] }]));
  const plan = planned ? await compile(on, specs, (given) => ({ norm: step(given) })) : undefined;
  const norms: number[] = [];
  for (let t = 1; t <= stepCount; t++) {
    optimiser.schedule(t, learningRate(t));
    const given = gradients[t - 1];
    const norm = (): Tensor =>
      plan
        ? plan.run(given).norm
        : step(Object.fromEntries(names.map((name) => [name, tensor(on, given[name], shapes[name])])));
    norms.push(await on.scope(async () => await norm().item()));
  }
  const values: Outcome['values'] = {};
  for (const name of names) values[name] = await weights[name].read();
  plan?.dispose();
  optimiser.dispose();
  return { values, norms };
}

function assertClose(actual: Outcome, wanted: Outcome): void {
  assert.ok(relativeError(actual.norms, wanted.norms) < 1e-6, `norms ${actual.norms.join()}`);
  for (const name of names) {
    const error = relativeError(actual.values[name], wanted.values[name]);
    assert.ok(error < 2e-6, `${name}: relative error ${error}`);
  }
}

const isMatrix = (name: string): boolean => shapes[name].length > 1;
// ε is large, so that its place shows.
const variants: Record<string, AdamWOptions> = {
  'PyTorch’s ε': { eps: 0.01 },
  'transformers’ ε': { eps: 0.01, variant: 'transformers' },
  'other moments': { betas: [0.8, 0.99] },
  'weight decay': { weightDecay: 0.7 },
  'transformers’ weight decay': { weightDecay: 0.7, variant: 'transformers' },
  'weight decay of matrices only': { weightDecay: 0.7, decays: isMatrix },
  clipping: { eps: 0.01, clipNorm: 1 },
};

for (const [what, options] of Object.entries(variants)) {
  test(what, async () => {
    const wanted = formula(options);
    const eager = await trained(device, options, false);
    assertClose(eager, wanted);
    assert.equal(await trained(device, options, true), eager, 'replayed, bit for bit');
    assertClose(await trained(tight, options, true), wanted);
  });
}

test('the examples tell the options apart', () => {
  const [plain, ...others] = [{ eps: 0.01 }, ...Object.values(variants).slice(1)].map(formula);
  assert.ok(plain.norms[0] < 1 && plain.norms[stepCount - 1] > 1, 'some steps are clipped');
  for (const { values } of others) {
    assert.ok(names.some((name) => relativeError(values[name], plain.values[name]) > 1e-3));
  }
});

test('parameters that no buffer holds together go into several segments', async () => {
  const own = await openDevice();
  const options = { weightDecay: 0.7, decays: isMatrix, clipNorm: 1 };
  Object.defineProperty(own.gpu, 'limits', { value: { ...device.gpu.limits, maxBufferSize: 6144 } });
  const weights = Object.fromEntries(names.map((name) => [name, parameter(own, start[name], shapes[name])]));
  const optimiser = new AdamW(weights, options);
  assert.is(optimiser.arena.segments.length, 2);
  optimiser.dispose();
  assertClose(await trained(own, options, false), formula(options));
  assert.equal(own.takeErrors(), []);
  own.close();
});

test('no parameters, and parameters that are not f32, are refused', () => {
  assert.throws(() => new AdamW({}), /no parameters to train/);
  const whole = tensor(device, [1, 2], [2], { dtype: 'i32' });
  assert.throws(() => new AdamW({ whole }), /whole is i32; trainable parameters must be f32/);
  whole.dispose();
});

test.run();
