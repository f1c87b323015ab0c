// meshgrid: the coordinates of a grid, one tensor for each of its axes.
import { assertChoice, assertRank, assertTensor } from '../../arguments.ts';
import type { Tensor } from '../../tensor.ts';
import { expand } from './expand.ts';
import { reshape } from './reshape.ts';
import { swapaxes } from './transpose.ts';

/**
 * Of vectors [N], [M], … one tensor [N, M, …] each, that changes along its own axis alone. With `indexing: 'xy'` the first two
 * axes change places, as pictures have them; default 'ij'.
 * @example
 * const [y, x] = meshgrid([arange(device, height), arange(device, width)]); // [height, width] each
 */
export function meshgrid(
  tensors: readonly Tensor[],
  { indexing = 'ij' }: { indexing?: 'ij' | 'xy' } = {},
): Tensor[] {
  assertChoice('meshgrid', 'indexing', indexing, ['ij', 'xy']);
  tensors.forEach((t, i) => {
    assertTensor('meshgrid', `tensor ${i}`, t);
    assertRank('meshgrid', `tensor ${i}`, t, ['N']);
  });
  const sizes = tensors.map(({ size }) => size);
  return tensors.map((t, i) => {
    const grid = expand(
      reshape(
        t,
        sizes.map((n, k) => (k === i ? n : 1)),
      ),
      sizes,
    );
    return indexing === 'xy' && tensors.length > 1 ? swapaxes(grid, 0, 1) : grid;
  });
}
