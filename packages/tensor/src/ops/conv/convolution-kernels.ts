// The three products that a convolution and its gradients are: forward, adjoint (the gradient of the images, and the
// forward pass of a transposed convolution), and the gradient of the weight.
//
// Without groups each is one matrix product whose rows are neighbourhoods of pixels, gathered while they are multiplied and
// never stored. With groups, whose products are too small for that, an invocation owns an element.
//
// Legend: the convolution goes from B images of n × n pixels with I channels to out × out pixels with O channels; weight
// [taps, I / groups, O]. The adjoint goes back, with the weight turned round, [taps, O / groups, I].
import { aligned, vec4, window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import type { Shape } from '../../core/shape.ts';
import type { DType } from '../../dtype/dtype.ts';
import { kernelOp, type LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { fill } from '../create/fill.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import { epilogue } from '../product/epilogue.ts';
import { runAt, type Gather } from '../product/gather.ts';
import { launchPiece, wholePiece } from '../product/gemm.ts';
import type { Gemm } from '../product/gemm-piece.ts';
import { sum } from '../reduce/sum.ts';
import { cast } from '../unary/cast.ts';
import type { WindowAxis } from './window.ts';

export interface Convolution {
  B: number;
  I: number;
  O: number;
  groups: number;
  axes: readonly [WindowAxis, WindowAxis];
}

export type Direction = 'forward' | 'adjoint';

/** Where the source pixels of a neighbourhood begin: a row is a pixel of the result, a run the channels under a tap. */
function neighbours({ I, O, axes: [y, x] }: Convolution, direction: Direction): Gather {
  const isForward = direction === 'forward';
  const place = (name: string, { n, out, stride, dilation, before }: WindowAxis): string =>
    isForward
      ? wgsl`fn ${name}(o: u32, tap: u32) -> u32 {
  let at = o * ${stride}u + tap * ${dilation}u;
  return select(at - ${before}u, ZEROS, at < ${before}u || at >= ${n + before}u);
}`
      : // Below zero the difference wraps round to more than there are pixels.
        wgsl`fn ${name}(o: u32, tap: u32) -> u32 {
  let at = o + ${before}u - tap * ${dilation}u;
  return select(at / ${stride}u, ZEROS, at % ${stride}u != 0u || at / ${stride}u >= ${out}u);
}`;
  const [h, w, H, W, channels] = isForward ? [y.out, x.out, y.n, x.n, I] : [y.n, x.n, y.out, x.out, O];
  return {
    runs: y.taps * x.taps,
    code: wgsl`
${place('rowAt', y)}
${place('columnAt', x)}
fn runAt(pixel: u32, tap: u32) -> u32 {
  let y = rowAt(pixel / ${w}u % ${h}u, tap / ${x.taps}u);
  let x = columnAt(pixel % ${w}u, tap % ${x.taps}u);
  if (y == ZEROS || x == ZEROS) { return ZEROS; }
  return ((pixel / ${h * w}u * ${H}u + y) * ${W}u + x) * ${channels}u;
}`,
  };
}

/** The weight for the way back: [ky, kx, I / groups, O] → [ky, kx, O / groups, I]. */
export function turnedWeight(weight: Tensor, groups: number): Tensor {
  const [ky, kx, inputs, O] = weight.shape;
  const outputs = O / groups;
  const turned = transpose(reshape(weight, [ky * kx, inputs, groups, outputs]), [0, 3, 2, 1]);
  return reshape(turned, [ky, kx, outputs, groups * inputs]);
}

export interface Product extends Pick<Gemm, 'bias' | 'activation' | 'pre' | 'out'> {
  name: string;
  source: Tensor;
  /** [ky, kx, channels of the source / groups, channels of the result] */
  weight: Tensor;
  convolution: Convolution;
  direction: Direction;
}

/** Runs the forward product, or the adjoint one with a weight that {@link turnedWeight} has turned. */
export function launchConvolution(context: LaunchContext, product: Product): void {
  const { source, weight, out, convolution, direction } = product;
  const { B, groups } = convolution;
  if (out.size === 0) return;
  const gather = neighbours(convolution, direction);
  const { runs } = gather;
  const [perGroup, N] = [weight.dim(2), weight.dim(3)];
  const [pixels, sourceSize] = [out.size / B / N, source.size / B];
  const limit = context.device.bindingLimit;
  for (const [first, count] of rowWindows(limit, B, [rowBytes(source, B), rowBytes(out, B)])) {
    const M = count * pixels;
    const gemm = { ...product, a: source, b: weight, M, N, K: runs * perGroup };
    const piece = {
      ...wholePiece(groups === 1 ? { ...gemm, gather } : gemm, 0, 1),
      aWindow: [first * sourceSize, count * sourceSize] as [number, number],
      cWindow: [first * pixels * N, M * N] as [number, number],
    };
    if (groups === 1) {
      launchPiece(context, piece);
      continue;
    }
    const perOut = N / groups;
    const isDepthwise = perGroup === 1 && perOut === 1;
    const vec = aligned(isDepthwise ? N : perOut) ? 4 : 1;
    const { read, write, code: finish } = epilogue(piece, vec);
    context.run({
      name: product.name,
      read: {
        a: window(source, ...piece.aWindow, isDepthwise ? vec : 1),
        b: window(weight, 0, weight.size, vec),
        ...read,
      },
      write,
      threads: (M * N) / vec,
      flops: 2 * M * N * runs * perGroup,
      code: wgsl`alias V = ${vec === 4 ? 'vec4f' : 'f32'};
const UNITS = ${N / vec}u;
${finish}
${runAt(gather)}
fn thread(i: u32) {
  let unit = i % UNITS;
  let begin = unit / ${Math.max(1, perOut / vec)}u * ${perGroup}u;
  var acc = V();
  for (var tap = 0u; tap < ${runs}u; tap++) {
    let at = runAt(i / UNITS, tap);
    if (at == ZEROS) { continue; }
    ${
      isDepthwise
        ? `acc = fma(V(a[at / ${vec}u + unit]), V(b[tap * UNITS + unit]), acc);`
        : wgsl`for (var c = 0u; c < ${perGroup}u; c++) {
      acc = fma(V(f32(a[at + begin + c])), V(b[(tap * ${perGroup}u + c) * UNITS + unit]), acc);
    }`
    }
  }
  finish(i, unit, acc);
}`,
    });
  }
}

interface AdjointAttrs {
  convolution: Convolution;
  direction: Direction;
  shape: Shape;
}

const convolve = kernelOp(
  'convolutionBackward',
  ([source]: readonly [Tensor, Tensor], { shape }: AdjointAttrs) => [{ shape, dtype: source.dtype }],
  (context, [source, weight], [out], { convolution, direction }) =>
    launchConvolution(context, { name: 'conv2d input', source, weight, out, convolution, direction }),
);

/** The gradient of the images that `direction` went from: the other direction. `weight` is as its user gave it. */
export function imageGradient(
  g: Tensor,
  weight: Tensor,
  { convolution, direction, shape }: { convolution: Convolution; direction: Direction; shape: Shape },
): Tensor {
  return direction === 'forward'
    ? convolve([g, turnedWeight(weight, convolution.groups)], { convolution, direction: 'adjoint', shape })[0]
    : convolve([g, weight], { convolution, direction: 'forward', shape })[0];
}

interface WeightAttrs {
  convolution: Convolution;
  shape: Shape;
  dtype: DType;
}

const gatheredWeightGradient = kernelOp(
  'conv2dWeightBackward',
  (_: readonly [Tensor, Tensor], { shape, dtype }: WeightAttrs) => [{ shape, dtype }],
  (context, [x, g], [out], { convolution }) => {
    const { B, I, O, axes } = convolution;
    if (out.size === 0) return;
    const pixels = axes[0].out * axes[1].out;
    const xSize = axes[0].n * axes[1].n * I;
    const gather = neighbours(convolution, 'forward');
    const gemm = { name: 'conv2d weight', a: x, b: g, out, M: gather.runs * I, N: O, transA: true, gather };
    for (const [first, count] of rowWindows(context.device.bindingLimit, B, [
      rowBytes(x, B),
      rowBytes(g, B),
    ])) {
      launchPiece(context, {
        ...wholePiece({ ...gemm, K: count * pixels }, 0, 1),
        aWindow: [first * xSize, count * xSize],
        bWindow: [first * pixels * O, count * pixels * O],
        accumulate: first > 0,
        finish: first + count === B,
      });
    }
  },
);

/** Pixels that one invocation adds up at least, and how many invocations keep a machine busy. */
const shortestShare = 64;
const enoughThreads = { gpu: 65_536, software: 256 };

const groupedWeightShares = kernelOp(
  'conv2dWeightBackward',
  ([, g]: readonly [Tensor, Tensor], { convolution: { B, axes }, shape }: WeightAttrs) => {
    const size = Math.max(
      1,
      shape.reduce((a, b) => a * b, 1),
    );
    const most = Math.ceil((B * axes[0].out * axes[1].out) / shortestShare);
    const wanted = Math.ceil(enoughThreads[g.device.adapter.kind] / size);
    return [{ shape: [Math.max(1, Math.min(most, wanted)), ...shape], dtype: 'f32' as const }];
  },
  ({ run }, [x, g], [out], { convolution, shape }) => {
    const { B, O, groups, axes } = convolution;
    const pixels = B * axes[0].out * axes[1].out;
    const [ky, kx, perGroup] = shape;
    const perOut = O / groups;
    const isDepthwise = perGroup === 1 && perOut === 1;
    const vec = aligned(isDepthwise ? O : perOut) ? 4 : 1;
    run({
      name: 'conv2d weight',
      read: { a: isDepthwise && vec === 4 ? vec4(x) : x, g: window(g, 0, g.size, vec) },
      write: { out: window(out, 0, out.size, vec) },
      threads: out.size / vec,
      flops: 2 * pixels * ky * kx * perGroup * O,
      code: wgsl`alias V = ${vec === 4 ? 'vec4f' : 'f32'};
const UNITS = ${O / vec}u;
const ROWS = ${ky * kx * perGroup}u;
${runAt(neighbours(convolution, 'forward'))}
fn thread(i: u32) {
  let unit = i % UNITS;
  let row = i / UNITS % ROWS;
  let share = i / (UNITS * ROWS);
  let c = unit / ${Math.max(1, perOut / vec)}u * ${perGroup}u + row % ${perGroup}u;
  let end = min(${pixels}u, (share + 1u) * ${Math.ceil(pixels / out.dim(0))}u);
  var acc = V();
  for (var pixel = share * ${Math.ceil(pixels / out.dim(0))}u; pixel < end; pixel++) {
    let at = runAt(pixel, row / ${perGroup}u);
    if (at == ZEROS) { continue; }
    acc = fma(V(${isDepthwise ? `a[at / ${vec}u + unit]` : 'f32(a[at + c])'}), V(g[pixel * UNITS + unit]), acc);
  }
  out[i] = acc;
}`,
    });
  },
);

/** The gradient of the weight [ky, kx, I / groups, O]: images x on the forward side, gradients g on the other. */
export function weightGradient(
  x: Tensor,
  g: Tensor,
  weight: { shape: Shape; dtype: DType },
  convolution: Convolution,
): Tensor {
  const attrs = { convolution, shape: weight.shape, dtype: weight.dtype };
  if (x.size === 0 || g.size === 0) return fill(x.device, weight.shape, 0, { dtype: weight.dtype });
  if (convolution.groups === 1) return gatheredWeightGradient([x, g], attrs)[0];
  const [shares] = groupedWeightShares([x, g], attrs);
  const total = shares.dim(0) === 1 ? reshape(shares, weight.shape) : sum(shares, { axis: 0 });
  return total.dtype === weight.dtype ? total : cast(total, weight.dtype);
}
