// CLIP's vision transformer (Radford et al. 2021, §2.4; Dosovitskiy et al. 2021): patches and a class token through
// the blocks, the class token's row projected.
//
// Legend: B images, N patches of an image, C channels, D the shared space.
import { add, cast, concat, fill, layerNorm, linear, patchEmbed, type Tensor } from '@foreword/tensor';
import type { ClipActivation, VisionTransformerConfig } from './clip-config.ts';
import { transformer, type Lookup } from './transformer.ts';

export interface ImageRowsOptions {
  activation: ClipActivation;
  /** See {@link transformer}. */
  pick?: (rows: Tensor) => Tensor;
}

/** Pixels [B, 3, n, n] through the blocks: [B, 1 + N, C], or what `pick` leaves of it. */
export function imageRows(
  pixels: Tensor,
  at: Lookup,
  { width: C, layers, heads }: VisionTransformerConfig,
  { activation, pick }: ImageRowsOptions,
): Tensor {
  const patches = asF32(patchEmbed(pixels, at('conv1.weight'))); // [B, N, C]
  // Added to zeros rather than repeated: the addition knows how to sum the gradient over the batch.
  const classToken = add(fill(pixels.device, [pixels.shape[0], 1, C], 0), at('class_embedding'));
  const x = add(concat([classToken, patches], { axis: 1 }), at('positional_embedding')); // [B, 1 + N, C]
  const normed = layerNorm(x, at('ln_pre.weight'), at('ln_pre.bias'));
  const blocks: Lookup = (name) => at(`transformer.${name}`);
  return transformer(normed, blocks, { layers, heads, causal: false, activation, pick });
}

/** Rows [..., C] into the shared space: [..., D]. */
export function projectRows(x: Tensor, at: Lookup): Tensor {
  const normed = layerNorm(x, at('ln_post.weight'), at('ln_post.bias'));
  return linear(normed, at('proj'), undefined, { layout: 'in-out' });
}

/** Activations are f32 whatever the weights are: f16 weights save memory, they do not cost range. */
export const asF32 = (x: Tensor): Tensor => (x.dtype === 'f32' ? x : cast(x, 'f32'));
