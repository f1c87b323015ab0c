// OpInfo's indexing, sorting, padding and resizing by the engine's names.
import * as f from '../../../src/node.ts';
import type { Tensor } from '../../../src/node.ts';
import { TorchSkip, type TorchCall, type TorchRule, type TorchRules } from './torch-call.ts';

/** A rule of an op with axes; PyTorch lets a scalar have one. */
const withAxes =
  (rule: TorchRule): TorchRule =>
  (call) => {
    if (call.tensor(0).rank === 0) throw new TorchSkip('axes of a scalar');
    return rule(call);
  };

const sorted = (
  of: (x: Tensor, options: { axis: number; descending: boolean }) => readonly Tensor[] | Tensor,
): TorchRule =>
  withAxes((call) =>
    of(call.tensor(0), { axis: call.number(1, 'dim', -1), descending: call.flag(2, 'descending') }),
  );

const padded: TorchRule = (call) => {
  const x = call.tensor(0);
  const pads = call.numbers(1, 'pad')!;
  const mode = call.text<'constant' | 'reflect' | 'replicate' | 'circular'>(2, 'mode', 'constant');
  if (mode !== 'constant' && pads.some((n) => n < 0))
    throw new TorchSkip('pads below 0 in other modes than constant');
  // PyTorch lists the last axis first.
  const pairs = Array.from({ length: x.rank }, (_, i): [number, number] => {
    const at = 2 * (x.rank - 1 - i);
    return [pads[at] ?? 0, pads[at + 1] ?? 0];
  });
  return f.pad(x, pairs, mode === 'constant' ? { mode, value: call.number(3, 'value', 0) } : { mode });
};

const resized =
  (mode: 'nearest' | 'linear' | 'bilinear' | 'bicubic'): TorchRule =>
  (call) => {
    const x = call.tensor(0);
    if (mode === 'nearest' && x.rank === 5) throw new TorchSkip('volumes');
    const [size, scale] = [call.numbers(1, 'size'), call.numbers(2, 'scale_factor')];
    const whole = (list: number[]): number | number[] => (list.length === 1 ? list[0] : list);
    const given = size ? { size: whole(size) } : { scale: whole(scale!) };
    const alignCorners = call.at(4, 'align_corners') as boolean | undefined;
    return f.interpolate(x, {
      ...given,
      mode,
      ...(alignCorners !== undefined && { alignCorners }),
      layout: 'nchw',
    });
  };

const adaptive =
  (of: typeof f.adaptiveAvgPool2d): TorchRule =>
  (call: TorchCall) => {
    const x = call.tensor(0);
    const size = call.at(1, 'output_size') as number | (number | undefined)[];
    if (call.at(2, 'return_indices') === true) throw new TorchSkip('adaptive pools with indices');
    const images = x.rank === 4 ? x : f.unsqueeze(x, 0);
    const both: [number, number] =
      typeof size === 'number' ? [size, size] : [size[0] ?? images.dim(2), size[1] ?? images.dim(3)];
    const y = of(images, both, { layout: 'nchw' });
    return x.rank === 4 ? y : f.squeeze(y, 0);
  };

export const more: TorchRules = {
  sort: sorted((x, options) => f.sort(x, options)),
  argsort: sorted((x, options) => f.argsort(x, options)),
  msort: withAxes((call) => f.sort(call.tensor(0), { axis: 0 })[0]),
  narrow: (call) => {
    if (typeof call.at(2, 'start') === 'object') throw new TorchSkip('a start that is a tensor');
    return f.narrow(
      call.tensor(0),
      call.number(1, 'dim', 0),
      call.number(2, 'start', 0),
      call.number(3, 'length', 0),
    );
  },
  flatten: withAxes((call) =>
    f.flatten(call.tensor(0), call.number(1, 'start_dim', 0), call.number(2, 'end_dim', -1)),
  ),
  unflatten: (call) => f.unflatten(call.tensor(0), call.number(1, 'dim', 0), call.numbers(2, 'sizes')!),
  diagonal: (call) =>
    f.diagonal(call.tensor(0), {
      offset: call.number(1, 'offset', 0),
      axis1: call.number(2, 'dim1', 0),
      axis2: call.number(3, 'dim2', 1),
    }),
  diag: (call) => f.diag(call.tensor(0), call.number(1, 'diagonal', 0)),
  index_add: withAxes((call) => {
    const alpha = call.number(-1, 'alpha', 1);
    return f.indexAdd(call.tensor(0), call.number(1, 'dim', 0), call.tensor(2), f.mul(call.tensor(3), alpha));
  }),
  scatter: withAxes((call) => {
    if (call.at(-1, 'reduce')) throw new TorchSkip('scatter with a reduction; scatterReduce has it');
    return f.scatter(
      call.tensor(0),
      call.number(1, 'dim', 0),
      call.tensor(2),
      call.at(3, 'src') as Tensor | number,
    );
  }),
  'nn.functional.embedding': (call) => {
    if (call.has('max_norm') || call.has('scale_grad_by_freq') || call.has('padding_idx'))
      throw new TorchSkip('embedding with options');
    return f.embedding(call.tensor(0), call.tensor(1));
  },
  'nn.functional.cosine_similarity': withAxes((call) => {
    const last = (x: Tensor): Tensor => f.movedim(x, call.number(2, 'dim', 1), -1);
    return f.cosineSimilarity(last(call.tensor(0)), last(call.tensor(1)));
  }),
  'nn.functional.one_hot': (call) => {
    const classes = call.number(1, 'num_classes', -1);
    if (classes < 0) throw new TorchSkip('a number of classes that depends on values');
    return f.oneHot(call.tensor(0), classes, { dtype: 'i32' });
  },
  'nn.functional.pad.constant': padded,
  'nn.functional.pad.reflect': padded,
  'nn.functional.pad.replicate': padded,
  'nn.functional.pad.circular': padded,
  'nn.functional.interpolate.nearest': resized('nearest'),
  'nn.functional.interpolate.linear': resized('linear'),
  'nn.functional.interpolate.bilinear': resized('bilinear'),
  'nn.functional.interpolate.bicubic': resized('bicubic'),
  'nn.functional.adaptive_avg_pool2d': adaptive(f.adaptiveAvgPool2d),
  'nn.functional.adaptive_max_pool2d': adaptive(f.adaptiveMaxPool2d),
  matmul: (call) => f.matmul(call.tensor(0), call.tensor(1)),
};
