// ONNX's operators that read or write at lists of places.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { fromHost, read, type NodeCall, type Rules, type Value } from '../value.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Numbers of rows from lists of coordinates [..., k] along axes of these sizes; negative ones count from the end. */
function rowNumbers(coordinates: Tensor, sizes: readonly number[], call: NodeCall): Tensor {
  const make = (data: number[]): Tensor =>
    fromHost(call.device, { type: 'int64', shape: [data.length], data }).tensor;
  const fromEnd = f.where(f.lt(coordinates, 0), f.add(coordinates, make([...sizes])), coordinates);
  const strides = make(sizes.map((_, i) => sizeOf(sizes.slice(i + 1))));
  return f.sum(f.mul(fromEnd, strides), { axis: -1 });
}

export const places: Rules = {
  // Which entries are kept is read here: shapes do not depend on values in the engine.
  Compress: async ([x, condition], call) => {
    const kept = (await read(condition!)).flatMap((value, i) => (value ? [i] : []));
    const source = call.has('axis') ? x!.tensor : f.reshape(x!.tensor, [-1]);
    return [{ tensor: f.indexSelect(source, call.int('axis', 0), kept), type: x!.type }];
  },
  GatherND: ([x, indices], call) => {
    const batch = call.int('batch_dims', 0);
    const [shape, k] = [x!.tensor.shape, indices!.tensor.dim(-1)];
    const indexed = shape.slice(batch, batch + k);
    const rest = shape.slice(batch + k);
    const batches = sizeOf(shape.slice(0, batch));
    const numbers = f.reshape(rowNumbers(indices!.tensor, indexed, call), [batches, -1]);
    const first = f.mul(f.arange(call.device, batches, { dtype: 'i32' }), sizeOf(indexed));
    const rows = f.reshape(x!.tensor, [batches * sizeOf(indexed), ...rest]);
    const picked = f.indexSelect(rows, 0, f.reshape(f.add(numbers, f.unsqueeze(first, 1)), [-1]));
    return [{ tensor: f.reshape(picked, [...indices!.tensor.shape.slice(0, -1), ...rest]), type: x!.type }];
  },
  ScatterND: ([x, indices, updates], call) => {
    const { shape } = x!.tensor;
    const k = indices!.tensor.dim(-1);
    const inner = sizeOf(shape.slice(k));
    const numbers = f.reshape(rowNumbers(indices!.tensor, shape.slice(0, k), call), [-1, 1]);
    const index = f.expand(numbers, [numbers.dim(0), inner]);
    const rows = f.reshape(x!.tensor, [-1, inner]);
    const source = f.reshape(updates!.tensor, [-1, inner]);
    const how = call.text('reduction', 'none');
    const result =
      how === 'none'
        ? f.scatter(rows, 0, index, source)
        : f.scatterReduce(rows, 0, index, source, how === 'add' ? 'sum' : 'prod');
    return [{ tensor: f.reshape(result, shape), type: x!.type } satisfies Value];
  },
};
