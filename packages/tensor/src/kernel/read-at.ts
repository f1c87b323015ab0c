// Where a result that only moves elements reads its source: one rule per axis, made into an operand of a pointwise kernel,
// so that a plan can join a move with what reads it.
import { stridesOf } from '../core/shape.ts';
import type { LaunchContext } from '../op.ts';
import type { Bindable } from './bindable.ts';
import type { PlacedOperand } from './pointwise-graph.ts';
import { registerType, runPointwise } from './pointwise.ts';

/** One axis of the result. Entry c of it is entry c + offset of the source, or what `at` says. */
export interface AxisRead {
  /** Entries in the result. */
  size: number;
  /** Elements from one entry to the next in the source; 0 where all entries read the same. */
  stride: number;
  offset?: number;
  /** WGSL of the source's entry for entry `c`, a u32. */
  at?: (c: string) => string;
  /** WGSL condition on entry `c`: where it is false there is nothing to read, and the result is 0. */
  inside?: (c: string) => string;
  /** Entries of the source, where c + offset may lie outside of them. */
  limit?: number;
}

const isPlain = ({ offset = 0, at, inside, limit }: AxisRead): boolean =>
  offset === 0 && !at && !inside && limit === undefined;

/** Neighbours that lie in the source as in the result are one axis: each axis costs a division for each element. */
function joined(axes: readonly AxisRead[]): AxisRead[] {
  const out: AxisRead[] = [];
  for (const axis of axes) {
    const before = out.at(-1);
    if (axis.size === 1 && isPlain(axis)) continue;
    if (before && isPlain(before) && isPlain(axis) && before.stride === axis.stride * axis.size)
      out[out.length - 1] = { size: before.size * axis.size, stride: axis.stride };
    else out.push(axis);
  }
  return out;
}

/** `x` as an operand of a result whose axes are `axes`. */
export function readAt(x: Bindable, axes: readonly AxisRead[]): PlacedOperand {
  const all = joined(axes);
  // Axes at the end that lie as in the source move as one piece, together with the one before if it is only shifted.
  let inner = 1;
  while (all.length > 0 && isPlain(all.at(-1)!) && all.at(-1)!.stride === inner) inner *= all.pop()!.size;
  const shifted = all.at(-1);
  if (shifted && !shifted.at && !shifted.inside && shifted.stride === inner && inner > 0) {
    const { size, offset = 0, limit } = all.pop()!;
    all.push({
      size: size * inner,
      stride: 1,
      offset: offset * inner,
      limit: limit === undefined ? undefined : limit * inner,
    });
    inner = 1;
  } else if (inner !== 1 || all.length === 0) {
    all.push({ size: inner, stride: 1 });
    inner = 1;
  }
  // The last axis now holds what may be read four at a time, where everything is a multiple of 4.
  const last = all.at(-1)!;
  const isWide =
    x.size % 4 === 0 &&
    last.stride === 1 &&
    !last.at &&
    !last.inside &&
    [last.size, last.offset ?? 0, last.limit ?? 0, ...all.slice(0, -1).map(({ stride }) => stride)].every(
      (n) => n % 4 === 0,
    );
  const strides = stridesOf(all.map(({ size }) => size));
  const entry = (i: string, k: number, vec: 1 | 4): string => {
    const step = k === all.length - 1 ? 1 : strides[k] / vec;
    const size = k === all.length - 1 ? all[k].size / vec : all[k].size;
    const place = step === 1 ? i : `${i} / ${step}u`;
    return k === 0 ? `(${place})` : `((${place}) % ${size}u)`;
  };
  const moved = (k: number, c: string, vec: 1 | 4): string => {
    const { offset = 0, at } = all[k];
    if (at) return at(c);
    const by = k === all.length - 1 ? offset / vec : offset;
    return by === 0 ? c : by > 0 ? `(${c} + ${by}u)` : `(${c} - ${-by}u)`;
  };
  const index = (i: string, vec: 1 | 4): string =>
    all
      .map(({ size, stride, at, offset }, k) => {
        if (stride === 0 || (size === 1 && !at && !offset)) return '';
        const step = k === all.length - 1 && vec === 4 ? 1 : stride / vec;
        const source = moved(k, entry(i, k, vec), vec);
        return step === 1 ? source : `${source} * ${step}u`;
      })
      .filter(Boolean)
      .join(' + ') || '0u';
  const conditions = all.flatMap(({ inside, limit }, k): ((i: string, vec: 1 | 4) => string)[] => [
    ...(inside ? [(i: string, vec: 1 | 4): string => `(${inside(entry(i, k, vec))})`] : []),
    ...(limit === undefined
      ? []
      : [
          (i: string, vec: 1 | 4): string =>
            `${moved(k, entry(i, k, vec), vec)} < ${k === all.length - 1 ? limit / vec : limit}u`,
        ]),
  ]);
  return {
    tensor: x,
    index,
    inside: conditions.length === 0 ? undefined : (i, vec) => conditions.map((is) => is(i, vec)).join(' && '),
    widest: isWide ? 4 : 1,
  };
}

/** Runs the kernel of an op that only moves elements. */
export function runMove(
  context: LaunchContext,
  name: string,
  x: Bindable,
  out: Bindable,
  axes: readonly AxisRead[],
): void {
  runPointwise(context, { name, read: { x: readAt(x, axes) }, out, value: `${registerType(out.dtype)}(x)` });
}

/** The axes of a tensor of `shape` read as they lie; callers replace those that they move. */
export function plainAxes(shape: readonly number[]): AxisRead[] {
  const strides = stridesOf(shape);
  return shape.map((size, k) => ({ size, stride: strides[k] }));
}
