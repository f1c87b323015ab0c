// cumsum and cumprod: running sums and products along an axis.
//
// Legend: x is seen as [outer, n, inner]. An invocation walks a short axis by itself. A long one is cut into pieces: each
// piece is reduced, the results are scanned in turn, and a piece begins with what all before it came to.
import { assertNumber } from '../../arguments.ts';
import { normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import type { Bindable } from '../../kernel/bindable.ts';
import { loadedType } from '../../kernel/order-keys.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, kernelOp, type LaunchContext, type Op, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

type Kind = 'cumsum' | 'cumprod';

export interface CumulativeAttrs {
  axis: number;
}

interface View {
  outer: number;
  n: number;
  inner: number;
}

function viewOf(op: string, shape: Shape, { axis }: CumulativeAttrs): View {
  const at = normaliseAxis(op, axis, shape.length);
  return { outer: sizeOf(shape.slice(0, at)), n: shape[at], inner: sizeOf(shape.slice(at + 1)) };
}

/** Longest stretch that one invocation walks. */
const longWalk = 256;

interface Scan extends View {
  kind: Kind;
  x: Bindable;
  out: Bindable;
  /** From the end to the beginning. */
  reverse?: boolean;
}

const oneOf = (kind: Kind, dtype: DType): string => {
  const value = kind === 'cumsum' ? '0' : '1';
  return isFloat(dtype) ? `${value}.0f` : dtype === 'i32' ? `${value}i` : `${value}u`;
};

/**
 * One kernel over stretches of `per` elements. With `totals` alone it only reduces them, into [outer, pieces, inner]; with
 * `out` it writes running values, which begin with the scanned totals of the pieces before.
 */
function walk(
  { run }: LaunchContext,
  { kind, x, outer, n, inner, reverse }: Omit<Scan, 'out'>,
  { per, totals, out }: { per: number; totals?: Bindable; out?: Bindable },
): void {
  const pieces = Math.ceil(n / per);
  const type = loadedType(x.dtype);
  const operator = kind === 'cumsum' ? '+' : '*';
  run({
    name: out ? kind : `${kind} of pieces`,
    read: { x, ...(out && { totals }) },
    write: out ? { out } : { totals },
    consts: { INNER: inner, PIECES: pieces },
    sizes: { N: n, PER: per },
    threads: outer * pieces * inner,
    flops: outer * n * inner,
    code: wgsl`fn thread(i: u32) {
  let inner = i % INNER;
  let piece = (i / INNER) % PIECES;
  let base = (i / (INNER * PIECES)) * N * INNER + inner;
  let end = min(N, (piece + 1u) * PER);
  var acc = ${oneOf(kind, x.dtype)};
  ${out && totals && 'if (piece > 0u) { acc = totals[i - INNER]; }'}
  for (var k = piece * PER; k < end; k++) {
    let at = base + ${reverse ? '(N - 1u - k)' : 'k'} * INNER;
    acc = acc ${operator} ${type}(x[at]);
    ${out && 'out[at] = out_t(acc);'}
  }
  ${!out && 'totals[i] = acc;'}
}`,
  });
}

function scan(context: LaunchContext, { out, ...task }: Scan): void {
  const { kind, x, outer, n, inner } = task;
  if (n <= longWalk) {
    walk(context, task, { per: Math.max(1, n), out });
    return;
  }
  const pieces = Math.ceil(n / longWalk);
  const make = (): Tensor =>
    emptyTensor(context.device, [outer, pieces, inner], { dtype: loadedType(x.dtype) });
  const [totals, running] = [make(), make()];
  walk(context, task, { per: longWalk, totals });
  scan(context, { kind, x: totals, out: running, outer, n: pieces, inner });
  walk(context, task, { per: longWalk, totals: running, out });
}

const sumBackward = kernelOp<View, readonly [Tensor]>(
  'cumsumBackward',
  ([g]) => [{ shape: g.shape, dtype: g.dtype }],
  (context, [g], [out], view) => scan(context, { kind: 'cumsum', x: g, out, ...view, reverse: true }),
);

/**
 * dx[k] = Π x[i < k] · s[k] with s[k] = g[k] + x[k + 1] · s[k + 1]: no division, so zeros do no harm. The chain is one
 * invocation's.
 */
const prodBackward = kernelOp<View, readonly [Tensor, Tensor]>(
  'cumprodBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, g], [out], { outer, n, inner }) => {
    const products = emptyTensor(context.device, [outer, n, inner]);
    scan(context, { kind: 'cumprod', x, out: products, outer, n, inner });
    const chains = emptyTensor(context.device, [outer, n, inner]);
    context.run({
      name: 'cumprod backward',
      read: { x, g },
      write: { chains },
      consts: { INNER: inner },
      sizes: { N: n },
      threads: outer * inner,
      flops: 2 * x.size,
      code: wgsl`fn thread(i: u32) {
  let base = (i / INNER) * N * INNER + i % INNER;
  var s = 0.0f;
  for (var k = 0u; k < N; k++) {
    let at = base + (N - 1u - k) * INNER;
    s = f32(g[at]) + select(0.0f, f32(x[at + INNER * min(k, 1u)]), k > 0u) * s;
    chains[at] = s;
  }
}`,
    });
    context.run({
      name: 'cumprod backward',
      read: { products, chains },
      write: { out },
      consts: { INNER: inner, N: n },
      threads: out.size,
      code: wgsl`fn thread(i: u32) {
  let isFirst = (i / INNER) % N == 0u;
  out[i] = out_t(chains[i] * select(products[i - select(INNER, 0u, isFirst)], 1.0f, isFirst));
}`,
    });
  },
);

function defineCumulative(kind: Kind): Op<(x: Tensor, axis: number) => Tensor> {
  const definition: OpDefinition<CumulativeAttrs, readonly [Tensor]> = {
    name: kind,
    inputs: ['x'],
    infer([x], attrs) {
      viewOf(kind, x.shape, attrs);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    launch: (context, [x], [out], attrs) => scan(context, { kind, x, out, ...viewOf(kind, x.shape, attrs) }),
    vjp({ inputs: [x], attrs, grad }) {
      const view = viewOf(kind, x.shape, attrs);
      return kind === 'cumsum' ? sumBackward([grad], view) : prodBackward([x, grad], view);
    },
  };
  return defineOp(definition, (apply) => (x: Tensor, axis: number): Tensor => {
    assertNumber(kind, 'axis', axis, { integer: true });
    return apply([x], { axis })[0];
  });
}

/**
 * Running sums along `axis`: y[k] = Σ x[0 … k]. Any dtype; whole numbers are exact up to 32 bits and wrap beyond. Axes over
 * 256 entries are scanned in pieces, by three kernels for each factor of 256.
 * @example
 * cumsum(x, -1); // [1, 2, 3] → [1, 3, 6]
 */
export const cumsum = defineCumulative('cumsum');

/** Running products along `axis`: y[k] = Π x[0 … k], as {@link cumsum}. The gradient is right where zeros stand too. */
export const cumprod = defineCumulative('cumprod');
