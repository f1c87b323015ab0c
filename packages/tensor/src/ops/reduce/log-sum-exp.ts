// logSumExp: ln Σ exp x over one axis, several or all, without overflow.
import { assertFloat } from '../../arguments.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { runWindowedRows } from '../../kernel/windowed-rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { kernelOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { rowStatistics } from '../rows/row-statistics.ts';
import type { Places } from './axes.ts';
import { defineReduction, resultView, viewOf } from './define-reduction.ts';

/** g · exp(x − ln Σ exp x): the softmax, times the gradient. */
const shares = kernelOp<Places, readonly [Tensor, Tensor, Tensor]>(
  'logSumExpBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, y, g], [out], places) =>
    runPointwise(context, {
      name: 'logSumExp backward',
      read: {
        x: seenAs(x, viewOf(places)),
        y: seenAs(y, resultView(places)),
        g: seenAs(g, resultView(places)),
      },
      out: seenAs(out, viewOf(places)),
      value: 'g * exp(x - y)',
    }),
);

/**
 * ln Σ exp x over `axis` (everything by default) of floats. Of nothing, or of −∞ alone, it is −∞; with +∞ it is +∞.
 * @example
 * logSumExp(x, -1, { keepDim: true }); // x − this is logSoftmax(x)
 */
export const logSumExp = defineReduction({
  inner: {
    name: 'logSumExp',
    inputs: ['x'],
    infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
    launch(context, [x], [out], { outer, n, inner }) {
      runWindowedRows(context, {
        rows: outer * inner,
        length: n,
        stride: inner,
        read: { x },
        write: { out },
        flops: 3 * x.size,
        code: wgsl`${rowStatistics}
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  let top = rowMax(base, lane);
  // An infinite maximum is no shift: x − m would be NaN where the answer is infinite.
  let m = select(top, 0.0, isInf(top));
  let s = rowExpSum(base, lane, m);
  if (lane == 0u) { out[r] = out_t(select(select(log(s) + m, top, isInf(top)), s, isNan(s))); }
}`,
      });
    },
    vjp: ({ inputs: [x], outputs: [y], attrs, grad }) => shares([x, y, grad], attrs),
  },
  assert: (x) => assertFloat('logSumExp', 'x', x),
});
