// pixelShuffle and pixelUnshuffle: r × r pixels for r² channels and back (Shi et al. 2016, §3.2).
import { assertChoice, assertNumber } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import type { ImageLayout } from './image-layout.ts';

interface ShuffleAttrs {
  factor: number;
  layout: ImageLayout;
}

function sizesOf(op: string, x: Tensor, { factor, layout }: ShuffleAttrs): number[] {
  assertNumber(op, 'factor', factor, { integer: true, min: 1 });
  assertChoice(op, 'layout', layout, ['nhwc', 'nchw']);
  const [B, p, q, s] = x.shape;
  const [H, W, C] = layout === 'nhwc' ? [p, q, s] : [q, s, p];
  const parts = op === 'pixelShuffle' ? [C / factor ** 2] : [H / factor, W / factor];
  if (x.rank !== 4 || !parts.every(Number.isInteger))
    throw new ShapeError(
      `${op}: x ${formatShape(x.shape)} (${layout}) cannot be parted by a factor of ${factor}`,
    );
  return [B, H, W, C];
}

const shuffle: CompositeDefinition<ShuffleAttrs, readonly [Tensor]> = {
  name: 'pixelShuffle',
  inputs: ['x'],
  compose([x], attrs) {
    const { factor: r, layout } = attrs;
    const [B, H, W, channels] = sizesOf('pixelShuffle', x, attrs);
    const C = channels / r ** 2;
    const isLast = layout === 'nhwc';
    const parts = reshape(x, isLast ? [B, H, W, C, r, r] : [B, C, r, r, H, W]);
    const turned = transpose(parts, [0, 1, 4, 2, 5, 3]);
    return [reshape(turned, isLast ? [B, H * r, W * r, C] : [B, C, H * r, W * r])];
  },
};

const unshuffle: CompositeDefinition<ShuffleAttrs, readonly [Tensor]> = {
  name: 'pixelUnshuffle',
  inputs: ['x'],
  compose([x], attrs) {
    const { factor: r, layout } = attrs;
    const [B, H, W, C] = sizesOf('pixelUnshuffle', x, attrs);
    const [h, w] = [H / r, W / r];
    const isLast = layout === 'nhwc';
    const parts = reshape(x, isLast ? [B, h, r, w, r, C] : [B, C, h, r, w, r]);
    const turned = transpose(parts, [0, 1, 3, 5, 2, 4]);
    return [reshape(turned, isLast ? [B, h, w, C * r * r] : [B, C * r * r, h, w])];
  },
};

/**
 * [B, H, W, C·factor²] → [B, H·factor, W·factor, C], channels in PyTorch's order; in layout 'nchw' the channels lie second.
 * @throws ShapeError when factor² does not divide the channels
 */
export const pixelShuffle = defineOp(
  shuffle,
  (apply) =>
    (x: Tensor, factor: number, { layout = 'nhwc' }: { layout?: ImageLayout } = {}): Tensor =>
      apply([x], { factor, layout })[0],
);

/**
 * The inverse of {@link pixelShuffle}: [B, H, W, C] → [B, H/factor, W/factor, C·factor²].
 * @throws ShapeError when factor does not divide rows and columns
 */
export const pixelUnshuffle = defineOp(
  unshuffle,
  (apply) =>
    (x: Tensor, factor: number, { layout = 'nhwc' }: { layout?: ImageLayout } = {}): Tensor =>
      apply([x], { factor, layout })[0],
);
