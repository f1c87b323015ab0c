// Checks generated from an op's samples: forward against the reference, backward against central
// differences of the reference in float64, eager against three replays of a plan.
import * as assert from 'uvu/assert';
import type { Device } from '../src/core/device.ts';
import { sizeOf } from '../src/core/shape.ts';
import { bytesPerElement, isFloat, type DType } from '../src/dtype/dtype.ts';
import { f16ToF32Array, f32ToF16Array } from '../src/dtype/half.ts';
import { applyOp, type AnyComposite, type AnyOp } from '../src/op.ts';
import type { AnyCheck, RefArray, Sample, SampleInput } from '../src/check.ts';
import { checks } from '../src/ops/checks.ts';
import * as ops from '../src/ops/index.ts';
import { compile, grad, tensor, type Tensor } from '../src/index.ts';

/** An op with its check. */
export interface CheckedOp extends AnyCheck {
  name: string;
  op: AnyOp | AnyComposite;
}

/** Every op, in the order of the list of checks. */
const definitions = new Map(
  Object.entries(ops).flatMap(([name, op]) => ('definition' in op ? [[name, op.definition] as const] : [])),
);
export const checkedOps: readonly CheckedOp[] = Object.entries(checks).map(([name, check]) => ({
  ...check,
  name,
  op: definitions.get(name)!,
}));

const hasGradient = ({ op }: CheckedOp): boolean => 'compose' in op || op.vjp !== undefined;

/** Deterministic uniform numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function valuesOf(input: SampleInput, draw: () => number, halves: boolean): Float64Array {
  const { shape, dtype = 'f32', range = [-1, 1], values } = input;
  const data = new Float64Array(sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const x = values ? values[i] : range[0] + (range[1] - range[0]) * draw();
    data[i] = isFloat(dtype) ? Math.fround(x) : Math.floor(x);
  }
  if (!halves || !isFloat(dtype)) return data;
  return Float64Array.from(f16ToF32Array(f32ToF16Array(Float32Array.from(data))));
}

export const hasHalves = (op: CheckedOp, sample: Sample<unknown>): boolean =>
  op.name !== 'fill' && sample.inputs.some((i) => i && (i.dtype ?? 'f32') === 'f32');

interface Prepared {
  refs: (RefArray | undefined)[];
  inputs: (Tensor | undefined)[];
}

function prepare(device: Device, sample: Sample<unknown>, halves: boolean): Prepared {
  const draw = uniform(1234);
  const refs = sample.inputs.map((i) => i && { shape: i.shape, data: valuesOf(i, draw, halves) });
  const inputs = sample.inputs.map((i, k) => {
    if (!i) return undefined;
    const dtype: DType = halves && (i.dtype ?? 'f32') === 'f32' ? 'f16' : (i.dtype ?? 'f32');
    return tensor(device, refs[k]!.data, i.shape, { dtype });
  });
  return { refs, inputs };
}

/** Largest deviation, as a share of the reference's largest magnitude (at least 1e-3). */
export function deviation(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { worst: number; at: number } {
  let scale = 1e-3;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]) / scale;
    if (!(d <= worst)) {
      worst = Number.isNaN(d) ? Infinity : d;
      at = i;
    }
  }
  return { worst, at };
}

function assertNear(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assert.is(actual.length, expected.length, `${what}: number of elements`);
  const { worst, at } = deviation(actual, expected);
  assert.ok(
    worst <= tolerance,
    `${what}: at ${at} got ${actual[at]}, wanted ${expected[at]} (off by ${worst.toExponential(2)}, allowed ${tolerance})`,
  );
}

export async function checkForward(
  device: Device,
  op: CheckedOp,
  sample: Sample<unknown>,
  halves: boolean,
): Promise<void> {
  const { refs, inputs } = prepare(device, sample, halves);
  const outputs = applyOp(op.op, inputs, sample.attrs, device);
  const wanted = op.reference(refs, sample.attrs);
  for (const [k, reference] of wanted.entries()) {
    assert.equal([...outputs[k].shape], [...reference.shape], `${op.name}: shape of output ${k}`);
    assertNear(
      `${op.name} output ${k}`,
      await outputs[k].read(),
      reference.data,
      halves ? 4e-3 : (sample.tolerance ?? 2e-5),
    );
  }
}

const differencePoints = 60;

/** Central differences of Σ w·reference(inputs) against the VJP on the GPU. */
export async function checkBackward(device: Device, op: CheckedOp, sample: Sample<unknown>): Promise<void> {
  const { refs, inputs } = prepare(device, sample, false);
  const chosen =
    sample.checkGrad ?? sample.inputs.flatMap((i, k) => (i && (i.dtype ?? 'f32') === 'f32' ? [k] : []));
  if (!hasGradient(op) || chosen.length === 0) return;
  for (const k of chosen) inputs[k]!.trainable();
  const [result] = applyOp(op.op, inputs, sample.attrs, device);
  if (result.size === 0) return;
  const draw = uniform(99);
  const weights = Float64Array.from({ length: result.size }, () => Math.fround(2 * draw() - 1));
  const grads = grad(
    result,
    chosen.map((k) => inputs[k]!),
    { seed: tensor(device, weights, result.shape) },
  );
  const loss = (): number =>
    op.reference(refs as RefArray[], sample.attrs)[0].data.reduce((s, y, i) => s + y * weights[i], 0);
  for (const [n, k] of chosen.entries()) {
    const { data } = refs[k]!;
    const actual = await grads[n].read();
    const stride = Math.max(1, Math.floor(data.length / differencePoints));
    const at = Array.from({ length: Math.ceil(data.length / stride) }, (_, i) => i * stride);
    const expected = at.map((i) => {
      const before = data[i];
      data[i] = before + 1e-5;
      const up = loss();
      data[i] = before - 1e-5;
      const down = loss();
      data[i] = before;
      return (up - down) / 2e-5;
    });
    assertNear(
      `${op.name} gradient of input ${k}`,
      at.map((i) => actual[i]),
      expected,
      20 * (sample.tolerance ?? 2e-5),
    );
  }
}

const bits = (values: ArrayLike<number>): string =>
  Array.from(values, (v) => (Object.is(v, -0) ? '-0' : String(v))).join();

/** The same bits from eager execution and from three replays in a row, results and gradients. */
export async function checkReplay(device: Device, op: CheckedOp, sample: Sample<unknown>): Promise<void> {
  const { refs, inputs } = prepare(device, sample, false);
  const trains = hasGradient(op) && sample.checkGrad?.length !== 0;
  const differentiable = sample.inputs.flatMap((i, k) =>
    i && trains && (i.dtype ?? 'f32') === 'f32' ? [k] : [],
  );
  const step = (given: (Tensor | undefined)[]): Record<string, Tensor> => {
    for (const k of differentiable) given[k]!.trainable();
    const [result] = applyOp(op.op, given, sample.attrs, device);
    const wanted = differentiable.map((k) => given[k]!);
    const grads = wanted.length > 0 && result.size > 0 ? grad(result.mul(2).sum(), wanted) : [];
    return { result, ...Object.fromEntries(grads.map((g, i) => [`g${i}`, g])) };
  };
  const eager = step(inputs);
  const specs = Object.fromEntries(
    sample.inputs.flatMap((i, k) => (i ? [[`i${k}`, { shape: i.shape, dtype: i.dtype ?? 'f32' }]] : [])),
  );
  const plan = await compile(device, specs, (given) => step(sample.inputs.map((_, k) => given[`i${k}`])));
  const values = Object.fromEntries(refs.flatMap((r, k) => (r ? [[`i${k}`, r.data]] : [])));
  for (let round = 0; round < 3; round++) {
    const outputs = plan.run(round === 0 ? values : undefined);
    for (const [name, t] of Object.entries(outputs)) {
      if (t.size === 0) continue;
      assert.is(
        bits(await t.read()),
        bits(await eager[name].read()),
        `${op.name}: ${name} of replay ${round + 1}`,
      );
    }
  }
  plan.dispose();
}

/** Bytes an op's sample needs at most in one tensor, to choose tests of small limits. */
export const largestInput = (sample: Sample<unknown>): number =>
  Math.max(0, ...sample.inputs.map((i) => (i ? sizeOf(i.shape) * bytesPerElement[i.dtype ?? 'f32'] : 0)));
