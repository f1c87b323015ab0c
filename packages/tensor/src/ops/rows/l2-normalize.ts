// l2Normalize: y = x / max(‖x‖₂, ε) over the last axis, as PyTorch's functional.normalize.
//
// Legend: R rows, C channels; norms in f32. Where ‖x‖ ≤ ε the divisor is a constant, so dx = g/ε there.
import { ShapeError } from '../../core/errors.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { assertFloat, defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

interface NormalizeAttrs {
  eps: number;
}

const rowsOf = (x: Tensor): number => (x.size === 0 ? 0 : x.size / x.dim(-1));

const definition: OpDefinition<NormalizeAttrs, readonly [Tensor]> = {
  name: 'l2Normalize',
  infer([x], _, needs) {
    assertFloat('l2Normalize', 'x', x);
    if (x.rank === 0) throw new ShapeError('l2Normalize: x is a scalar, but a last axis is needed');
    const y = { shape: x.shape, dtype: x.dtype };
    return needs[0] ? [y, { shape: [rowsOf(x)], dtype: 'f32' }] : [y];
  },
  launch(context, [x], [out, norms], { eps }) {
    runWindowedRows(context, {
      rows: rowsOf(x),
      length: x.dim(-1),
      read: { x },
      write: { out, norms },
      flops: 3 * x.size,
      code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var squares = V();
  for (var c = lane; c < N; c += LANES) {
    let v = V(x[base + c]);
    squares += v * v;
  }
  let norm = sqrt(sumLanes(lane, across(squares)));
  let divisor = max(norm, ${f32Literal(eps)});
  for (var c = lane; c < N; c += LANES) { out[base + c] = out_t(V(x[base + c]) / divisor); }
  ${norms && 'if (lane == 0u) { norms[r] = norm; }'}
}`,
    });
  },
  vjp: ({ outputs: [y, norms], attrs, grad }) => [inputGrad(y, norms, grad, attrs)],
  reference([x], { eps }) {
    const C = x.shape.at(-1)!;
    const data = new Float64Array(x.data.length);
    for (let base = 0; base < data.length; base += C) {
      const row = x.data.subarray(base, base + C);
      const divisor = Math.max(Math.sqrt(row.reduce((a, b) => a + b * b, 0)), eps);
      row.forEach((v, c) => (data[base + c] = v / divisor));
    }
    return [{ shape: x.shape, data }];
  },
  samples: [
    { inputs: [{ shape: [4, 8] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [2, 3, 7] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [20, 36] }], attrs: { eps: 1e-12 } },
    { inputs: [{ shape: [1, 513] }], attrs: { eps: 1e-12 } },
    { name: 'one', inputs: [{ shape: [1, 1], values: [-3] }], attrs: { eps: 1e-12 } },
    { name: 'below eps', inputs: [{ shape: [3, 5] }], attrs: { eps: 4 } },
    {
      name: 'zeros',
      inputs: [{ shape: [2, 6], values: new Array<number>(12).fill(0) }],
      attrs: { eps: 1e-12 },
      checkGrad: [],
    },
    { name: 'no rows', inputs: [{ shape: [0, 4] }], attrs: { eps: 1e-12 } },
  ],
};

const backward: OpDefinition<NormalizeAttrs, readonly [Tensor, Tensor, Tensor]> = {
  name: 'l2NormalizeBackward',
  infer: ([y]) => [{ shape: y.shape, dtype: y.dtype }],
  launch(context, [y, norms, g], [out], { eps }) {
    runWindowedRows(context, {
      rows: rowsOf(y),
      length: y.dim(-1),
      read: { y, norms, g },
      write: { out },
      flops: 5 * y.size,
      code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var along = V();
  for (var c = lane; c < N; c += LANES) { along += V(y[base + c]) * V(g[base + c]); }
  let total = sumLanes(lane, across(along));
  let norm = norms[r];
  let radial = select(0.0, total, norm > ${f32Literal(eps)});
  let divisor = max(norm, ${f32Literal(eps)});
  for (var c = lane; c < N; c += LANES) {
    out[base + c] = out_t((V(g[base + c]) - V(y[base + c]) * radial) / divisor);
  }
}`,
    });
  },
  samples: [],
};

const inputGrad = defineOp(
  backward,
  (apply) =>
    (y: Tensor, norms: Tensor, g: Tensor, attrs: NormalizeAttrs): Tensor =>
      apply([y, norms, g], attrs)[0],
);

/** Rows of the last axis at length 1: x [..., C] → [..., C]; rows shorter than `eps` are divided by `eps`. */
export const l2Normalize = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { eps = 1e-12 }: { eps?: number } = {}): Tensor =>
      apply([x], { eps })[0],
);
