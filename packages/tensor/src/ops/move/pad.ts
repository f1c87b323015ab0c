// pad: entries in front of axes and behind them: a constant, or what stands at the edge.
import { assertChoice, assertElement, assertOptions, assertTensor, show } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { plainAxes, readAt, type AxisRead } from '../../kernel/read-at.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { add } from '../binary/arithmetic.ts';
import { sumTo } from '../binary/sum-to.ts';
import { flip } from './reverse.ts';
import { slice } from './slice.ts';

const modes = ['constant', 'reflect', 'replicate', 'circular'] as const;
export type PadMode = (typeof modes)[number];

/** Entries before and behind each axis. */
export type Pads = readonly (readonly [before: number, after: number])[];

export interface PadAttrs {
  pads: Pads;
  mode: PadMode;
  value: number;
}

export const paddedShape = (shape: Shape, pads: Pads): number[] =>
  shape.map((n, k) => n + pads[k][0] + pads[k][1]);

/** WGSL of the source's entry for entry `c`, of n entries with `before` in front. */
function sourceEntry(mode: PadMode, c: string, n: number, before: number): string {
  if (mode === 'replicate') return `u32(clamp(i32(${c}) - ${before}, 0, ${n - 1}))`;
  if (mode === 'circular') return `((${c} + ${n - before}u) % ${n}u)`;
  // To and fro without the edge itself twice: a period of 2(n − 1).
  const period = Math.max(1, 2 * (n - 1));
  const t = `((${c} + ${period - before}u) % ${period}u)`;
  return `min(${t}, ${period}u - ${t})`;
}

function assertPads({ shape }: { shape: Shape }, { pads, mode }: PadAttrs): void {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((n) => Number.isInteger(n));
  if (!Array.isArray(pads) || pads.length !== shape.length || !pads.every(isPair))
    throw new ShapeError(
      `pad: pads are ${JSON.stringify(pads) ?? show(pads)}, but a pair [before, after] is wanted for each axis of ${formatShape(shape)}`,
    );
  pads.forEach(([before, after], k) => {
    const n = shape[k];
    const most = {
      constant: Infinity,
      replicate: n > 0 ? Infinity : 0,
      reflect: Math.max(0, n - 1),
      circular: n,
    }[mode];
    const least = mode === 'constant' ? -n : 0;
    if (Math.min(before, after) < least || Math.max(before, after) > most || n + before + after < 0)
      throw new ShapeError(
        `pad: axis ${k} of ${formatShape(shape)} cannot get ${before} and ${after} entries in mode '${mode}', ` +
          `which takes ${least} to ${most} on each side`,
      );
  });
}

const definition: OpDefinition<PadAttrs, readonly [Tensor]> = {
  name: 'pad',
  inputs: ['x'],
  infer([x], attrs) {
    assertPads(x, attrs);
    return [{ shape: paddedShape(x.shape, attrs.pads), dtype: x.dtype }];
  },
  launch(context, [x], [out], { pads, mode, value }) {
    const axes = plainAxes(x.shape).map((axis, k): AxisRead => {
      const [before, after] = pads[k];
      if (before === 0 && after === 0) return axis;
      const { size: n, stride } = axis;
      const size = n + before + after;
      return mode === 'constant'
        ? { size, stride, offset: -before, limit: before > 0 || after > 0 ? n : undefined }
        : { size, stride, at: (c) => sourceEntry(mode, c, n, before) };
    });
    const type = registerType(out.dtype);
    const outside = `${type}(${type === 'V' ? f32Literal(value) : value})`;
    runPointwise(context, { name: 'pad', read: { x: { ...readAt(x, axes), outside } }, out, value: 'x' });
  },
  vjp({ inputs: [x], attrs: { pads, mode }, grad }) {
    if (mode === 'constant') {
      // What was cut off (negative pads) had no part in the result.
      const kept = pads.map(([before, after], axis) => ({
        axis,
        start: Math.max(0, before),
        end: grad.shape[axis] - Math.max(0, after),
      }));
      const core = slice(grad, kept);
      const cut = pads.map(([before, after]) => [Math.max(0, -before), Math.max(0, -after)] as const);
      return [pad(core, cut)];
    }
    return [
      pads.reduceRight(
        (g, [before, after], axis) => foldAxis(g, { mode, axis, n: x.shape[axis], before, after }),
        grad,
      ),
    ];
  },
};

interface Fold {
  mode: PadMode;
  axis: number;
  n: number;
  before: number;
  after: number;
}

/** The gradient of one padded axis: what stands beside its n entries is added to those it was taken from. */
function foldAxis(g: Tensor, { mode, axis, n, before, after }: Fold): Tensor {
  let total = slice(g, { axis, start: before, end: before + n });
  /** `part` at entry `at` of the n, zeros elsewhere. */
  const placed = (part: Tensor, at: number): Tensor =>
    pad(
      part,
      part.shape.map((size, k) => (k === axis ? [at, n - at - size] : [0, 0])),
    );
  const taken = (part: Tensor, atStart: boolean): Tensor => {
    const size = part.shape[axis];
    if (mode === 'circular') return placed(part, atStart ? n - size : 0);
    if (mode === 'reflect') return placed(flip(part, axis), atStart ? 1 : n - 1 - size);
    const one = sumTo(
      part,
      part.shape.map((m, k) => (k === axis ? 1 : m)),
    );
    return placed(one, atStart ? 0 : n - 1);
  };
  if (before > 0) total = add(total, taken(slice(g, { axis, start: 0, end: before }), true));
  if (after > 0) total = add(total, taken(slice(g, { axis, start: before + n }), false));
  return total;
}

export interface PadOptions {
  /**
   * 'constant' (default), 'reflect' (mirrored, without the edge itself), 'replicate' (the edge again and again, NumPy's
   * 'edge') or 'circular' (the other end, NumPy's 'wrap').
   */
  mode?: PadMode;
  /** In mode 'constant', default 0. */
  value?: number;
}

/**
 * Entries before and behind each axis: a pair [before, after] for every axis in order, as NumPy has it (PyTorch lists the
 * last axis first). Negative numbers cut off, in mode 'constant'. Any dtype.
 * @throws ShapeError for other than one pair per axis, and for more than an axis can give: 'reflect' takes up to n − 1
 * entries of n, 'circular' up to n.
 * @example
 * images.pad([[0, 0], [0, 0], [1, 1], [1, 1]], { mode: 'reflect' }); // [N, C, H, W] → [N, C, H + 2, W + 2]
 */
export const pad = defineOp(
  definition,
  (apply) =>
    (x: Tensor, pads: Pads, options: PadOptions = {}): Tensor => {
      assertTensor('pad', 'x', x);
      assertOptions('pad', options, ['mode', 'value']);
      const { mode = 'constant', value = 0 } = options;
      assertChoice('pad', 'mode', mode, modes);
      assertElement('pad', 'value', value, x.dtype);
      return apply([x], { pads, mode, value })[0];
    },
);
