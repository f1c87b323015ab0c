// norm: (Σ |x|^p)^(1/p) over one axis, several or all, with the limits of p: 0, ∞ and −∞.
import { assertFloat } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import { seenAs } from '../../kernel/bindable.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { kernelOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import type { Places, ReduceOptions } from './axes.ts';
import { defineReduction, resultView, viewOf } from './define-reduction.ts';
import { extremeFold, shareOut } from './extremes.ts';
import { runReduction, type Fold } from './run-reduction.ts';
import { sumFold } from './sum.ts';

interface Power {
  /** Default 2. */
  p?: number;
}
export type NormOptions = ReduceOptions & Power;

function foldOf(p: number): Fold {
  const sum: Fold = { ...sumFold('norm', 'f32'), load: 'abs(v)' };
  if (!Number.isFinite(p)) {
    const extreme = extremeFold(p > 0 ? 'max' : 'min', 'f32');
    return { ...extreme, name: 'norm', load: extreme.load.replace('(v)', '(abs(v))') };
  }
  if (p === 0) return { ...sum, load: 'select(select(A(1.0f), A(0.0f), v == A(0.0f)), v, nan(v))' };
  if (p === 1) return sum;
  if (p === 2) return { ...sum, load: 'v * v', finish: 'sqrt(acc)' };
  const exponent = f32Literal(p);
  const root = f32Literal(1 / p);
  return { ...sum, load: `pow(abs(v), A(${exponent}))`, finish: `pow(acc, F(${root}))` };
}

/** g · sign(x) · (|x| / norm)^(p − 1), 0 where the norm is 0. */
const slopes = kernelOp<Places & Power, readonly [Tensor, Tensor, Tensor]>(
  'normBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, y, g], [out], { p = 2, ...places }) => {
    const shape = resultView(places);
    const slope =
      p === 0
        ? 'V(0.0)'
        : p === 1
          ? 'g * sign(x)'
          : p === 2
            ? 'g * x / y'
            : `g * sign(x) * pow(abs(x) / y, V(${f32Literal(p - 1)}))`;
    runPointwise(context, {
      name: 'norm backward',
      read: { x: seenAs(x, viewOf(places)), y: seenAs(y, shape), g: seenAs(g, shape) },
      out: seenAs(out, viewOf(places)),
      value: `select(${slope}, V(0.0), y == V(0.0))`,
    });
  },
);

const signed = kernelOp(
  'signOf',
  ([x]: readonly [Tensor, Tensor]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, g], [out]) =>
    runPointwise(context, { name: 'norm backward', read: { x, g }, out, value: 'g * sign(x)' }),
);

/**
 * The p-norm over `axis` (everything by default) of floats, `p` 2 by default; p = ∞ gives the largest |x|, −∞ the smallest,
 * 0 how many are not zero. The gradient is 0 where the norm is 0, and ties of p = ±∞ share it evenly, as in PyTorch.
 * @example
 * norm(x, -1, { p: 1 }); // Σ |x| of each row
 */
export const norm = defineReduction<Power>({
  inner: {
    name: 'norm',
    inputs: ['x'],
    infer: ([x], { shape }) => [{ shape, dtype: x.dtype }],
    launch: (context, [x], [out], { p = 2, ...places }) =>
      runReduction(context, { ...places, x, out, fold: foldOf(p) }),
    vjp({ inputs: [x], outputs: [y], attrs: { p = 2, ...places }, grad }) {
      if (Number.isFinite(p)) return slopes([x, y, grad], { p, ...places });
      const sizes = signed([x, x], {});
      return signed([x, shareOut([sizes[0], y, grad], places)[0]], {});
    },
  },
  others: ['p'],
  assert(x, { p }) {
    assertFloat('norm', 'x', x);
    if (p !== undefined && (typeof p !== 'number' || Number.isNaN(p)))
      throw new TensorError(`norm: p is ${String(p)}, but a number (Infinity too) is wanted`);
  },
});
