// CLIP's vision transformer (Radford et al. 2021, §2.4; Dosovitskiy et al. 2021): patches and a class token through
// the blocks, the class token's row projected.
//
// Legend: B images, N patches of an image, C channels, D the shared space.
import { init, LayerNorm, Module, type Parameters } from '@foreword/nn';
import { add, cast, concat, fill, linear, patchEmbed, slice, type Tensor } from '@foreword/tensor';
import type { ClipActivation, VisionTransformerConfig } from './clip-config.ts';
import { Transformer, type Pick } from './transformer.ts';

/** Maps patches to rows; as a convolution has it, weight [C, 3, p, p]. */
class PatchEmbedding extends Module {
  readonly weight: Tensor;

  constructor(p: Parameters, C: number, side: number) {
    super();
    this.weight = p.get('weight', [C, 3, side, side], init.uniformByFanIn(3 * side ** 2));
  }

  /** [B, 3, n, n] → [B, N, C] */
  forward(pixels: Tensor): Tensor {
    return asF32(patchEmbed(pixels, this.weight));
  }
}

export interface VisionTransformerOptions {
  activation: ClipActivation;
  embedDim: number;
}

export class VisionTransformer extends Module {
  readonly class_embedding: Tensor;
  readonly positional_embedding: Tensor;
  readonly proj: Tensor;
  readonly conv1: PatchEmbedding;
  readonly ln_pre: LayerNorm;
  readonly transformer: Transformer;
  readonly ln_post: LayerNorm;

  constructor(
    p: Parameters,
    config: VisionTransformerConfig,
    { activation, embedDim: D }: VisionTransformerOptions,
  ) {
    super();
    const { width: C, imageSize, patchSize } = config;
    const scaled = init.normal({ std: C ** -0.5 });
    this.class_embedding = p.get('class_embedding', [C], scaled);
    const rows = (imageSize / patchSize) ** 2 + 1;
    this.positional_embedding = p.get('positional_embedding', [rows, C], scaled, { keepF32: true });
    this.proj = p.get('proj', [C, D], scaled);
    this.conv1 = new PatchEmbedding(p.at('conv1'), C, patchSize);
    this.ln_pre = new LayerNorm(p.at('ln_pre'), C);
    // Xavier over [3C, C] taken as one matrix, as torch's attention begins.
    const inProj = init.xavierUniform({ fanIn: C, fanOut: 3 * C });
    this.transformer = new Transformer(p.at('transformer'), {
      ...config,
      activation,
      causal: false,
      init: { inProj },
    });
    this.ln_post = new LayerNorm(p.at('ln_post'), C);
  }

  /** Pixels [B, 3, n, n] → features [B, D]. */
  forward(pixels: Tensor): Tensor {
    const x = this.rows(pixels, (rows) => slice(rows, { axis: 1, start: 0, end: 1 })); // [B, 1, C]
    return this.project(x).reshape([pixels.dim(0), -1]);
  }

  /** Pixels [B, 3, n, n] through the blocks: [B, 1 + N, C], or what `pick` leaves of it. */
  rows(pixels: Tensor, pick?: Pick): Tensor {
    const patches = this.conv1.forward(pixels); // [B, N, C]
    const [B, , C] = patches.shape;
    // Added to zeros rather than repeated: the addition knows how to sum the gradient over the batch.
    const classToken = add(fill(pixels.device, [B, 1, C], 0), this.class_embedding);
    const x = add(concat([classToken, patches], { axis: 1 }), this.positional_embedding); // [B, 1 + N, C]
    return this.transformer.forward(this.ln_pre.forward(x), pick);
  }

  /** Rows [..., C] into the shared space: [..., D]. */
  project(rows: Tensor): Tensor {
    return linear(this.ln_post.forward(rows), this.proj, undefined, { layout: 'in-out' });
  }
}

/** Activations are f32 whatever the weights are: f16 weights save memory, they do not cost range. */
const asF32 = (x: Tensor): Tensor => (x.dtype === 'f32' ? x : cast(x, 'f32'));
