// ONNX's operators over windows of images: convolutions, pools, resizing. ONNX has channels second ('nchw').
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { isFloatType, read, Skip, type NodeCall, type Rule, type Rules } from '../value.ts';
import { resize, upsample } from './resize.ts';

type Both<T> = [T, T];

/** Sequences are images one row high; volumes have no op here. */
export function asImages(x: Tensor): Tensor {
  if (x.rank > 4) throw new Skip('volumes: windows are one- and two-dimensional here');
  return x.rank === 4 ? x : f.reshape(x, [x.dim(0), x.dim(1), 1, x.dim(2)]);
}

const likeInput = (y: Tensor, x: Tensor): Tensor =>
  x.rank === 4 ? y : f.reshape(y, [y.dim(0), y.dim(1), y.dim(3)]);

const both = (list: readonly number[] | undefined, otherwise: number, rank: number): Both<number> => {
  const given = list?.length ? list : Array.from({ length: rank - 2 }, () => otherwise);
  return given.length === 1 ? [otherwise, given[0]] : [given[0], given[1]];
};

interface Windows {
  kernelSize: Both<number>;
  stride: Both<number>;
  dilation: Both<number>;
  padding: Both<Both<number>>;
}

/** The attributes that all operators over windows share. */
export function windowsOf(call: NodeCall, x: Tensor, kernel: readonly number[]): Windows {
  const { rank } = x;
  const [H, W] = asImages(x).shape.slice(2);
  const kernelSize = both(kernel, 1, rank);
  const stride = both(call.ints('strides'), 1, rank);
  const dilation = both(call.ints('dilations'), 1, rank);
  const auto = call.text('auto_pad', 'NOTSET');
  const pads = call.ints('pads');
  const padding = [H, W].map((n, i): Both<number> => {
    if (auto.startsWith('SAME')) {
      const extent = (kernelSize[i] - 1) * dilation[i] + 1;
      const total = Math.max(0, (Math.ceil(n / stride[i]) - 1) * stride[i] + extent - n);
      const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
      return auto === 'SAME_LOWER' ? [more, less] : [less, more];
    }
    if (!pads?.length || auto === 'VALID') return [0, 0];
    const axis = rank === 4 ? i : i - 1;
    return axis < 0 ? [0, 0] : [pads[axis], pads[rank - 2 + axis]];
  });
  return { kernelSize, stride, dilation, padding: padding as Both<Both<number>> };
}

export function conv(call: NodeCall, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const { stride, dilation, padding } = windowsOf(call, x, weight.shape.slice(2));
  const groups = call.int('group', 1);
  const options = { stride, dilation, padding, groups, layout: 'nchw' } as const;
  return likeInput(f.conv2d(asImages(x), asImages(weight), bias, options), x);
}

const convTranspose: Rule = async ([x, w, bias], call) => {
  const [image, weight] = [asImages(x!.tensor), asImages(w!.tensor)];
  const { rank } = x!.tensor;
  const { kernelSize, stride, dilation } = windowsOf(call, x!.tensor, w!.tensor.shape.slice(2));
  const more = both(call.ints('output_padding'), 0, rank);
  const auto = call.text('auto_pad', 'NOTSET');
  const pads = call.ints('pads');
  const wanted = call.ints('output_shape');
  const sizes = [0, 1].map((i) => {
    const full = (image.dim(2 + i) - 1) * stride[i] + dilation[i] * (kernelSize[i] - 1) + 1;
    const axis = rank === 4 ? i : i - 1;
    if (axis < 0 || (auto === 'NOTSET' && !wanted?.length))
      return { cut: axis < 0 || !pads?.length ? [0, 0] : [pads[axis], pads[rank - 2 + axis]], more: more[i] };
    const target = wanted?.length ? wanted[axis] : image.dim(2 + i) * stride[i];
    const total = full + more[i] - target;
    // A result larger than the windows reach ends with zeros.
    if (total < 0) return { cut: [0, 0], more: more[i] - total };
    const [less, greater] = [Math.floor(total / 2), Math.ceil(total / 2)];
    return { cut: auto === 'SAME_LOWER' ? [greater, less] : [less, greater], more: more[i] };
  });
  const y = f.convTranspose2d(image, weight, bias?.tensor, {
    stride,
    dilation,
    padding: sizes.map(({ cut }) => cut) as Both<Both<number>>,
    outputPadding: sizes.map((size) => size.more) as Both<number>,
    groups: call.int('group', 1),
    layout: 'nchw',
  });
  return [{ tensor: likeInput(y, x!.tensor), type: x!.type }];
};

/** Numbers within each image, rows first, as numbers within the whole tensor, rows or columns first. */
function wholeIndices(indices: Tensor, image: Tensor, columnsFirst: boolean): Tensor {
  const [B, C, H, W] = image.shape;
  const local = f.cast(indices, 'i32');
  const place = columnsFirst ? f.add(f.mul(f.remainder(local, W), H), f.floorDivide(local, W)) : local;
  const first = f.mul(f.arange(image.device, B * C, { dtype: 'i32' }), H * W);
  return f.add(place, f.reshape(first, [B, C, 1, 1]));
}

const maxPool: Rule = ([x], call) => {
  const options = {
    ...windowsOf(call, x!.tensor, call.ints('kernel_shape')!),
    ceilMode: call.int('ceil_mode', 0) === 1,
    layout: 'nchw',
  } as const;
  const image = asImages(isFloatType(x!.type) ? x!.tensor : f.cast(x!.tensor, 'f32'));
  if (call.node.output.length === 1)
    return [
      { tensor: f.cast(likeInput(f.maxPool2d(image, options), x!.tensor), x!.tensor.dtype), type: x!.type },
    ];
  const [values, indices] = f.maxPool2dWithIndices(image, options);
  const whole = wholeIndices(indices, image, call.int('storage_order', 0) === 1);
  return [
    { tensor: likeInput(values, x!.tensor), type: x!.type },
    { tensor: likeInput(whole, x!.tensor), type: 'int64' },
  ];
};

/** Values put back where a pool took them from, zeros elsewhere. */
const maxUnpool: Rule = async ([x, indices, size], call) => {
  const { kernelSize, stride, padding } = windowsOf(call, x!.tensor, call.ints('kernel_shape')!);
  const [B, C, h, w] = x!.tensor.shape;
  const natural = [h, w].map((n, i) => (n - 1) * stride[i] + kernelSize[i] - padding[i][0] - padding[i][1]);
  const [H, W] = size ? (await read(size)).slice(2) : natural;
  // The numbers are those of the natural size.
  const zeros = f.zeros(call.device, [B * C * natural[0] * natural[1]]);
  const flat = f.scatter(zeros, 0, f.reshape(indices!.tensor, [-1]), f.reshape(x!.tensor, [-1]));
  const image = f.reshape(flat, [B, C, natural[0], natural[1]]);
  const grown = f.pad(image, [
    [0, 0],
    [0, 0],
    [0, H - natural[0]],
    [0, W - natural[1]],
  ]);
  return [{ tensor: grown, type: x!.type }];
};

const global =
  (of: typeof f.adaptiveAvgPool2d): Rule =>
  ([x]) => [{ tensor: likeInput(of(asImages(x!.tensor), 1, { layout: 'nchw' }), x!.tensor), type: x!.type }];

export const window: Rules = {
  AveragePool: ([x], call) => {
    const y = f.avgPool2d(asImages(x!.tensor), {
      ...windowsOf(call, x!.tensor, call.ints('kernel_shape')!),
      ceilMode: call.int('ceil_mode', 0) === 1,
      countIncludePad: call.int('count_include_pad', 0) === 1,
      layout: 'nchw',
    });
    return [{ tensor: likeInput(y, x!.tensor), type: x!.type }];
  },
  Conv: ([x, weight, bias], call) => [
    { tensor: conv(call, x!.tensor, weight!.tensor, bias?.tensor), type: x!.type },
  ],
  ConvTranspose: convTranspose,
  GlobalAveragePool: global(f.adaptiveAvgPool2d),
  GlobalMaxPool: global(f.adaptiveMaxPool2d),
  GridSample: ([x, grid], call) => {
    const mode = call.text('mode', 'bilinear');
    if (mode === 'bicubic') throw new Skip('GridSample: no bicubic mode');
    const tensor = f.gridSample(x!.tensor, grid!.tensor, {
      mode: mode as 'bilinear' | 'nearest',
      paddingMode: call.text('padding_mode', 'zeros') as 'zeros' | 'border' | 'reflection',
      alignCorners: call.int('align_corners', 0) === 1,
      layout: 'nchw',
    });
    return [{ tensor, type: x!.type }];
  },
  // The mean of squares over neighbouring channels is a pool along an axis.
  LRN: ([x], call) => {
    const { tensor, type } = x!;
    const size = call.int('size', 1);
    const [B, C] = tensor.shape;
    const means = f.avgPool2d(f.reshape(f.square(tensor), [B, 1, C, -1]), {
      kernelSize: [size, 1],
      stride: 1,
      padding: [
        [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)],
        [0, 0],
      ],
      layout: 'nchw',
    });
    const base = f.affine(f.reshape(means, tensor.shape), call.float('alpha', 0.0001), call.float('bias', 1));
    return [{ tensor: f.div(tensor, f.pow(base, call.float('beta', 0.75))), type }];
  },
  MaxPool: maxPool,
  MaxUnpool: maxUnpool,
  Resize: resize,
  Upsample: upsample,
};
