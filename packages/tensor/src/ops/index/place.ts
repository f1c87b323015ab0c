// The rule for indices: where an index points, and what an index outside of its axis does.
//
// An i32 index from −n to −1 counts from the end. An index outside reads NaN where the result is a float and 0 where it is an
// integer, writes nothing, and gets no gradient: it is never another entry's memory. Lists of numbers are checked on the host.
// Ids of embedding and oneHot do not count from the end: outside of 0 … n − 1 they give zeros, as padding ids do.
import { assertInteger, assertNumber, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { stridesOf, type Shape } from '../../core/shape.ts';
import type { Device } from '../../core/device.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { kernelOp } from '../../op.ts';
import { tensor, type Tensor } from '../../tensor.ts';

/** WGSL of `fn placeOf(v, n: u32) -> u32`: the entry of n that index `v` means; n or more: none. */
export const placeOf = ({ dtype }: Tensor): string =>
  dtype === 'i32'
    ? 'fn placeOf(v: i32, n: u32) -> u32 { return u32(select(v, v + i32(n), v < 0)); }'
    : 'fn placeOf(v: u32, n: u32) -> u32 { return v; }';

/** WGSL of the element that an index outside of its axis reads. */
export const outsideValue = (dtype: DType): string => `${dtype}(${isFloat(dtype) ? 'notANumber()' : '0'})`;

/** Where a caller's index lies: whole numbers on the device, or a list of them. */
export type IndexLike = Tensor | readonly number[];

/**
 * The index as a tensor; a list is checked against the `n` entries it chooses from.
 * @throws ShapeError for a number in a list that is outside, DTypeError for a tensor of floats.
 */
export function indexTensor(op: string, device: Device, index: IndexLike, n: number): Tensor {
  if (!Array.isArray(index)) {
    assertTensor(op, 'index', index);
    assertInteger(op, 'index', index);
    return index;
  }
  for (const at of index as readonly number[]) {
    assertNumber(op, 'index', at, { integer: true });
    if (at < -n || at >= n) throw new ShapeError(`${op}: index ${at} is outside an axis of ${n} entries`);
  }
  return tensor(device, index as readonly number[], [index.length], { dtype: 'i32' });
}

/** The index as u32, where indices from the end count from the start; outside ones are n or more. */
export function fromStart(index: Tensor, n: number): Tensor {
  return index.dtype === 'u32' ? index : countedFromStart([index], { n })[0];
}

const countedFromStart = kernelOp(
  'indexFromStart',
  ([index]: readonly [Tensor], _attrs: { n: number }) => [{ shape: index.shape, dtype: 'u32' }],
  (context, [index], [out], { n }) =>
    runPointwise(context, {
      name: 'indexFromStart',
      read: { index },
      out,
      value: `VU(select(index, index + VI(${n}), index < VI(0)))`,
    }),
);

/** WGSL of Σ c · stride over the axes of `shape` but `axis`, c being the coordinates of element `i` of `shape`. */
export function offsetOf(i: string, shape: Shape, strides: readonly number[], axis: number): string {
  const own = stridesOf(shape);
  return (
    shape
      .map((n, k) => (k === axis || n === 1 ? '' : `((${i} / ${own[k]}u) % ${n}u) * ${strides[k]}u`))
      .filter(Boolean)
      .join(' + ') || '0u'
  );
}
