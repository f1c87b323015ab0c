// Products with random operands and what they should be, for tests that launch one kernel of many.
//
// Legend: C [M, N] = op(A) [M, K] · op(B) [K, N].
import * as assert from 'uvu/assert';
import { tensor, type Device, type DType, type Tensor } from '../src/index.ts';
import { f16ToF32Array, f32ToF16Array } from '../src/dtype/half.ts';
import { activationFunctions } from '../src/ops/unary/activations.check.ts';
import type { Gemm, GemmPiece } from '../src/ops/product/gemm-piece.ts';
import { wholePiece } from '../src/ops/product/gemm.ts';
import { deviation, uniform } from './op-check.ts';

const tolerances = { f32: 2e-5, f16: 4e-3 };

/** How factors may be stored. */
export const transposes = [
  { transA: false, transB: false },
  { transA: false, transB: true },
  { transA: true, transB: false },
  { transA: true, transB: true },
];

/** A tensor on the device and its values as the device holds them. */
export interface Given {
  on: Tensor;
  values: ArrayLike<number>;
}

export type Part = 'scale' | 'bias' | 'pre' | 'activation' | 'slope' | 'residual' | 'accumulate';

export interface Product {
  M: number;
  N: number;
  K: number;
  transA?: boolean;
  transB?: boolean;
  batch?: number;
  dtype?: 'f32' | 'f16';
  /** Of the factors, where they differ from the rest. */
  aDtype?: 'f32' | 'f16';
  bDtype?: 'f32' | 'f16';
  /** The product is that of the factors rounded to f16, whatever they are stored as. */
  rounded?: boolean;
  parts?: readonly Part[];
}

export interface Prepared {
  gemm: Gemm;
  piece: GemmPiece;
  /** What C, and the value before the activation, should be. */
  expected: Float64Array;
  expectedPre: Float64Array;
}

/** Draws from a seed of its own, so that a file's tests have the same numbers whichever of them run. */
export function productChecks(device: Device, seed = 3) {
  const next = uniform(seed);

  const halves = (values: Float32Array): Float32Array => f16ToF32Array(f32ToF16Array(values));

  function given(shape: number[], dtype: DType = 'f32', rounded = false): Given {
    const size = shape.reduce((a, b) => a * b);
    const drawn = Float32Array.from({ length: size }, () => 2 * next() - 1);
    const values = dtype === 'f16' ? halves(drawn) : drawn;
    return { on: tensor(device, values, shape, { dtype }), values: rounded ? halves(drawn) : values };
  }

  /** Random operands of a product and its result in float64. */
  function prepare({
    dtype = 'f32',
    aDtype = dtype,
    bDtype = dtype,
    rounded,
    parts = [],
    ...product
  }: Product): Prepared {
    const { M, N, K, transA, transB, batch = 1 } = product;
    const has = (part: Part): boolean => parts.includes(part);
    const a = given(transA ? [batch, K, M] : [batch, M, K], aDtype, rounded);
    const b = given(transB ? [batch, N, K] : [batch, K, N], bDtype, rounded);
    const out = given([batch, M, N], dtype);
    const bias = given([N], dtype);
    const slopeOf = given([batch, M, N], dtype);
    const residual = given([batch, M, N], dtype);
    const scale = has('scale') ? 0.375 : 1;
    const gemm: Gemm = {
      a: a.on,
      b: b.on,
      out: out.on,
      ...product,
      scale,
      bias: has('bias') ? bias.on : undefined,
      pre: has('pre') ? given([batch, M, N], dtype).on : undefined,
      activation: has('activation') ? 'geluNew' : undefined,
      slope: has('slope') ? { of: slopeOf.on, activation: 'tanh' } : undefined,
      residual: has('residual') ? residual.on : undefined,
      accumulate: has('accumulate'),
    };
    const expected = new Float64Array(batch * M * N);
    const expectedPre = new Float64Array(batch * M * N);
    for (let at = 0; at < expected.length; at++) {
      const [item, m, n] = [Math.floor(at / (M * N)), Math.floor(at / N) % M, at % N];
      let v = 0;
      for (let k = 0; k < K; k++) {
        const ofA = a.values[item * M * K + (transA ? k * M + m : m * K + k)];
        v += ofA * b.values[item * K * N + (transB ? n * K + k : k * N + n)];
      }
      v *= scale;
      if (has('accumulate')) v += out.values[at];
      if (has('bias')) v += bias.values[n];
      expectedPre[at] = v;
      if (has('activation')) v = activationFunctions.geluNew.js(v);
      if (has('slope')) v *= 1 - Math.tanh(slopeOf.values[at]) ** 2;
      if (has('residual')) v += residual.values[at];
      expected[at] = v;
    }
    return { gemm, piece: wholePiece(gemm, 0, batch), expected, expectedPre };
  }

  return { given, prepare };
}

export async function assertNear(what: string, actual: Tensor, expected: Float64Array): Promise<void> {
  const { worst, at } = deviation(await actual.read(), expected);
  const allowed = tolerances[actual.dtype as 'f32' | 'f16'];
  assert.ok(worst <= allowed, `${what}: off by ${worst.toExponential(2)} at ${at}, allowed ${allowed}`);
}
