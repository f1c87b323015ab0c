// softmax and logSoftmax over one axis: y = exp(x − m) / Σ exp(x − m), and its logarithm; m is the maximum.
//
// Legend: x is seen as [outer, n, inner] with the axis in the middle; statistics in f32.
import { normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, defineOp, type Op, type OpDefinition, type RefArray, type Sample } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { rowStatistics } from './row-statistics.ts';

interface AxisAttrs {
  axis: number;
}

type Kind = 'softmax' | 'logSoftmax';

function split(
  kind: Kind,
  shape: Shape,
  { axis }: AxisAttrs,
): { rows: number; length: number; stride: number } {
  const at = normaliseAxis(kind, axis, shape.length);
  const stride = sizeOf(shape.slice(at + 1));
  return { rows: shape[at] === 0 ? 0 : sizeOf(shape.slice(0, at)) * stride, length: shape[at], stride };
}

function softmaxRef(kind: Kind, x: RefArray, attrs: AxisAttrs): RefArray[] {
  const { rows, length, stride } = split(kind, x.shape, attrs);
  const data = new Float64Array(x.data.length);
  for (let r = 0; r < rows; r++) {
    const at = (k: number): number => (Math.floor(r / stride) * length + k) * stride + (r % stride);
    let m = -Infinity;
    for (let k = 0; k < length; k++) m = Math.max(m, x.data[at(k)]);
    let s = 0;
    for (let k = 0; k < length; k++) s += Math.exp(x.data[at(k)] - m);
    for (let k = 0; k < length; k++) {
      const d = x.data[at(k)] - m;
      data[at(k)] = kind === 'softmax' ? Math.exp(d) / s : d - Math.log(s);
    }
  }
  return [{ shape: x.shape, data }];
}

const samples: Sample<AxisAttrs>[] = [
  { inputs: [{ shape: [4, 8] }], attrs: { axis: -1 } },
  { inputs: [{ shape: [3, 7] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [2, 5, 3] }], attrs: { axis: 1 } },
  { inputs: [{ shape: [20, 36] }], attrs: { axis: -1 } },
  { inputs: [{ shape: [5, 4] }], attrs: { axis: 0 } },
  { name: 'large', inputs: [{ shape: [3, 9], range: [-60, 60] }], attrs: { axis: -1 } },
  { name: 'long', inputs: [{ shape: [2, 5003], range: [-4, 4] }], attrs: { axis: -1 } },
  { name: 'one', inputs: [{ shape: [1, 1] }], attrs: { axis: -1 } },
  { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { axis: -1 } },
  { name: 'empty rows', inputs: [{ shape: [3, 0] }], attrs: { axis: -1 } },
];

function defineSoftmax(kind: Kind): Op<(x: Tensor, options?: { axis?: number }) => Tensor> {
  const isLog = kind === 'logSoftmax';
  const backward: OpDefinition<AxisAttrs, readonly [Tensor, Tensor]> = {
    name: `${kind}Backward`,
    infer: ([y]) => [{ shape: y.shape, dtype: y.dtype }],
    launch(context, [y, g], [out], attrs) {
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
    samples: [],
  };
  const inputGrad = defineOp(
    backward,
    (apply) =>
      (y: Tensor, g: Tensor, attrs: AxisAttrs): Tensor =>
        apply([y, g], attrs)[0],
  );
  const definition: OpDefinition<AxisAttrs, readonly [Tensor]> = {
    name: kind,
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
    vjp: ({ outputs: [y], attrs, grad }) => [inputGrad(y, grad, attrs)],
    reference: ([x], attrs) => softmaxRef(kind, x, attrs),
    samples,
  };
  return defineOp(
    definition,
    (apply) =>
      (x: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor =>
        apply([x], { axis })[0],
  );
}

/** exp(x) / Σ exp(x) along `axis` (the last by default). */
export const softmax = defineSoftmax('softmax');
/** x − ln Σ exp(x) along `axis` (the last by default). */
export const logSoftmax = defineSoftmax('logSoftmax');
