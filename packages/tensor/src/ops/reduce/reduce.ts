// sum, mean, max over one axis or all; accumulated in f32 with fixed trees.
import type { Device } from '../../core/device.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { ShapeError } from '../../core/errors.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { windowFrom, windowSlack } from '../../kernel/windows.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type LaunchContext, type Op, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { repeatMiddle } from '../move/repeat-middle.ts';

export interface ReduceAttrs {
  /** Undefined: over all elements. */
  axis: number | undefined;
  keepDim: boolean;
}

export type Kind = 'sum' | 'mean' | 'max';

/** x seen as [outer, n, inner], reduced over n. */
export function split(
  name: string,
  shape: Shape,
  { axis, keepDim }: ReduceAttrs,
): { outer: number; n: number; inner: number; out: number[] } {
  if (axis === undefined)
    return { outer: 1, n: sizeOf(shape), inner: 1, out: keepDim ? shape.map(() => 1) : [] };
  const at = normaliseAxis(name, axis, shape.length);
  const out = keepDim ? shape.map((size, i) => (i === at ? 1 : size)) : shape.filter((_, i) => i !== at);
  return { outer: sizeOf(shape.slice(0, at)), n: shape[at], inner: sizeOf(shape.slice(at + 1)), out };
}

const combine: Record<Kind, string> = { sum: 'acc + v', mean: 'acc + v', max: 'max(acc, v)' };

/** Long rows with few results are cut into pieces first, so that the work spreads over the machine. */
const longRow = 4096;

interface Reduction {
  outer: number;
  n: number;
  inner: number;
  pieces: number;
  scale: number;
}

/** Bytes a binding may have when it starts at any element. */
const roomOf = (device: Device): number => device.bindingLimit - windowSlack;

/** True when one [n, inner] part of `x` has to be reduced in several windows, in f32. */
const isWide = (device: Device, x: Tensor, n: number, inner: number): boolean =>
  x.byteLength > device.bindingLimit && n * inner * bytesPerElement[x.dtype] > roomOf(device);

function reduceOnce(context: LaunchContext, kind: Kind, x: Tensor, out: Tensor, reduction: Reduction): void {
  const { outer, n, inner, pieces } = reduction;
  const { device } = context;
  const width = bytesPerElement[x.dtype];
  const part = pieces * inner * bytesPerElement[out.dtype];
  if (Math.max(x.byteLength, outer * part) <= device.bindingLimit) {
    reducePart(context, kind, x, out, reduction, { xFirst: 0, outFirst: 0, count: outer, from: 0, to: n });
    return;
  }
  const room = roomOf(device);
  if (inner * width > room) {
    // Not even one row fits: rows are walked in parts, one row at a time.
    const step = Math.floor(room / Math.max(width, bytesPerElement[out.dtype]));
    for (let row = 0; row < outer * n; row++) {
      for (let at = 0; at < inner; at += step) {
        const places = { xFirst: row * inner + at, outFirst: Math.floor(row / n) * inner + at };
        const length = Math.min(step, inner - at);
        reducePart(
          context,
          kind,
          x,
          out,
          { ...reduction, inner: length },
          { ...places, count: 1, from: row % n, to: (row % n) + 1 },
        );
      }
    }
    return;
  }
  const wide = isWide(device, x, n, inner);
  const count = wide ? 1 : Math.max(1, Math.floor(room / Math.max(n * inner * width, part)));
  const depth = wide ? Math.floor(room / (inner * width)) : n;
  for (let first = 0; first < outer; first += count) {
    for (let from = 0; from < n; from += depth) {
      const range = { count: Math.min(count, outer - first), from, to: Math.min(n, from + depth) };
      const places = { xFirst: (first * n + from) * inner, outFirst: first * pieces * inner };
      reducePart(context, kind, x, out, reduction, { ...places, ...range });
    }
  }
}

interface ReductionPart {
  /** First elements in `x` and `out`. */
  xFirst: number;
  outFirst: number;
  /** How many of the outer parts. */
  count: number;
  /** Entries reduced: `from` … `to` − 1; `from` > 0 goes on from what `out` holds. */
  from: number;
  to: number;
}

function reducePart(
  { run }: LaunchContext,
  kind: Kind,
  x: Tensor,
  out: Tensor,
  { n, inner, pieces, scale }: Reduction,
  { xFirst, outFirst, count, from, to }: ReductionPart,
): void {
  const source = windowFrom(x, xFirst, ((count - 1) * n + to - from) * inner);
  const target = windowFrom(out, outFirst, count * pieces * inner);
  const start = kind === 'max' ? '-3.4e38f' : '0.0f';
  run({
    name: kind,
    read: { x: source.operand },
    write: { out: target.operand },
    consts: { N: n, INNER: inner, PIECES: pieces, PER: Math.ceil(n / pieces), FROM: from, TO: to },
    threads: count * pieces * inner,
    flops: count * (to - from) * inner,
    code: wgsl`fn thread(i: u32) {
      let inner = i % INNER;
      let piece = (i / INNER) % PIECES;
      let outer = i / (INNER * PIECES);
      let base = outer * N * INNER + inner + ${source.shift}u;
      let at = i + ${target.shift}u;
      let end = min(TO, (piece + 1u) * PER);
      var acc = ${from > 0 ? 'f32(out[at])' : start};
      for (var k = max(FROM, piece * PER); k < end; k++) {
        let v = f32(x[base + (k - FROM) * INNER]);
        acc = ${combine[kind]};
      }
      out[at] = out_t(acc${scale === 1 ? '' : ` / ${scale}.0f`});
    }`,
  });
}

type ReduceSignature = (x: Tensor, options?: { axis?: number; keepDim?: boolean }) => Tensor;

function defineReduce(kind: Kind): Op<ReduceSignature> {
  const definition: OpDefinition<ReduceAttrs, readonly [Tensor]> = {
    name: kind,
    inputs: ['x'],
    infer([x], attrs) {
      assertFloat(kind, 'x', x);
      const { n, out } = split(kind, x.shape, attrs);
      if (n === 0 && kind !== 'sum')
        throw new ShapeError(`${kind}: nothing to reduce in ${formatShape(x.shape)}`);
      return [{ shape: out, dtype: x.dtype }];
    },
    launch(context, [x], [out], attrs) {
      const { outer, n, inner } = split(kind, x.shape, attrs);
      const scale = kind === 'mean' ? n : 1;
      const short = n <= longRow || outer * inner >= 256;
      if (short && !isWide(context.device, x, n, inner)) {
        reduceOnce(context, kind, x, out, { outer, n, inner, pieces: 1, scale });
        return;
      }
      const pieces = short ? 1 : Math.min(1024, Math.ceil(Math.sqrt(n)));
      const parts = emptyTensor(context.device, [outer, pieces, inner]);
      reduceOnce(context, kind === 'max' ? 'max' : 'sum', x, parts, { outer, n, inner, pieces, scale: 1 });
      reduceOnce(context, kind, parts, out, { outer, n: pieces, inner, pieces: 1, scale });
    },
    vjp:
      kind === 'max'
        ? undefined
        : ({ inputs: [x], attrs, grad }) => {
            const { outer, n, inner } = split(kind, x.shape, attrs);
            return repeatMiddle([grad], {
              outer,
              n,
              inner,
              shape: x.shape,
              scale: kind === 'mean' ? 1 / n : 1,
            });
          },
  };
  return defineOp(
    definition,
    (apply) =>
      (x: Tensor, { axis, keepDim = false }: { axis?: number; keepDim?: boolean } = {}): Tensor =>
        apply([x], { axis, keepDim })[0],
  );
}

/** Sum over `axis` (all elements by default). */
export const sum = defineReduce('sum');
/** Mean over `axis` (all elements by default). */
export const mean = defineReduce('mean');
/** Maximum over `axis`; not differentiable. */
export const max = defineReduce('max');
