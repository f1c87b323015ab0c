// oneHot and bincount: classes as rows of zeros and a one, and how often each number comes.
import { assertInteger, assertNumber, assertTensor } from '../../arguments.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { DType } from '../../dtype/dtype.ts';
import type { Tensor } from '../../tensor.ts';
import { fill } from '../create/fill.ts';
import { reshape } from '../move/reshape.ts';
import { cast } from '../unary/cast.ts';
import { scatterAdd } from './scatter.ts';

export interface OneHotAttrs {
  classes: number;
  dtype: DType;
}

const definition: OpDefinition<OneHotAttrs, readonly [Tensor]> = {
  name: 'oneHot',
  inputs: ['index'],
  infer([index], { classes, dtype }) {
    assertInteger('oneHot', 'index', index);
    assertNumber('oneHot', 'classes', classes, { integer: true, min: 0 });
    return [{ shape: [...index.shape, classes], dtype }];
  },
  launch({ run }, [index], [out], { classes }) {
    run({
      read: { index },
      write: { out },
      threads: out.size,
      code: wgsl`fn thread(i: u32) { out[i] = out_t(u32(index[i / ${classes}u]) == i % ${classes}u); }`,
    });
  },
};

/**
 * A 1 at the place of each index in a new last axis of `classes` entries, zeros elsewhere: [...] → [..., classes].
 * An index outside 0 … classes − 1 gives a row of zeros. f32 unless `dtype` says otherwise.
 * @example
 * labels.oneHot(10); // [N] → [N, 10]
 */
export const oneHot = defineOp(
  definition,
  (apply) =>
    (index: Tensor, classes: number, { dtype = 'f32' }: { dtype?: DType } = {}): Tensor =>
      apply([index], { classes, dtype })[0],
);

/**
 * How often each of the numbers 0 … length − 1 comes in `x`: u32 [length]. Other numbers are not counted. PyTorch finds the
 * length in the values; here shapes do not depend on values, so it is given.
 * @example
 * labels.bincount(10); // [N] → [10]
 */
export function bincount(x: Tensor, length: number): Tensor {
  assertTensor('bincount', 'x', x);
  assertInteger('bincount', 'x', x);
  assertNumber('bincount', 'length', length, { integer: true, min: 0 });
  return x.device.scope(() => {
    const index = reshape(x.dtype === 'u32' ? x : cast(x, 'u32'), [x.size]);
    const one = fill(x.device, [x.size], 1, { dtype: 'u32' });
    return scatterAdd(fill(x.device, [length], 0, { dtype: 'u32' }), 0, index, one);
  });
}
