// scatter, scatterAdd, scatterReduce: elements put to, or combined at, the places an index names.
import { assertChoice, assertElement, assertInteger, assertTensor } from '../../arguments.ts';
import { DTypeError } from '../../core/errors.ts';
import { normaliseAxis, sameShape } from '../../core/shape.ts';
import { defineOp, type OpDefinition, type TensorSpec } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { pad } from '../move/pad.ts';
import { assertIndexShape, gatherBack } from './gather-kernel.ts';
import { launchScatter, reductions, type ScatterAttrs, type ScatterReduction } from './scatter-kernel.ts';

function inferScatter(
  name: string,
  [x, index, source]: readonly [Tensor, Tensor, Tensor | undefined],
  { axis, value }: ScatterAttrs,
): TensorSpec[] {
  assertInteger(name, 'index', index);
  assertIndexShape(name, 'x', x.shape, index.shape, axis);
  if (source) {
    assertIndexShape(name, 'source', source.shape, index.shape, -1);
    if (source.dtype !== x.dtype)
      throw new DTypeError(`${name}: source is ${source.dtype}, but ${x.dtype} as of x is wanted`);
  } else assertElement(name, 'the value', value, x.dtype);
  return [{ shape: x.shape, dtype: x.dtype }];
}

/** The gradient of a source, some of which no index may have reached. */
function sourceGradient(g: Tensor, index: Tensor, source: Tensor, axis: number, lastOnly: boolean): Tensor {
  const read = gatherBack([g, index], { axis, lastOnly, zeroOutside: true })[0];
  return sameShape(read.shape, source.shape)
    ? read
    : pad(
        read,
        source.shape.map((n, k) => [0, n - read.shape[k]]),
      );
}

type ScatterInputs = readonly [Tensor, Tensor, Tensor | undefined];

const scatterDefinition: OpDefinition<ScatterAttrs, ScatterInputs> = {
  name: 'scatter',
  inputs: ['x', 'index', 'source'],
  infer: (inputs, attrs) => inferScatter('scatter', inputs, attrs),
  launch: launchScatter,
  vjp: ({ inputs: [, index, source], attrs: { axis }, grad, needs }) => [
    needs[0] ? scatter(grad, axis, index, 0) : undefined,
    undefined,
    source && needs[2] ? sourceGradient(grad, index, source, axis, true) : undefined,
  ],
};

const addDefinition: OpDefinition<ScatterAttrs, ScatterInputs> = {
  name: 'scatterAdd',
  inputs: ['x', 'index', 'source'],
  infer: (inputs, attrs) => inferScatter('scatterAdd', inputs, attrs),
  launch: launchScatter,
  vjp: ({ inputs: [, index, source], attrs: { axis }, grad, needs }) => [
    grad,
    undefined,
    source && needs[2] ? sourceGradient(grad, index, source, axis, false) : undefined,
  ],
};

const reduceDefinition: OpDefinition<ScatterAttrs, ScatterInputs> = {
  name: 'scatterReduce',
  inputs: ['x', 'index', 'source'],
  infer: (inputs, attrs) => inferScatter('scatterReduce', inputs, attrs),
  launch: launchScatter,
};

/**
 * `x` with elements of `source`, or a number, put at the index: for axis 0 out[index[i, j], j] = source[i, j], and so on. Of equal
 * indices of a line the last one wins, always, and gets the gradient. `index` has as many axes as `x` and is nowhere longer than
 * `source`, nor than `x` but along `axis`. Indices outside write nothing; an i32 index below 0 counts from the end. Any dtype.
 * @throws ShapeError and DTypeError for an index or a source that does not fit.
 * @example
 * zeros(device, [B, V]).scatter(1, targets.unsqueeze(1), 1); // one-hot rows
 */
export const scatter = defineOp(
  scatterDefinition,
  (apply) =>
    (x: Tensor, axis: number, index: Tensor, source: Tensor | number): Tensor => {
      assertTensor('scatter', 'x', x);
      const at = normaliseAxis('scatter', axis, x.rank);
      return typeof source === 'number'
        ? apply([x, index, undefined], { axis: at, reduce: 'last', value: source })[0]
        : apply([x, index, source], { axis: at, reduce: 'last' })[0];
    },
);

/**
 * `x` with elements of `source` added at the index, as {@link scatter} puts them; each sum in the order of the index, the same on
 * every run.
 */
export const scatterAdd = defineOp(
  addDefinition,
  (apply) =>
    (x: Tensor, axis: number, index: Tensor, source: Tensor): Tensor => {
      assertTensor('scatterAdd', 'x', x);
      assertTensor('scatterAdd', 'source', source);
      return apply([x, index, source], { axis: normaliseAxis('scatterAdd', axis, x.rank), reduce: 'sum' })[0];
    },
);

/**
 * `x` combined with elements of `source` at the index: 'sum', 'prod', 'amax' or 'amin', `x` included. Only 'sum' has a gradient.
 * NaN spreads.
 */
export const scatterReduce = defineOp(
  reduceDefinition,
  (apply) =>
    (x: Tensor, axis: number, index: Tensor, source: Tensor, reduce: ScatterReduction): Tensor => {
      assertChoice('scatterReduce', 'reduce', reduce, reductions);
      if (reduce === 'sum') return scatterAdd(x, axis, index, source);
      assertTensor('scatterReduce', 'x', x);
      assertTensor('scatterReduce', 'source', source);
      return apply([x, index, source], { axis: normaliseAxis('scatterReduce', axis, x.rank), reduce })[0];
    },
);
