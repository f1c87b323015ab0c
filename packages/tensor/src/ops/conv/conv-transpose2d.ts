// convTranspose2d: the adjoint of conv2d as an op of its own; with a stride it makes images larger.
//
// Legend: B images, H × W pixels, I channels in, O channels out; weight [ky, kx, O / groups, I], that of the convolution
// from the O channels of the result to the I channels of the input.
import { assertFloat, assertOptions, assertSizes } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { assertWeight, biasGradient, inWeightLayout, type ConvolutionInputs } from './conv2d.ts';
import {
  imageGradient,
  launchConvolution,
  turnedWeight,
  weightGradient,
  type Convolution,
} from './convolution-kernels.ts';
import { inLayout, type ImageLayout } from './image-layout.ts';
import { imageSizes, paddingOf, pairOf, type Padding, type Pair, type WindowAxis } from './window.ts';

export interface ConvTransposeAttrs {
  stride: Pair;
  padding: Exclude<Padding, 'same'>;
  outputPadding: Pair;
  dilation: Pair;
  groups: number;
}

/** The convolution that leads from the result back to x. */
export function convolutionBack(
  x: { shape: Shape },
  weight: { shape: Shape },
  { stride, padding, outputPadding, dilation, groups }: ConvTransposeAttrs,
): Convolution {
  const op = 'convTranspose2d';
  const [B, H, W, I] = imageSizes(op, x);
  assertWeight(op, weight, groups, '[ky, kx, O / groups, I]');
  const [ky, kx, perGroup, inputs] = weight.shape;
  if (inputs !== I)
    throw new ShapeError(
      `${op}: x ${formatShape(x.shape)} has ${I} channels, but weight ${formatShape(weight.shape)} takes ${inputs}`,
    );
  if ((padding as Padding) === 'same')
    throw new TensorError(`${op}: padding 'same' says nothing about a larger result; give numbers`);
  const [strides, dilations] = [pairOf(op, 'stride', stride, 1), pairOf(op, 'dilation', dilation, 1)];
  const more = pairOf(op, 'outputPadding', outputPadding, 0);
  // The result is as large as what the convolution needs to give H × W windows, and `outputPadding` more.
  const axes = ([H, W] as const).map((n, axis): WindowAxis => {
    if (more[axis] >= Math.max(strides[axis], dilations[axis]))
      throw new ShapeError(
        `${op}: outputPadding is ${more[axis]}, but less than stride or dilation is wanted`,
      );
    const [taps, step, d] = [axis === 0 ? ky : kx, strides[axis], dilations[axis]];
    const [before, after] = paddingOf(op, padding, axis, 0);
    const size = (n - 1) * step + d * (taps - 1) + 1 + more[axis] - before - after;
    if (n < 1 || size < 1)
      throw new ShapeError(
        `${op}: nothing is left of x ${formatShape(x.shape)} with ${before + after} pixels of padding`,
      );
    return { n: size, out: n, taps, stride: step, dilation: d, before, after };
  });
  return { B, I: perGroup * groups, O: I, groups, axes: [axes[0], axes[1]] };
}

const definition: OpDefinition<ConvTransposeAttrs, ConvolutionInputs> = {
  name: 'convTranspose2d',
  inputs: ['x', 'weight', 'bias'],
  infer([x, weight, bias], attrs) {
    assertFloat('convTranspose2d', 'x', x);
    assertFloat('convTranspose2d', 'weight', weight);
    const { B, I, axes } = convolutionBack(x, weight, attrs);
    if (bias) assertSizes('convTranspose2d', `bias ${formatShape(bias.shape)}`, bias.size, I);
    return [{ shape: [B, axes[0].n, axes[1].n, I], dtype: x.dtype }];
  },
  launch(context, [source, weight, bias], [out], attrs) {
    const convolution = convolutionBack(source, weight, attrs);
    // Detached: the gradient is this op's, not that of what turns the weight round.
    const turned = turnedWeight(weight.detach(), attrs.groups);
    launchConvolution(context, {
      name: 'convTranspose2d',
      source,
      weight: turned,
      out,
      bias,
      convolution,
      direction: 'adjoint',
    });
  },
  vjp({ inputs: [x, weight, bias], attrs, grad, needs }) {
    const convolution = convolutionBack(x, weight, attrs);
    const direction = 'adjoint';
    return [
      needs[0] ? imageGradient(grad, weight, { convolution, direction, shape: x.shape }) : undefined,
      needs[1] ? weightGradient(grad, x, weight, convolution) : undefined,
      needs[2] ? biasGradient(grad, bias!) : undefined,
    ];
  },
};

export interface ConvTranspose2dOptions {
  /** Pixels of the result from one pixel of x to the next; default 1. */
  stride?: Pair;
  /** Pixels cut off the result on each side; default 0. */
  padding?: Exclude<Padding, 'same'>;
  /** Pixels added at the end of the result: with a stride several sizes of it fit one size of x. Default 0. */
  outputPadding?: Pair;
  dilation?: Pair;
  groups?: number;
  /** 'nhwc' (default), or PyTorch's 'nchw', which costs a copy of images, weight and result. */
  layout?: ImageLayout;
}

/**
 * The transposed convolution: images [B, H, W, I] and a weight [ky, kx, O / groups, I] → [B, h, w, O], with
 * h = (H − 1)·stride − padding + dilation·(ky − 1) + outputPadding + 1. In layout 'nchw': [B, I, H, W] and
 * [I, O / groups, ky, kx] → [B, O, h, w]. Gradients for x, weight and bias.
 * @throws ShapeError when sizes do not fit
 * @example
 * convTranspose2d(x, weight, bias, { stride: 2, padding: 1, outputPadding: 1 }); // 3 × 3: twice as large
 */
export const convTranspose2d = defineOp(
  definition,
  (apply) =>
    (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTranspose2dOptions = {}): Tensor => {
      const known = ['stride', 'padding', 'outputPadding', 'dilation', 'groups', 'layout'];
      assertOptions('convTranspose2d', options, known);
      const {
        stride = 1,
        padding = 0,
        outputPadding = 0,
        dilation = 1,
        groups = 1,
        layout = 'nhwc',
      } = options;
      const attrs = { stride, padding, outputPadding, dilation, groups };
      return inLayout('convTranspose2d', layout, x, (images) =>
        apply([images, inWeightLayout(layout, weight), bias], attrs),
      )[0];
    },
);
