// OpInfo's reductions, moves, products and layers by the engine's names.
import * as f from '../../../src/node.ts';
import type { Tensor } from '../../../src/node.ts';
import { TorchSkip, type TorchCall, type TorchRule, type TorchRules } from './torch-call.ts';

type Reduced = { axis?: number[]; keepDim: boolean };

const scalarsAside = (x: Tensor, dims: number[] | undefined): number[] | undefined => {
  if (x.rank === 0 && dims?.length) throw new TorchSkip('axes of a scalar');
  return dims?.length ? dims : undefined;
};

const reduction =
  (of: (x: Tensor, options: Reduced) => Tensor | Tensor[]): TorchRule =>
  (call) => {
    const x = call.tensor(0);
    return of(x, { axis: scalarsAside(x, call.numbers(1, 'dim')), keepDim: call.flag(2, 'keepdim') });
  };

const argument =
  (of: typeof f.argmax): TorchRule =>
  (call) => {
    const [x, dim] = [call.tensor(0), call.numbers(1, 'dim')];
    const axis = scalarsAside(x, dim)?.[0];
    if (axis === undefined) throw new TorchSkip('argmax of all elements');
    return of(x, { axis, keepDim: call.flag(2, 'keepdim') });
  };

const spread =
  (of: typeof f.var): TorchRule =>
  (call) => {
    const correction = call.at(-1, 'correction') as number | undefined;
    if (call.size > 1) throw new TorchSkip('positional arguments of variances');
    const unbiased = call.flag(-1, 'unbiased', true);
    return of(call.tensor(0), {
      axis: call.numbers(-1, 'dim'),
      keepDim: call.flag(-1, 'keepdim'),
      correction: correction ?? (unbiased ? 1 : 0),
    });
  };

const axisOne =
  (of: (x: Tensor, axis: number) => Tensor): TorchRule =>
  (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return of(call.tensor(0), call.number(1, 'dim', 0));
  };

/** x [C, …] is [1, C, …]. */
const batched = (x: Tensor, rank: number): Tensor => (x.rank === rank ? x : f.unsqueeze(x, 0));
const unbatched = (y: Tensor, x: Tensor, rank: number): Tensor => (x.rank === rank ? y : f.squeeze(y, 0));

const one = (value: number[] | undefined, otherwise: number): number => value?.[0] ?? otherwise;
const pair = (value: number[] | undefined, otherwise: number): [number, number] =>
  value?.length ? [value[0], value[1] ?? value[0]] : [otherwise, otherwise];

function conv(call: TorchCall, axes: 1 | 2, isTransposed: boolean): Tensor {
  const x = call.tensor(0);
  const [weight, bias] = [call.tensor(1, 'weight'), call.maybeTensor(2, 'bias')];
  const numbers = (name: string, place: number, otherwise: number): number[] => {
    const given = call.at(place, name);
    return typeof given === 'string' ? [] : pair(call.numbers(place, name), otherwise);
  };
  const word = call.at(4, 'padding');
  if (word === 'same') throw new TorchSkip("padding 'same', whose odd pixel is elsewhere");
  const stride = numbers('stride', 3, 1);
  const padding = word === 'valid' ? [0, 0] : numbers('padding', 4, 0);
  const more = numbers('output_padding', 5, 0);
  const [groups, dilation] = isTransposed
    ? [call.number(6, 'groups', 1), numbers('dilation', 7, 1)]
    : [call.number(6, 'groups', 1), numbers('dilation', 5, 1)];
  const input = batched(x, axes + 2);
  if (axes === 1) {
    const options = {
      stride: stride[0],
      padding: padding[0],
      dilation: dilation[0],
      groups,
      layout: 'ncw',
    } as const;
    const y = isTransposed
      ? f.convTranspose1d(input, weight, bias, { ...options, outputPadding: more[0] })
      : f.conv1d(input, weight, bias, options);
    return unbatched(y, x, 3);
  }
  const options = {
    stride: pair(stride, 1),
    padding: pair(padding, 0),
    dilation: pair(dilation, 1),
    groups,
    layout: 'nchw',
  } as const;
  const y = isTransposed
    ? f.convTranspose2d(input, weight, bias, { ...options, outputPadding: pair(more, 0) })
    : f.conv2d(input, weight, bias, options);
  return unbatched(y, x, 4);
}

const channelsLast = (x: Tensor): Tensor => f.movedim(x, 1, -1);
const channelsSecond = (x: Tensor): Tensor => f.movedim(x, -1, 1);

export const shaped: TorchRules = {
  sum: reduction(f.sum),
  mean: reduction(f.mean),
  amax: reduction(f.max),
  amin: reduction(f.min),
  logsumexp: reduction(f.logSumExp),
  'max.reduction_no_dim': (call) => f.max(call.tensor(0)),
  'min.reduction_no_dim': (call) => f.min(call.tensor(0)),
  prod: reduction(f.prod),
  any: reduction(f.any),
  all: reduction(f.all),
  argmax: argument(f.argmax),
  argmin: argument(f.argmin),
  var: spread(f.var),
  std: spread(f.std),
  cumsum: axisOne(f.cumsum),
  cumprod: axisOne(f.cumprod),
  softmax: axisOne((x, axis) => f.softmax(x, { axis })),
  log_softmax: axisOne((x, axis) => f.logSoftmax(x, { axis })),
  'nn.functional.softmin': axisOne((x, axis) => f.softmin(x, { axis })),
  topk: (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return f.topK(call.tensor(0), call.number(1, 'k', 1), {
      axis: call.number(2, 'dim', -1),
      largest: call.flag(3, 'largest', true),
    });
  },
  flip: (call) => f.flip(call.tensor(0), call.numbers(1, 'dims')!),
  roll: (call) => f.roll(call.tensor(0), call.numbers(1, 'shifts')!, call.numbers(2, 'dims')),
  tril: (call) => f.tril(call.tensor(0), call.number(1, 'diagonal', 0)),
  triu: (call) => f.triu(call.tensor(0), call.number(1, 'diagonal', 0)),
  repeat: (call) => f.repeat(call.tensor(0), call.numbers(1, 'repeats')!),
  expand: (call) => f.expand(call.tensor(0), call.numbers(1, 'size')!),
  broadcast_to: (call) => f.expand(call.tensor(0), call.numbers(1, 'size')!),
  reshape: (call) => f.reshape(call.tensor(0), call.numbers(1, 'shape')!),
  view: (call) => f.reshape(call.tensor(0), call.numbers(1, 'size')!),
  permute: (call) => f.permute(call.tensor(0), call.numbers(1, 'dims')!),
  transpose: (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return f.swapaxes(call.tensor(0), call.number(1, 'dim0', 0), call.number(2, 'dim1', 0));
  },
  movedim: (call) => f.movedim(call.tensor(0), call.numbers(1, 'source')!, call.numbers(2, 'destination')!),
  unsqueeze: (call) => f.unsqueeze(call.tensor(0), call.number(1, 'dim', 0)),
  cat: (call) => f.concat(call.at(0, 'tensors') as Tensor[], { axis: call.number(1, 'dim', 0) }),
  stack: (call) => f.stack(call.at(0, 'tensors') as Tensor[], { axis: call.number(1, 'dim', 0) }),
  split: (call) =>
    f.split(call.tensor(0), call.at(1, 'split_size') as number, { axis: call.number(2, 'dim', 0) }),
  chunk: (call) => f.chunk(call.tensor(0), call.number(1, 'chunks', 1), { axis: call.number(2, 'dim', 0) }),
  unbind: (call) => f.unbind(call.tensor(0), call.number(1, 'dim', 0)),
  select: (call) => f.select(call.tensor(0), call.number(1, 'dim', 0), call.number(2, 'index', 0)),
  gather: (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return f.gather(call.tensor(0), call.number(1, 'dim', 0), call.tensor(2));
  },
  scatter_add: (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return f.scatterAdd(call.tensor(0), call.number(1, 'dim', 0), call.tensor(2), call.tensor(3));
  },
  index_select: (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return f.indexSelect(call.tensor(0), call.number(1, 'dim', 0), call.tensor(2));
  },
  mm: (call) => f.matmul(call.tensor(0), call.tensor(1)),
  bmm: (call) => f.bmm(call.tensor(0), call.tensor(1)),
  dot: (call) => f.dot(call.tensor(0), call.tensor(1)),
  outer: (call) => f.outer(call.tensor(0), call.tensor(1)),
  einsum: (call) => f.einsum(call.at(1, 'equation') as string, ...(call.at(0, '') as Tensor[])),
  'nn.functional.linear': (call) =>
    f.linear(call.tensor(0), call.tensor(1, 'weight'), call.maybeTensor(2, 'bias')),
  'nn.functional.conv1d': (call) => conv(call, 1, false),
  'nn.functional.conv2d': (call) => conv(call, 2, false),
  'nn.functional.conv_transpose1d': (call) => conv(call, 1, true),
  'nn.functional.conv_transpose2d': (call) => conv(call, 2, true),
  'nn.functional.max_pool2d': (call) => {
    const x = call.tensor(0);
    const y = f.maxPool2dWithIndices(batched(x, 4), {
      kernelSize: pair(call.numbers(1, 'kernel_size'), 1),
      stride: pair(call.numbers(2, 'stride'), 1),
      padding: pair(call.numbers(3, 'padding'), 0),
      dilation: pair(call.numbers(4, 'dilation'), 1),
      ceilMode: call.flag(-1, 'ceil_mode'),
      layout: 'nchw',
    });
    return y.slice(0, call.flag(-1, 'return_indices') ? 2 : 1).map((t) => unbatched(t, x, 4));
  },
  'nn.functional.avg_pool2d': (call) => {
    if (call.at(6, 'divisor_override')) throw new TorchSkip('avgPool2d with a divisor of its own');
    const kernelSize = pair(call.numbers(1, 'kernel_size'), 1);
    const stride = call.numbers(2, 'stride');
    const options = {
      kernelSize,
      stride: stride?.length ? pair(stride, 1) : kernelSize,
      padding: pair(call.numbers(3, 'padding'), 0),
      ceilMode: call.flag(4, 'ceil_mode'),
      countIncludePad: call.flag(5, 'count_include_pad', true),
      layout: 'nchw',
    } as const;
    return unbatched(f.avgPool2d(batched(call.tensor(0), 4), options), call.tensor(0), 4);
  },
  'nn.functional.avg_pool1d': (call) => {
    const options = {
      kernelSize: one(call.numbers(1, 'kernel_size'), 1),
      stride: call.numbers(2, 'stride')?.[0],
      padding: one(call.numbers(3, 'padding'), 0),
      ceilMode: call.flag(4, 'ceil_mode'),
      countIncludePad: call.flag(5, 'count_include_pad', true),
      layout: 'ncw',
    } as const;
    return unbatched(f.avgPool1d(batched(call.tensor(0), 3), options), call.tensor(0), 3);
  },
  'nn.functional.pixel_shuffle': (call) =>
    f.pixelShuffle(call.tensor(0), call.number(1, 'upscale_factor', 1), { layout: 'nchw' }),
  'nn.functional.grid_sample': (call) => {
    const mode = call.text(2, 'mode', 'bilinear');
    if ((mode as string) === 'bicubic' || call.tensor(0).rank !== 4)
      throw new TorchSkip('gridSample of volumes or bicubic');
    return f.gridSample(call.tensor(0), call.tensor(1), {
      mode: mode as 'bilinear',
      paddingMode: call.text(3, 'padding_mode', 'zeros'),
      alignCorners: call.flag(4, 'align_corners'),
      layout: 'nchw',
    });
  },
  'nn.functional.batch_norm': (call) => {
    const momentum = call.number(6, 'momentum', 0.1);
    if (momentum < 0) throw new TorchSkip('a momentum below 0');
    if (call.tensor(0).rank < 2) throw new TorchSkip('batchNorm of one axis');
    const options = {
      runningMean: call.maybeTensor(1, 'running_mean'),
      runningVar: call.maybeTensor(2, 'running_var'),
      training: call.flag(5, 'training'),
      momentum,
      eps: call.number(7, 'eps', 1e-5),
    };
    return channelsSecond(
      f.batchNorm(
        channelsLast(call.tensor(0)),
        call.maybeTensor(3, 'weight'),
        call.maybeTensor(4, 'bias'),
        options,
      ),
    );
  },
  'nn.functional.group_norm': (call) => {
    const eps = call.number(4, 'eps', 1e-5);
    if (eps < 0) throw new TorchSkip('an eps below 0');
    const [gain, bias] = [call.maybeTensor(2, 'weight'), call.maybeTensor(3, 'bias')];
    const x = channelsLast(call.tensor(0));
    return channelsSecond(f.groupNorm(x, call.number(1, 'num_groups', 1), gain, bias, { eps }));
  },
  'nn.functional.layer_norm': (call) => {
    const shape = call.numbers(1, 'normalized_shape')!;
    const x = call.tensor(0);
    if (shape.length !== 1) throw new TorchSkip('layerNorm over several axes');
    return f.layerNorm(x, call.maybeTensor(2, 'weight'), call.maybeTensor(3, 'bias'), {
      eps: call.number(4, 'eps', 1e-5),
    });
  },
  'nn.functional.cross_entropy': (call) => {
    if (call.tensor(1).dtype === 'f32')
      throw new TorchSkip('crossEntropy with probabilities of channels second');
    const smoothing = call.number(-1, 'label_smoothing', 0);
    const weight = call.maybeTensor(-1, 'weight');
    if (smoothing && weight) throw new TorchSkip('crossEntropy with weights and smoothing together');
    return f.crossEntropy(channelsLast(call.tensor(0)), call.tensor(1), {
      reduction: call.text(-1, 'reduction', 'mean'),
      ignoreIndex: call.number(-1, 'ignore_index', -100),
      labelSmoothing: smoothing,
      weight,
    });
  },
  'nn.functional.nll_loss': (call) => {
    const x = call.tensor(0);
    return f.nllLoss(x.rank === 1 ? x : channelsLast(x), call.tensor(1), {
      reduction: call.text(-1, 'reduction', 'mean'),
      ignoreIndex: call.number(-1, 'ignore_index', -100),
      weight: call.maybeTensor(-1, 'weight'),
    });
  },
};
