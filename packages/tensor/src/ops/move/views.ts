// squeeze, unsqueeze, flatten, unflatten: names for what reshape does. Views of the same memory; any dtype.
import { assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, sizeOf, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from './reshape.ts';

/**
 * Without the axes of size 1 in `axes` (default: all of them). Axes of another size stay, as in PyTorch.
 * @example
 * tensor(device, [1, 2], [1, 2, 1]).squeeze(-1); // [1, 2]
 */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  assertTensor('squeeze', 'x', x);
  const chosen = (typeof axes === 'number' ? [axes] : axes)?.map((axis) =>
    normaliseAxis('squeeze', axis, x.rank),
  );
  return reshape(
    x,
    x.shape.filter((n, i) => n !== 1 || chosen?.includes(i) === false),
  );
}

/**
 * With an axis of size 1 more, which is axis `axis` of the result; −1 puts it last.
 * @example
 * tensor(device, [1, 2]).unsqueeze(0); // [1, 2]
 */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  assertTensor('unsqueeze', 'x', x);
  const at = normaliseAxis('unsqueeze', axis, x.rank + 1);
  return reshape(x, x.shape.toSpliced(at, 0, 1));
}

/**
 * Axes `start` to `end`, the last included, as one; default: all. A tensor without axes gets one.
 * @example
 * images.flatten(1); // [N, C, H, W] → [N, C·H·W]
 */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  assertTensor('flatten', 'x', x);
  if (x.rank === 0) return reshape(x, [1]);
  const from = normaliseAxis('flatten', start, x.rank);
  const to = normaliseAxis('flatten', end, x.rank);
  if (from > to)
    throw new ShapeError(`flatten: axis ${start} lies behind axis ${end} in ${formatShape(x.shape)}`);
  return reshape(x, [
    ...x.shape.slice(0, from),
    sizeOf(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ]);
}

/**
 * Axis `axis` as several, of the sizes `sizes`, one of which may be −1.
 * @throws ShapeError when their product is not the axis's size.
 * @example
 * x.unflatten(-1, [heads, -1]); // [B, T, C] → [B, T, heads, C / heads]
 */
export function unflatten(x: Tensor, axis: number, sizes: Shape): Tensor {
  assertTensor('unflatten', 'x', x);
  const at = normaliseAxis('unflatten', axis, x.rank);
  const known = sizeOf(sizes.filter((n) => n !== -1));
  const found = sizes.map((n) => (n === -1 ? x.shape[at] / known : n));
  if (sizeOf(found) !== x.shape[at] || found.some((n) => !Number.isInteger(n) || n < 0))
    throw new ShapeError(
      `unflatten: ${formatShape(sizes)} does not make the size ${x.shape[at]} of axis ${axis} of ${formatShape(x.shape)}`,
    );
  return reshape(x, x.shape.toSpliced(at, 1, ...found));
}
