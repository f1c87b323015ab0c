// maxPool1d and avgPool1d: pools along one axis, as those of images one pixel high.
import { assertNumber, assertOptions } from '../../arguments.ts';
import { defineOp, type CompositeDefinition, type Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { asRows, fromRows, rowNumber, rowPadding, type Padding1d, type SequenceLayout } from './conv1d.ts';
import { avgPool2d, maxPool2d } from './pool2d.ts';

export interface Pool1dOptions {
  kernelSize: number;
  /** Default `kernelSize`. */
  stride?: number;
  padding?: Padding1d;
  dilation?: number;
  ceilMode?: boolean;
  /** 'nwc' (default), or PyTorch's 'ncw', which costs a copy of x and result. */
  layout?: SequenceLayout;
}

export interface AvgPool1dOptions extends Pool1dOptions {
  /** Zeros of the padding count in the mean; default true. */
  countIncludePad?: boolean;
}

function definePool1d(
  name: string,
  pool: typeof avgPool2d | typeof maxPool2d,
): Op<(x: Tensor, options: AvgPool1dOptions) => Tensor> {
  const definition: CompositeDefinition<AvgPool1dOptions, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    compose([x], options) {
      const {
        kernelSize,
        stride = kernelSize,
        padding = 0,
        dilation = 1,
        layout = 'nwc',
        ...others
      } = options;
      assertNumber(name, 'kernelSize', kernelSize, { integer: true, min: 1 });
      const y = pool(asRows(name, x, layout), {
        ...others,
        kernelSize: [1, kernelSize],
        stride: rowNumber(name, 'stride', stride, 1),
        padding: rowPadding(name, padding),
        dilation: rowNumber(name, 'dilation', dilation, 1),
      });
      return [fromRows(y, layout)];
    },
  };
  return defineOp(definition, (apply) => (x: Tensor, options: AvgPool1dOptions): Tensor => {
    const known = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'layout'];
    assertOptions(name, options, name === 'avgPool1d' ? [...known, 'countIncludePad'] : known);
    return apply([x], options)[0];
  });
}

/** Maxima of windows along one axis: x [B, T, C] → [B, t, C], as {@link maxPool2d}. In layout 'ncw': [B, C, T] → [B, C, t]. */
export const maxPool1d: Op<(x: Tensor, options: Pool1dOptions) => Tensor> = definePool1d(
  'maxPool1d',
  maxPool2d,
);
/** Means of windows along one axis: x [B, T, C] → [B, t, C], as {@link avgPool2d}. In layout 'ncw': [B, C, T] → [B, C, t]. */
export const avgPool1d = definePool1d('avgPool1d', avgPool2d);
