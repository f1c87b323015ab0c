// The CLIP model (Radford et al. 2021): an image tower and a text tower that project into one space.
//
// Legend: B batch, T tokens of a text, N patches of an image, C channels of a tower, D the shared space.
import { Embedding, init, LayerNorm, Module, seeded, type Parameters } from '@foreword/nn';
import {
  add,
  embedding,
  linear,
  ShapeError,
  slice,
  type Device,
  type SafetensorsEntry,
  type Tensor,
} from '@foreword/tensor';
import { assertClipConfig, clipConfigJson, isResNet, type ClipConfig } from './clip-config.ts';
import { ClipError } from './clip-error.ts';
import { ResNet } from './resnet.ts';
import { Transformer } from './transformer.ts';
import { VisionTransformer } from './vision-transformer.ts';

/** What a saved model consists of. */
export interface SavedClip {
  /** Tensors under OpenAI's names; those of an f16 model are F16. */
  entries: SafetensorsEntry[];
  /** The content of config.json, as Hugging Face writes it. */
  config: Record<string, unknown>;
}

/**
 * Parameters have OpenAI's names, and begin as in its program (openai/CLIP model.py, `initialize_parameters` and the
 * constructors); what that leaves alone, the inside of the image tower among it, begins as torch's layers do.
 */
export class Clip extends Module {
  readonly config: ClipConfig;
  readonly positional_embedding: Tensor;
  readonly text_projection: Tensor;
  readonly logit_scale: Tensor;
  readonly visual: VisionTransformer | ResNet;
  readonly transformer: Transformer;
  readonly token_embedding: Embedding;
  readonly ln_final: LayerNorm;

  /** @throws ClipError for sizes that do not fit each other */
  constructor(p: Parameters, config: ClipConfig) {
    super();
    assertClipConfig(config);
    const { vision, text, embedDim: D, activation = 'quickGelu' } = config;
    const { width: W, contextLength, vocabSize, layers } = text;
    this.config = config;
    this.positional_embedding = p.get(
      'positional_embedding',
      [contextLength, W],
      init.normal({ std: 0.01 }),
      {
        keepF32: true,
      },
    );
    this.text_projection = p.get('text_projection', [W, D], init.normal({ std: W ** -0.5 }));
    this.logit_scale = p.get('logit_scale', [], init.constant(Math.log(1 / 0.07)));
    this.visual = isResNet(vision)
      ? new ResNet(p.at('visual'), vision, D)
      : new VisionTransformer(p.at('visual'), vision, { activation, embedDim: D });
    const residual = init.normal({ std: W ** -0.5 * (2 * layers) ** -0.5 });
    this.transformer = new Transformer(p.at('transformer'), {
      ...text,
      activation,
      causal: true,
      init: {
        inProj: init.normal({ std: W ** -0.5 }),
        outProj: residual,
        fc: init.normal({ std: (2 * W) ** -0.5 }),
        proj: residual,
      },
    });
    this.token_embedding = new Embedding(p.at('token_embedding'), vocabSize, W, {
      init: init.normal({ std: 0.02 }),
    });
    this.ln_final = new LayerNorm(p.at('ln_final'), W);
  }

  /**
   * A trainable model with OpenAI's initialisation; one seed gives the same weights on every adapter.
   * @throws ClipError for a ResNet
   */
  static random(device: Device, config: ClipConfig, seed: number): Clip {
    if (isResNet(config.vision)) throw untrainable();
    return new Clip(seeded(device, { seed }), config);
  }

  get device(): Device {
    return this.logit_scale.device;
  }

  /** Natural logarithm of the factor between cosine and logit; a scalar. */
  get logitScale(): Tensor {
    return this.logit_scale;
  }

  /**
   * Marks all parameters as trainable, or as frozen.
   * @throws ClipError when a ResNet is to be trained
   */
  override trainable(on = true): this {
    if (on && isResNet(this.config.vision)) throw untrainable();
    return super.trainable(on);
  }

  /**
   * Features of preprocessed images: pixels [B, 3, n, n] → [B, D], as `encode_image`: not normalised.
   * @throws ShapeError when the pixels are not of the model's size
   */
  encodeImage(pixels: Tensor): Tensor {
    this.#checkPixels(pixels);
    return this.visual.forward(pixels);
  }

  /**
   * All rows of a vision transformer, class token first, patches row by row: [B, 3, n, n] → [B, 1 + N, C] as they leave
   * the last block, or with `projected` normalised and projected like the image's feature → [B, 1 + N, D].
   * @throws ClipError for a ResNet, whose attention pool makes one row
   */
  encodeImageTokens(pixels: Tensor, { projected = false }: { projected?: boolean } = {}): Tensor {
    this.#checkPixels(pixels);
    if (this.visual instanceof ResNet) {
      throw new ClipError(
        'encodeImageTokens: a ResNet has no rows but its feature; use encodeImage, or a model with a vision transformer',
      );
    }
    const x = this.visual.rows(pixels);
    return projected ? this.visual.project(x) : x;
  }

  /**
   * Features of texts: [B, D], as `encode_text`: not normalised.
   * @param tokens ids [B, T], i32; T may be shorter than the context when no text is longer
   * @param ends for each text, the flat index in `tokens` of its end token, i32 [B]; `textInputs` gives both
   * @throws ShapeError when T is longer than the context, or the sizes do not fit
   */
  encodeText(tokens: Tensor, ends: Tensor): Tensor {
    const { contextLength, width: C } = this.config.text;
    const [B, T] = tokens.shape;
    if (tokens.rank !== 2 || T > contextLength || ends.size !== B) {
      throw new ShapeError(
        `encodeText: tokens ${tokens.shape.join('×')} with ${ends.size} ends; [B, T] with T at most ${contextLength} and B ends are needed`,
      );
    }
    const position = this.positional_embedding;
    const positions = T === contextLength ? position : slice(position, { axis: 0, start: 0, end: T });
    const x = add(this.token_embedding.forward(tokens), positions); // [B, T, C]
    const rows = this.transformer.forward(x, (t) => embedding(t.reshape([-1, C]), ends)); // [B, C]
    return linear(this.ln_final.forward(rows), this.text_projection, undefined, { layout: 'in-out' }); // [B, D]
  }

  /**
   * Everything a model folder holds, read back from the GPU.
   * @throws ClipError for a ResNet, whose BatchNorms are no longer there
   */
  async save(): Promise<SavedClip> {
    const config = clipConfigJson(this.config);
    return { entries: await this.entries(), config };
  }

  #checkPixels({ shape }: Tensor): void {
    const { imageSize: n } = this.config.vision;
    const [, ...image] = shape;
    if (image.join() !== [3, n, n].join()) {
      throw new ShapeError(`encodeImage: pixels ${shape.join('×')} are not [B, 3, ${n}, ${n}]`);
    }
  }
}

const untrainable = (): ClipError =>
  new ClipError(
    'a CLIP with a ResNet is for inference: its BatchNorms are folded away; ' +
      'train one with a vision transformer',
  );
