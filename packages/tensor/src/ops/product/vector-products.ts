// dot, outer, bmm, cross: products with names of their own, made of others.
import { assertRank, assertTensor } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { mul, sub } from '../binary/arithmetic.ts';
import { reshape } from '../move/reshape.ts';
import { roll } from '../move/reverse.ts';
import { sum } from '../reduce/sum.ts';
import { matmul } from './matmul.ts';

/** Σ a · b of two vectors of one length: []. */
export function dot(a: Tensor, b: Tensor): Tensor {
  assertTensor('dot', 'a', a);
  assertTensor('dot', 'b', b);
  assertRank('dot', 'a', a, ['N']);
  assertRank('dot', 'b', b, ['N']);
  if (a.size !== b.size)
    throw new ShapeError(`dot: lengths differ: a ${formatShape(a.shape)} · b ${formatShape(b.shape)}`);
  return sum(mul(a, b));
}

/** Every product of an element of the vector a [N] and one of b [M]: [N, M]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  assertTensor('outer', 'a', a);
  assertTensor('outer', 'b', b);
  assertRank('outer', 'a', a, ['N']);
  assertRank('outer', 'b', b, ['M']);
  return mul(reshape(a, [a.size, 1]), b);
}

/** Products of as many matrices: a [B, M, K] · b [B, K, N] → [B, M, N]. */
export function bmm(a: Tensor, b: Tensor): Tensor {
  assertTensor('bmm', 'a', a);
  assertTensor('bmm', 'b', b);
  assertRank('bmm', 'a', a, ['B', 'M', 'K']);
  assertRank('bmm', 'b', b, ['B', 'K', 'N']);
  return matmul(a, b);
}

/**
 * The cross product of vectors that lie along `axis` (default the last), which has three entries.
 * @throws ShapeError for an axis of another size.
 */
export function cross(a: Tensor, b: Tensor, { axis = -1 }: { axis?: number } = {}): Tensor {
  assertTensor('cross', 'a', a);
  assertTensor('cross', 'b', b);
  for (const { shape } of [a, b])
    if (shape[normaliseAxis('cross', axis, shape.length)] !== 3)
      throw new ShapeError(`cross: axis ${axis} of ${formatShape(shape)} has not 3 entries`);
  // Component i is a[i + 1] · b[i + 2] − a[i + 2] · b[i + 1].
  return sub(mul(roll(a, -1, axis), roll(b, -2, axis)), mul(roll(a, -2, axis), roll(b, -1, axis)));
}
