// CLIP's ResNet image tower (Radford et al. 2021, §2.4): a stem of three convolutions, bottlenecks whose strides are
// average pools (Zhang 2019), and an attention pool in place of the global average. Channels lie last throughout.
//
// Legend: B images, h × w grid, C channels, N = h·w, D the shared space.
import {
  add,
  attention,
  avgPool2d,
  concat,
  conv2d,
  linear,
  mean,
  relu,
  slice,
  transpose,
  type Tensor,
} from '@foreword/tensor';
import type { ResNetConfig } from './clip-config.ts';
import { bottlenecks } from './resnet-parameters.ts';
import type { Lookup } from './transformer.ts';

/** Pixels [B, 3, n, n] → features [B, D]. */
export function resNet(pixels: Tensor, at: Lookup, config: ResNetConfig): Tensor {
  let x = transpose(pixels, [0, 2, 3, 1]); // [B, n, n, 3]
  for (const [name, stride] of [
    ['conv1', 2],
    ['conv2', 1],
    ['conv3', 1],
  ] as const) {
    x = conv2d(x, at(`${name}.weight`), at(`${name}.bias`), { stride, padding: 1, activation: 'relu' });
  }
  x = avgPool2d(x, { kernelSize: 2 }); // [B, n/4, n/4, C]
  for (const { name, isFirst, stride } of bottlenecks(config)) {
    x = bottleneck(x, (part) => at(`${name}.${part}`), { stride, isFirst });
  }
  return attentionPool(x, (part) => at(`attnpool.${part}`), config.heads);
}

/** [B, h, w, I] → [B, h/stride, w/stride, O]; the first of a stage changes the channels of what it adds to, too. */
function bottleneck(
  x: Tensor,
  at: Lookup,
  { stride, isFirst }: { stride: number; isFirst: boolean },
): Tensor {
  // A 1 × 1 convolution of images whose channels lie last is a linear map of pixels.
  const pointwise = (
    input: Tensor,
    name: string,
    options?: { residual?: Tensor; activation?: 'relu' },
  ): Tensor => linear(input, at(`${name}.weight`), at(`${name}.bias`), { layout: 'in-out', ...options });
  const shrink = (input: Tensor): Tensor => (stride > 1 ? avgPool2d(input, { kernelSize: stride }) : input);
  const narrow = pointwise(x, 'conv1', { activation: 'relu' });
  const mixed = conv2d(narrow, at('conv2.weight'), at('conv2.bias'), { padding: 1, activation: 'relu' });
  const residual = isFirst ? pointwise(shrink(x), 'downsample.0') : x;
  return relu(pointwise(shrink(mixed), 'conv3', { residual }));
}

/** [B, h, w, C] → [B, D]: the mean of the grid asks the grid and itself. */
function attentionPool(grid: Tensor, at: Lookup, heads: number): Tensor {
  const [B, h, w, C] = grid.shape;
  const cells = grid.reshape([B, h * w, C]);
  const rows = concat([mean(cells, { axis: 1, keepDim: true }), cells], { axis: 1 }); // [B, 1 + N, C]
  const x = add(rows, at('positional_embedding'));
  const project = (input: Tensor, which: string): Tensor =>
    linear(input, at(`${which}_proj.weight`), at(`${which}_proj.bias`));
  const query = slice(x, { axis: 1, start: 0, end: 1 }); // [B, 1, C]
  const mixed = attention([project(query, 'q'), project(x, 'k'), project(x, 'v')], { heads });
  return project(mixed, 'c').reshape([B, -1]); // [B, D]
}
