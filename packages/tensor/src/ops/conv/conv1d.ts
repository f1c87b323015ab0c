// conv1d and convTranspose1d: convolutions along one axis, as those of images one pixel high.
//
// Legend: B sequences of T steps, I channels in, O channels out, k taps.
import { assertChoice, assertNumber, assertOptions, assertRank, show } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import type { Activation } from '../unary/activations.ts';
import { conv2d, type ConvolutionInputs } from './conv2d.ts';
import { convTranspose2d } from './conv-transpose2d.ts';
import type { Padding } from './window.ts';

/** [B, T, C] (the engine's own), or PyTorch's [B, C, T]. */
export type SequenceLayout = 'nwc' | 'ncw';
/** One number for both sides, [before, after], 'same' or 'valid'. */
export type Padding1d = number | readonly [number, number] | 'same' | 'valid';

/** [B, T, C] as images one pixel high, in either layout. */
export function asRows(op: string, x: Tensor, layout: SequenceLayout): Tensor {
  assertChoice(op, 'layout', layout, ['nwc', 'ncw']);
  assertRank(op, 'x', x, layout === 'nwc' ? ['B', 'T', 'C'] : ['B', 'C', 'T']);
  const [B, T, C] = layout === 'nwc' ? x.shape : [x.dim(0), x.dim(2), x.dim(1)];
  return reshape(layout === 'nwc' ? x : transpose(x, [0, 2, 1]), [B, 1, T, C]);
}

/** Images one pixel high as sequences again. */
export function fromRows(y: Tensor, layout: SequenceLayout): Tensor {
  const rows = reshape(y, [y.dim(0), y.dim(2), y.dim(3)]);
  return layout === 'nwc' ? rows : transpose(rows, [0, 2, 1]);
}

/** The padding of an axis as that of images one pixel high. */
export function rowPadding(op: string, padding: Padding1d): Padding {
  if (typeof padding === 'string') return padding;
  const pair: readonly unknown[] = Array.isArray(padding) ? padding : [padding, padding];
  if (pair.length !== 2)
    throw new TensorError(`${op}: padding is ${show(padding)}, but a number or [before, after] is wanted`);
  return [[0, 0], pair as unknown as readonly [number, number]];
}

/** A number for an axis, for images one pixel high. */
export function rowNumber(op: string, argument: string, value: number, otherwise: number): [number, number] {
  assertNumber(op, argument, value);
  return [otherwise, value];
}

function weightRow(op: string, weight: Tensor, layout: SequenceLayout, letters: readonly string[]): Tensor {
  const turned = layout === 'nwc' ? weight : transpose(weight, [2, 1, 0]);
  assertRank(op, 'weight', turned, letters);
  return reshape(turned, [1, ...turned.shape]);
}

export interface Conv1dOptions {
  /** Default 1. */
  stride?: number;
  /** Zeros before and after; default 0. */
  padding?: Padding1d;
  dilation?: number;
  groups?: number;
  activation?: Activation;
  /** 'nwc' (default), or PyTorch's 'ncw', which costs a copy of x, weight and result. */
  layout?: SequenceLayout;
}

const definition: CompositeDefinition<Conv1dOptions, ConvolutionInputs> = {
  name: 'conv1d',
  inputs: ['x', 'weight', 'bias'],
  compose([x, weight, bias], { stride = 1, padding = 0, dilation = 1, groups, activation, layout = 'nwc' }) {
    const y = conv2d(
      asRows('conv1d', x, layout),
      weightRow('conv1d', weight, layout, ['k', 'I', 'O']),
      bias,
      {
        stride: rowNumber('conv1d', 'stride', stride, 1),
        padding: rowPadding('conv1d', padding),
        dilation: rowNumber('conv1d', 'dilation', dilation, 1),
        groups,
        activation,
      },
    );
    return [fromRows(y, layout)];
  },
};

/**
 * f(x ∗ W + b) along one axis: x [B, T, I] and a weight [k, I / groups, O] → [B, t, O], as {@link conv2d}. In layout 'ncw':
 * [B, I, T] and [O, I / groups, k] → [B, O, t].
 * @throws ShapeError when sizes do not fit
 * @example
 * conv1d(x, weight, bias, { padding: [2, 0] }); // causal: k = 3, two steps of zeros before
 */
export const conv1d = defineOp(
  definition,
  (apply) =>
    (x: Tensor, weight: Tensor, bias?: Tensor, options: Conv1dOptions = {}): Tensor => {
      assertOptions('conv1d', options, ['stride', 'padding', 'dilation', 'groups', 'activation', 'layout']);
      return apply([x, weight, bias], options)[0];
    },
);

export interface ConvTranspose1dOptions extends Omit<Conv1dOptions, 'padding' | 'activation'> {
  /** Steps cut off the result on each side; default 0. */
  padding?: Exclude<Padding1d, 'same'>;
  /** Steps added at the end of the result; default 0. */
  outputPadding?: number;
}

const transposed: CompositeDefinition<ConvTranspose1dOptions, ConvolutionInputs> = {
  name: 'convTranspose1d',
  inputs: ['x', 'weight', 'bias'],
  compose(
    [x, weight, bias],
    { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups, layout = 'nwc' },
  ) {
    const op = 'convTranspose1d';
    const y = convTranspose2d(asRows(op, x, layout), weightRow(op, weight, layout, ['k', 'O', 'I']), bias, {
      stride: rowNumber(op, 'stride', stride, 1),
      padding: rowPadding(op, padding) as Exclude<Padding, 'same'>,
      outputPadding: rowNumber(op, 'outputPadding', outputPadding, 0),
      dilation: rowNumber(op, 'dilation', dilation, 1),
      groups,
    });
    return [fromRows(y, layout)];
  },
};

/**
 * The transposed convolution along one axis: x [B, T, I] and a weight [k, O / groups, I] → [B, t, O], as
 * {@link convTranspose2d}. In layout 'ncw': [B, I, T] and [I, O / groups, k] → [B, O, t].
 * @throws ShapeError when sizes do not fit
 */
export const convTranspose1d = defineOp(
  transposed,
  (apply) =>
    (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTranspose1dOptions = {}): Tensor => {
      const known = ['stride', 'padding', 'outputPadding', 'dilation', 'groups', 'layout'];
      assertOptions('convTranspose1d', options, known);
      return apply([x, weight, bias], options)[0];
    },
);
