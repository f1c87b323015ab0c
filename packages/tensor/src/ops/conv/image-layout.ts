// Channels last or first: ops on images compute with channels last, and turn what comes otherwise.
import { assertChoice } from '../../arguments.ts';
import type { Tensor } from '../../tensor.ts';
import { transpose } from '../move/transpose.ts';

/** [B, H, W, C] and weights [k, k, in, out] (the engine's own), or PyTorch's [B, C, H, W] and [out, in, k, k]. */
export type ImageLayout = 'nhwc' | 'nchw';

/** [B, C, H, W] → [B, H, W, C] */
export const channelsLast = (x: Tensor): Tensor => transpose(x, [0, 2, 3, 1]);
/** [B, H, W, C] → [B, C, H, W] */
export const channelsFirst = (x: Tensor): Tensor => transpose(x, [0, 3, 1, 2]);

/** Runs `work` on images in their layout, and gives its results in the same. */
export function inLayout(
  op: string,
  layout: ImageLayout,
  x: Tensor,
  work: (x: Tensor) => readonly Tensor[],
): Tensor[] {
  assertChoice(op, 'layout', layout, ['nhwc', 'nchw']);
  return layout === 'nhwc' ? [...work(x)] : work(channelsLast(x)).map(channelsFirst);
}
