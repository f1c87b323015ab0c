// conv2d: y = f(x ∗ W + b), a 2-D convolution of images whose channels lie last, and its gradients (convolution-kernels.ts).
//
// Legend: B images, H × W pixels, I channels in, O channels out, ky × kx kernel, h × w pixels of the result.
import { assertFloat, assertNumber, assertOptions, assertSizes } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import { sum } from '../reduce/sum.ts';
import { unarySlope, type Activation } from '../unary/activations.ts';
import { imageGradient, launchConvolution, weightGradient, type Convolution } from './convolution-kernels.ts';
import { inLayout, type ImageLayout } from './image-layout.ts';
import { imageSizes, windowAxes, type Padding, type Pair } from './window.ts';

export interface ConvolutionAttrs {
  stride: Pair;
  padding: Padding;
  dilation: Pair;
  groups: number;
  activation?: Activation;
}

export type ConvolutionInputs = readonly [Tensor, Tensor, Tensor | undefined];

/** @throws ShapeError unless `weight` has four axes and `groups` divides its last and what it takes */
export function assertWeight(op: string, { shape }: { shape: Shape }, groups: number, wanted: string): void {
  assertNumber(op, 'groups', groups, { integer: true, min: 1 });
  const [ky, kx, , channels] = shape;
  if (shape.length !== 4 || ky < 1 || kx < 1)
    throw new ShapeError(`${op}: weight is ${formatShape(shape)}, but ${wanted} is wanted`);
  if (channels % groups !== 0)
    throw new ShapeError(
      `${op}: groups is ${groups}, which does not divide the ${channels} channels of weight ${formatShape(shape)}`,
    );
}

export function convolutionOf(
  x: { shape: Shape },
  weight: { shape: Shape },
  { groups, ...options }: ConvolutionAttrs,
): Convolution {
  const [B, H, W, I] = imageSizes('conv2d', x);
  assertWeight('conv2d', weight, groups, '[ky, kx, I / groups, O]');
  const [ky, kx, perGroup, O] = weight.shape;
  if (perGroup * groups !== I)
    throw new ShapeError(
      `conv2d: x ${formatShape(x.shape)} has ${I} channels, but weight ${formatShape(weight.shape)} takes ` +
        `${perGroup} in each of ${groups} groups`,
    );
  return { B, I, O, groups, axes: windowAxes('conv2d', [H, W], { ...options, kernel: [ky, kx] }) };
}

/** Gradients of input, weight and bias behind the convolution, from that of its result before the activation. */
const definition: OpDefinition<ConvolutionAttrs, ConvolutionInputs> = {
  name: 'conv2d',
  inputs: ['x', 'weight', 'bias'],
  infer([x, weight, bias], attrs, needs) {
    assertFloat('conv2d', 'x', x);
    assertFloat('conv2d', 'weight', weight);
    const { B, O, axes } = convolutionOf(x, weight, attrs);
    if (bias) assertSizes('conv2d', `bias ${formatShape(bias.shape)}`, bias.size, O);
    const y = { shape: [B, axes[0].out, axes[1].out, O], dtype: x.dtype };
    return attrs.activation && needs.includes(true) ? [y, y] : [y];
  },
  launch(context, [source, weight, bias], [out, pre], attrs) {
    const convolution = convolutionOf(source, weight, attrs);
    const { activation } = attrs;
    launchConvolution(context, {
      name: 'conv2d',
      source,
      weight,
      out,
      bias,
      activation,
      pre,
      convolution,
      direction: 'forward',
    });
  },
  vjp({ inputs: [x, weight, bias], outputs: [, pre], attrs, grad, needs }) {
    const convolution = convolutionOf(x, weight, attrs);
    const g = attrs.activation ? unarySlope(pre, grad, attrs.activation) : grad;
    const direction = 'forward';
    return [
      needs[0] ? imageGradient(g, weight, { convolution, direction, shape: x.shape }) : undefined,
      needs[1] ? weightGradient(x, g, weight, convolution) : undefined,
      needs[2] ? biasGradient(g, bias!) : undefined,
    ];
  },
};

export const biasGradient = (g: Tensor, bias: Tensor): Tensor =>
  reshape(sum(reshape(g, [-1, g.dim(-1)]), { axis: 0 }), bias.shape);

export interface Conv2dOptions {
  /** Pixels from one place of the kernel to the next; default 1. */
  stride?: Pair;
  /** Zeros around the image; default 0. */
  padding?: Padding;
  /** Pixels from one tap of the kernel to the next; default 1. */
  dilation?: Pair;
  /** Parts of the channels that are convolved each for itself; as many as channels: depthwise. Default 1. */
  groups?: number;
  /** Applied to the result by the same kernel. */
  activation?: Activation;
  /** 'nhwc' (default), or PyTorch's 'nchw', which costs a copy of images, weight and result. */
  layout?: ImageLayout;
}

/**
 * f(x ∗ W + b): images [B, H, W, I] and a weight [ky, kx, I / groups, O] → [B, h, w, O], with
 * h = ⌊(H + padding − dilation·(ky − 1) − 1) / stride⌋ + 1. In layout 'nchw': [B, I, H, W] and [O, I / groups, ky, kx] → [B, O, h, w].
 * Gradients for x, weight and bias.
 * @throws ShapeError when sizes do not fit
 * @example
 * conv2d(x, weight, bias, { padding: 'same', activation: 'relu' }); // [B, H, W, O]
 * conv2d(x, depthwise, undefined, { groups: 32, padding: 1, stride: [2, 1] }); // depthwise [3, 3, 1, 32]
 */
export const conv2d = defineOp(
  definition,
  (apply) =>
    (x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor => {
      assertOptions('conv2d', options, ['stride', 'padding', 'dilation', 'groups', 'activation', 'layout']);
      const { stride = 1, padding = 0, dilation = 1, groups = 1, activation, layout = 'nhwc' } = options;
      const attrs = { stride, padding, dilation, groups, activation };
      return inLayout('conv2d', layout, x, (images) =>
        apply([images, inWeightLayout(layout, weight), bias], attrs).slice(0, 1),
      )[0];
    },
);

/** PyTorch's [out, in, ky, kx] → [ky, kx, in, out]; so too for transposed convolutions. */
export const inWeightLayout = (layout: ImageLayout, weight: Tensor): Tensor =>
  layout === 'nhwc' ? weight : transpose(weight, [2, 3, 1, 0]);
