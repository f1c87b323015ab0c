// ONNX's Resize and Upsample: interpolate where it has the rule, else a product with a matrix of weights along each axis.
import * as f from '../../../../src/node.ts';
import { tensor as fromList, type Tensor } from '../../../../src/node.ts';
import { read, Skip, type NodeCall, type Rule } from '../value.ts';

interface Axis {
  n: number;
  out: number;
  scale: number;
  /** Part of the axis that 'tf_crop_and_resize' takes, in 0 … 1. */
  region?: [number, number];
}

/** Where entry `o` of the result lies on the input's axis, by ONNX's `coordinate_transformation_mode`. */
function placeOf(mode: string, o: number, { n, out, scale, region: [from, to] = [0, 1] }: Axis): number {
  switch (mode) {
    case 'half_pixel':
      return (o + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return out > 1 ? (o + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      // ONNX takes the exact size n · scale here, though it is no whole number.
      return out > 1 ? (o * (n - 1)) / (n * scale - 1) : 0;
    case 'asymmetric':
      return o / scale;
    case 'tf_half_pixel_for_nn':
      return (o + 0.5) / scale;
    case 'tf_crop_and_resize':
      return out > 1 ? from * (n - 1) + (o * (to - from) * (n - 1)) / (out - 1) : 0.5 * (from + to) * (n - 1);
    default:
      throw new Skip(`Resize: ${mode}`);
  }
}

function nearest(rule: string, x: number): number {
  if (rule === 'floor') return Math.floor(x);
  if (rule === 'ceil') return Math.ceil(x);
  return rule === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
}

/** Keys' kernel (Keys 1981). */
function cubic(d: number, a: number): number {
  if (d >= 2) return 0;
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

/** Weights of the input's entries, [out, n]; undefined for a row outside the cropped input. */
function weights(axis: Axis, call: NodeCall): (number[] | undefined)[] {
  const mode = call.text('coordinate_transformation_mode', 'half_pixel');
  const kind = call.text('mode', 'nearest');
  const a = call.float('cubic_coeff_a', -0.75);
  return Array.from({ length: axis.out }, (_, o) => {
    const x = placeOf(mode, o, axis);
    if (mode === 'tf_crop_and_resize' && (x < 0 || x > axis.n - 1)) return undefined;
    const reach = kind === 'cubic' ? 2 : 1;
    const first = Math.floor(x) - reach + 1;
    let taps =
      kind === 'nearest'
        ? [{ at: nearest(call.text('nearest_mode', 'round_prefer_floor'), x), weight: 1 }]
        : Array.from({ length: 2 * reach }, (__, k) => {
            const d = Math.abs(x - first - k);
            return { at: first + k, weight: kind === 'cubic' ? cubic(d, a) : 1 - d };
          });
    if (call.int('exclude_outside', 0)) {
      taps = taps.filter(({ at }) => at >= 0 && at < axis.n);
      const total = taps.reduce((sum, { weight }) => sum + weight, 0);
      taps = taps.map(({ at, weight }) => ({ at, weight: weight / total }));
    }
    const row = Array.from({ length: axis.n }, () => 0);
    for (const { at, weight } of taps) row[Math.max(0, Math.min(axis.n - 1, at))] += weight;
    return row;
  });
}

function alongAxis(x: Tensor, at: number, axis: Axis, call: NodeCall): Tensor {
  const rows = weights(axis, call);
  const missing = rows.map((row) => (row ? 0 : 1));
  const matrix = fromList(
    x.device,
    rows.flatMap((row) => row ?? Array(axis.n).fill(0)),
    [axis.out, axis.n],
  );
  const last = f.movedim(x, at, -1);
  let y = f.matmul(f.reshape(last, [-1, axis.n]), f.transpose(matrix, [1, 0]));
  if (missing.includes(1))
    y = f.where(fromList(x.device, missing, [axis.out]), call.float('extrapolation_value', 0), y);
  return f.movedim(f.reshape(y, [...last.shape.slice(0, -1), axis.out]), -1, at);
}

/** interpolate's mode for a Resize that it has; undefined for others. */
function ownMode(
  call: NodeCall,
): { mode: 'nearest' | 'bilinear' | 'bicubic'; alignCorners?: boolean } | undefined {
  const kind = call.text('mode', 'nearest');
  const place = call.text('coordinate_transformation_mode', 'half_pixel');
  if (kind === 'nearest')
    return place === 'asymmetric' && call.text('nearest_mode', '') === 'floor'
      ? { mode: 'nearest' }
      : undefined;
  if (!/^(half_pixel|align_corners)$/.test(place) || call.int('exclude_outside', 0)) return undefined;
  if (kind === 'cubic' && Math.abs(call.float('cubic_coeff_a', -0.75) + 0.75) > 1e-6) return undefined;
  return { mode: kind === 'cubic' ? 'bicubic' : 'bilinear', alignCorners: place === 'align_corners' };
}

export const resize: Rule = async ([x, roi, scales, sizes], call) => {
  const { tensor, type } = x!;
  const by = scales && scales.tensor.size > 0 ? await read(scales) : undefined;
  const to = sizes ? await read(sizes) : tensor.shape.map((n, i) => Math.floor(n * by![i]));
  const region = roi && roi.tensor.size > 0 ? await read(roi) : undefined;
  const axes = tensor.shape.map((n, i): Axis => ({
    n,
    out: to[i],
    scale: by ? by[i] : to[i] / n,
    region: region && [region[i], region[tensor.rank + i]],
  }));
  const own = ownMode(call);
  const isExact = !own?.alignCorners || axes.every(({ n, scale, out }) => n * scale === out);
  if (own && isExact && tensor.rank === 4 && axes[0].scale === 1 && axes[1].scale === 1) {
    const size = sizes ? { size: to.slice(2) } : { scale: by!.slice(2) };
    return [{ tensor: f.interpolate(tensor, { ...size, ...own, layout: 'nchw' }), type }];
  }
  let y = tensor;
  axes.forEach((axis, at) => {
    if (axis.scale !== 1 || axis.region) y = alongAxis(y, at, axis, call);
  });
  return [{ tensor: y, type }];
};

export const upsample: Rule = async ([x, scales], call) => {
  const by = scales ? await read(scales) : call.floats('scales')!;
  if (call.text('mode', 'nearest') !== 'nearest') throw new Skip('Upsample: linear');
  return [{ tensor: f.interpolate(x!.tensor, { scale: by.slice(2), layout: 'nchw' }), type: x!.type }];
};
