// softmax and logSoftmax over one axis: y = exp(x − m) / Σ exp(x − m), and its logarithm; m is the maximum.
//
// Legend: x is seen as [outer, n, inner] with the axis in the middle; statistics in f32.
import { normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, assertNumber, assertOptions } from '../../arguments.ts';
import { defineOp, kernelOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { affine } from '../binary/arithmetic.ts';
import { rowStatistics } from './row-statistics.ts';

export interface AxisAttrs {
  axis: number;
}

export type Kind = 'softmax' | 'logSoftmax';

export function split(
  kind: Kind,
  shape: Shape,
  { axis }: AxisAttrs,
): { rows: number; length: number; stride: number } {
  const at = normaliseAxis(kind, axis, shape.length);
  const stride = sizeOf(shape.slice(at + 1));
  return { rows: shape[at] === 0 ? 0 : sizeOf(shape.slice(0, at)) * stride, length: shape[at], stride };
}

/** `softmax(x, 0)` or `softmax(x, { axis: 0 })`; the last axis by default. */
function axisOption(op: string, given: number | { axis?: number } = {}): AxisAttrs {
  if (typeof given !== 'number') assertOptions(op, given, ['axis']);
  const { axis = -1 } = typeof given === 'number' ? { axis: given } : given;
  assertNumber(op, 'axis', axis, { integer: true });
  return { axis };
}

function defineSoftmax(kind: Kind): Op<(x: Tensor, axis?: number | { axis?: number }) => Tensor> {
  const isLog = kind === 'logSoftmax';
  const inputGrad = kernelOp(
    `${kind}Backward`,
    ([y]: readonly [Tensor, Tensor]) => [{ shape: y.shape, dtype: y.dtype }],
    (context, [y, g], [out], attrs: AxisAttrs) => {
      runWindowedRows(context, {
        ...split(kind, y.shape, attrs),
        read: { y, g },
        write: { out },
        flops: 4 * y.size,
        code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var sum = V();
  for (var c = lane; c < N; c += LANES) {
    let at = base + c * STEP;
    sum += V(g[at])${!isLog && ' * V(y[at])'};
  }
  let total = sumLanes(lane, across(sum));
  for (var c = lane; c < N; c += LANES) {
    let at = base + c * STEP;
    out[at] = out_t(${isLog ? 'V(g[at]) - exp(min(V(y[at]), V(0.0))) * total' : 'V(y[at]) * (V(g[at]) - total)'});
  }
}`,
      });
    },
  );
  const definition: OpDefinition<AxisAttrs, readonly [Tensor]> = {
    name: kind,
    inputs: ['x'],
    infer([x], attrs) {
      assertFloat(kind, 'x', x);
      split(kind, x.shape, attrs);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    launch(context, [x], [out], attrs) {
      runWindowedRows(context, {
        ...split(kind, x.shape, attrs),
        read: { x },
        write: { out },
        flops: 5 * x.size,
        code: wgsl`
${rowStatistics}
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  let m = rowMax(base, lane);
  let s = rowExpSum(base, lane, m);
  let logSum = log(s);
  for (var c = lane; c < N; c += LANES) {
    let at = base + c * STEP;
    out[at] = out_t(${isLog ? '(V(x[at]) - m) - logSum' : 'exp(shifted(at, m)) / s'});
  }
}`,
      });
    },
    vjp: ({ outputs: [y], attrs, grad }) => inputGrad([y, grad], attrs),
  };
  return defineOp(
    definition,
    (apply) => (x: Tensor, axis?: number | { axis?: number }) => apply([x], axisOption(kind, axis))[0],
  );
}

/**
 * exp(x) / Σ exp(x) along `axis` (the last by default). As in PyTorch a row with NaN or +∞, or of −∞ alone, is NaN; −∞ beside
 * finite values gives 0.
 * @example
 * softmax(x, 0); // or softmax(x, { axis: 0 })
 */
export const softmax = defineSoftmax('softmax');
/** x − ln Σ exp(x) along `axis` (the last by default): the logarithm of {@link softmax}, NaN where that is. */
export const logSoftmax = defineSoftmax('logSoftmax');

/** {@link softmax} of −x: the smallest values get the largest shares. */
export const softmin = defineOp(
  {
    name: 'softmin',
    inputs: ['x'],
    compose: ([x]: readonly [Tensor], { axis }: AxisAttrs) => [softmax(affine(x, -1), axis)],
  },
  (apply) =>
    (x: Tensor, axis?: number | { axis?: number }): Tensor =>
      apply([x], axisOption('softmin', axis))[0],
);
