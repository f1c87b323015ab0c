// ONNX's reductions, norms and what else goes along axes.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { read, type Inputs, type NodeCall, type Rule, type Rules, type Value } from '../value.ts';

type Options = { axis?: number[]; keepDim: boolean };

/** Axes from the attribute of older versions or the second input of newer ones. */
async function axesOf(inputs: Inputs, call: NodeCall): Promise<number[] | undefined | 'none'> {
  const axes = inputs[1] ? await read(inputs[1]) : call.ints('axes');
  if (axes && axes.length > 0) return axes;
  return call.int('noop_with_empty_axes', 0) ? 'none' : undefined;
}

const reduction =
  (of: (x: Tensor, options: Options) => Tensor): Rule =>
  async (inputs, call) => {
    const [x] = inputs as [Value];
    const axis = await axesOf(inputs, call);
    if (axis === 'none') return [x];
    const keepDim = call.int('keepdims', 1) === 1;
    return [{ tensor: of(x.tensor, { axis, keepDim }), type: x.type }];
  };

const argument =
  (of: typeof f.argmax): Rule =>
  ([x], call) => {
    const axis = call.int('axis', 0);
    const keepDim = call.int('keepdims', 1) === 1;
    const isLast = call.int('select_last_index', 0) === 1;
    if (!isLast) return [{ tensor: f.cast(of(x!.tensor, { axis, keepDim }), 'i32'), type: 'int64' }];
    const flipped = f.cast(of(f.flip(x!.tensor, [axis]), { axis, keepDim }), 'i32');
    return [{ tensor: f.sub(x!.tensor.dim(axis) - 1, flipped), type: 'int64' }];
  };

/** Before version 13 softmax goes over all axes from `axis` on at once. */
const rows =
  (of: (x: Tensor, options: { axis: number }) => Tensor): Rule =>
  ([x], call) => {
    const { tensor, type } = x!;
    if (call.opset >= 13) return [{ tensor: of(tensor, { axis: call.int('axis', -1) }), type }];
    const axis = call.int('axis', 1);
    const lead = tensor.shape.slice(0, axis).reduce((a, b) => a * b, 1);
    return [{ tensor: f.reshape(of(f.reshape(tensor, [lead, -1]), { axis: 1 }), tensor.shape), type }];
  };

export const reduce: Rules = {
  ReduceL1: reduction((x, options) => f.sum(f.abs(x), options)),
  ReduceL2: reduction((x, options) => f.sqrt(f.sum(f.square(x), options))),
  ReduceLogSum: reduction((x, options) => f.log(f.sum(x, options))),
  ReduceLogSumExp: reduction((x, options) => f.logSumExp(x, options)),
  ReduceMax: reduction((x, options) => f.max(x, options)),
  ReduceMean: reduction((x, options) => f.mean(x, options)),
  ReduceMin: reduction((x, options) => f.min(x, options)),
  ReduceProd: reduction((x, options) => f.prod(x, options)),
  ReduceSum: reduction((x, options) => f.sum(x, options)),
  ReduceSumSquare: reduction((x, options) => f.sum(f.square(x), options)),
  ArgMax: argument(f.argmax),
  ArgMin: argument(f.argmin),
  Softmax: rows(f.softmax),
  LogSoftmax: rows(f.logSoftmax),
  Hardmax: rows((x, { axis }) => {
    const at = f.argmax(x, { axis });
    const hot = f.oneHot(at, x.dim(axis));
    const rank = x.rank;
    const place = axis < 0 ? axis + rank : axis;
    const order = [...Array(rank).keys()].map((i) => (i < place ? i : i === place ? rank - 1 : i - 1));
    return f.cast(f.transpose(hot, order), 'f32');
  }),
  CumSum: async ([x, axis], call) => {
    const [at] = await read(axis!);
    const place = at < 0 ? at + x!.tensor.rank : at;
    const isReverse = call.int('reverse', 0) === 1;
    const turned = isReverse ? f.flip(x!.tensor, [place]) : x!.tensor;
    let sums = f.cumsum(turned, place);
    if (call.int('exclusive', 0) === 1) sums = f.sub(sums, turned);
    return [{ tensor: isReverse ? f.flip(sums, [place]) : sums, type: x!.type }];
  },
  TopK: async ([x, k], call) => {
    const [count] = k ? await read(k) : [call.int('k', 1)];
    const options = { axis: call.int('axis', -1), largest: call.int('largest', 1) === 1 };
    const [values, indices] = f.topK(x!.tensor, count, options);
    return [
      { tensor: values, type: x!.type },
      { tensor: f.cast(indices, 'i32'), type: 'int64' },
    ];
  },
  LayerNormalization: ([x, scale, bias], call) => {
    const { tensor, type } = x!;
    const axis = call.int('axis', -1);
    const at = axis < 0 ? axis + tensor.rank : axis;
    const lead = tensor.shape.slice(0, at);
    const flat = f.reshape(tensor, [...lead, -1]);
    const gain = f.reshape(scale!.tensor, [-1]);
    const shift = bias ? f.reshape(bias.tensor, [-1]) : f.fill(call.device, gain.shape, 0);
    const eps = call.float('epsilon', 1e-5);
    const mean = f.mean(flat, { axis: -1, keepDim: true });
    const variance = f.mean(f.square(f.sub(flat, mean)), { axis: -1, keepDim: true });
    const statistics = [...lead, ...tensor.shape.slice(at).map(() => 1)];
    return [
      { tensor: f.reshape(f.layerNorm(flat, gain, shift, { eps }), tensor.shape), type },
      { tensor: f.reshape(mean, statistics), type },
      { tensor: f.reshape(f.rsqrt(f.add(variance, eps)), statistics), type },
    ];
  },
  MeanVarianceNormalization: ([x], call) => {
    const axis = call.ints('axes') ?? [0, 2, 3];
    const centred = f.sub(x!.tensor, f.mean(x!.tensor, { axis, keepDim: true }));
    const std = f.sqrt(f.mean(f.square(centred), { axis, keepDim: true }));
    return [{ tensor: f.div(centred, f.add(std, 1e-9)), type: x!.type }];
  },
};
