// l2Normalize: y = x / max(‖x‖₂, ε) over the last axis, as PyTorch's functional.normalize.
//
// Legend: R rows, C channels; norms in f32. Where ‖x‖ ≤ ε the divisor is a constant, so dx = g/ε there.
import { ShapeError } from '../../core/errors.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface NormalizeAttrs {
  eps: number;
}

const rowsOf = (x: Tensor): number => (x.size === 0 ? 0 : x.size / x.dim(-1));

const definition: OpDefinition<NormalizeAttrs, readonly [Tensor]> = {
  name: 'l2Normalize',
  inputs: ['x'],
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
  let divisor = select(max(norm, ${f32Literal(eps)}), norm, isNan(norm));
  for (var c = lane; c < N; c += LANES) { out[base + c] = out_t(V(x[base + c]) / divisor); }
  ${norms && 'if (lane == 0u) { norms[r] = norm; }'}
}`,
    });
  },
  vjp: ({ outputs: [y, norms], attrs, grad }) => inputGrad([y, norms, grad], attrs),
};

const inputGrad = kernelOp<NormalizeAttrs, readonly [Tensor, Tensor, Tensor]>(
  'l2NormalizeBackward',
  ([y]) => [{ shape: y.shape, dtype: y.dtype }],
  (context, [y, norms, g], [out], { eps }) => {
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
);

/** Rows of the last axis at length 1: x [..., C] → [..., C]; rows shorter than `eps` are divided by `eps`. */
export const l2Normalize = defineOp(
  definition,
  (apply) =>
    (x: Tensor, { eps = 1e-12 }: { eps?: number } = {}): Tensor =>
      apply([x], { eps })[0],
);
