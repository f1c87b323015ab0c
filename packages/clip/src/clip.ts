// The CLIP model (Radford et al. 2021): an image tower and a text tower that project into one space.
//
// Legend: B batch, T tokens of a text, N patches of an image, C channels of a tower, D the shared space.
import {
  add,
  embedding,
  layerNorm,
  linear,
  ShapeError,
  slice,
  type Device,
  type Tensor,
} from '@foreword/tensor';
import { assertClipConfig, clipConfigJson, isResNet, type ClipConfig } from './clip-config.ts';
import { ClipError } from './clip-error.ts';
import { initialParameters } from './initial-parameters.ts';
import { modelShapes } from './model-tensors.ts';
import { readParameters, type ReadOptions, type WeightSource } from './read-parameters.ts';
import { resNet } from './resnet.ts';
import { transformer, type Lookup } from './transformer.ts';
import { asF32, imageRows, projectRows } from './vision-transformer.ts';

/** One tensor for `writeSafetensors`. */
export interface ClipEntry {
  name: string;
  dtype: 'F32' | 'F16';
  shape: readonly number[];
  data: Float32Array;
}

/** What a saved model consists of. */
export interface SavedClip {
  /** Tensors under OpenAI's names; those of an f16 model are F16. */
  entries: ClipEntry[];
  /** The content of config.json, as Hugging Face writes it. */
  config: Record<string, unknown>;
}

export class Clip {
  readonly device: Device;
  readonly config: ClipConfig;
  readonly #parameters: Readonly<Record<string, Tensor>>;

  /**
   * A model over tensors that exist; their names, OpenAI's, say where each belongs. Those of a ResNet are folded.
   * @throws ClipError when a name is missing or unknown, or a shape does not fit the configuration
   */
  constructor(config: ClipConfig, parameters: Readonly<Record<string, Tensor>>) {
    assertClipConfig(config);
    const shapes = modelShapes(config);
    for (const [name, shape] of shapes) {
      const got = parameters[name]?.shape;
      if (!got || got.join() !== shape.join()) {
        const what = got ? `is [${got.join(', ')}]` : 'is missing';
        throw new ClipError(`parameter "${name}" ${what}; this configuration needs [${shape.join(', ')}]`);
      }
    }
    const unknown = Object.keys(parameters).find((name) => !shapes.has(name));
    if (unknown) throw new ClipError(`parameter "${unknown}" has no place in this configuration`);
    this.device = parameters.logit_scale.device;
    this.config = config;
    this.#parameters = parameters;
  }

  /**
   * Uploads weights with OpenAI's or Hugging Face's names; the model is frozen (see {@link Clip.trainable}).
   * @throws ClipError when weights and configuration do not belong together
   */
  static async fromTensors(
    device: Device,
    config: ClipConfig,
    source: WeightSource,
    options: ReadOptions = {},
  ): Promise<Clip> {
    assertClipConfig(config);
    return new Clip(config, await readParameters(device, config, source, options));
  }

  /**
   * A trainable model with OpenAI's initialisation; one seed gives the same weights on every adapter.
   * @throws ClipError for a ResNet
   */
  static random(device: Device, config: ClipConfig, seed: number): Clip {
    assertClipConfig(config);
    const { vision } = config;
    if (isResNet(vision)) throw untrainable();
    return new Clip(config, initialParameters(device, { ...config, vision }, seed)).trainable();
  }

  /** Name → tensor of all parameters, logit scale included. */
  parameters(): Record<string, Tensor> {
    return { ...this.#parameters };
  }

  /** Natural logarithm of the factor between cosine and logit; a scalar. */
  get logitScale(): Tensor {
    return this.#parameters.logit_scale;
  }

  /**
   * Marks all parameters as trainable, or as frozen.
   * @throws ClipError when a ResNet is to be trained
   */
  trainable(on = true): this {
    if (on && isResNet(this.config.vision)) throw untrainable();
    for (const p of Object.values(this.#parameters)) p.trainable(on);
    return this;
  }

  /**
   * Features of preprocessed images: pixels [B, 3, n, n] → [B, D], as `encode_image`: not normalised.
   * @throws ShapeError when the pixels are not of the model's size
   */
  encodeImage(pixels: Tensor): Tensor {
    this.#checkPixels(pixels);
    const { vision, activation = 'quickGelu' } = this.config;
    const at = this.#lookup('visual.');
    if (isResNet(vision)) return resNet(pixels, at, vision);
    const pick = (rows: Tensor): Tensor => slice(rows, { axis: 1, start: 0, end: 1 });
    const x = imageRows(pixels, at, vision, { activation, pick }); // [B, 1, C]
    return projectRows(x, at).reshape([pixels.shape[0], -1]); // [B, D]
  }

  /**
   * All rows of a vision transformer, class token first, patches row by row: [B, 3, n, n] → [B, 1 + N, C] as they leave
   * the last block, or with `projected` normalised and projected like the image's feature → [B, 1 + N, D].
   * @throws ClipError for a ResNet, whose attention pool makes one row
   */
  encodeImageTokens(pixels: Tensor, { projected = false }: { projected?: boolean } = {}): Tensor {
    this.#checkPixels(pixels);
    const { vision, activation = 'quickGelu' } = this.config;
    if (isResNet(vision)) {
      throw new ClipError(
        'encodeImageTokens: a ResNet has no rows but its feature; use encodeImage, or a model with a vision transformer',
      );
    }
    const at = this.#lookup('visual.');
    const x = imageRows(pixels, at, vision, { activation });
    return projected ? projectRows(x, at) : x;
  }

  /**
   * Features of texts: [B, D], as `encode_text`: not normalised.
   * @param tokens ids [B, T], i32; T may be shorter than the context when no text is longer
   * @param ends for each text, the flat index in `tokens` of its end token, i32 [B]; `textInputs` gives both
   * @throws ShapeError when T is longer than the context, or the sizes do not fit
   */
  encodeText(tokens: Tensor, ends: Tensor): Tensor {
    const { contextLength, width: C, layers, heads } = this.config.text;
    const [B, T] = tokens.shape;
    if (tokens.rank !== 2 || T > contextLength || ends.size !== B) {
      throw new ShapeError(
        `encodeText: tokens ${tokens.shape.join('×')} with ${ends.size} ends; [B, T] with T at most ${contextLength} and B ends are needed`,
      );
    }
    const p = this.#lookup();
    const position = p('positional_embedding');
    const positions = T === contextLength ? position : slice(position, { axis: 0, start: 0, end: T });
    const x = add(asF32(embedding(p('token_embedding.weight'), tokens)), positions); // [B, T, C]
    const rows = transformer(x, this.#lookup('transformer.'), {
      layers,
      heads,
      causal: true,
      activation: this.config.activation ?? 'quickGelu',
      pick: (t) => embedding(t.reshape([-1, C]), ends),
    }); // [B, C]
    const normed = layerNorm(rows, p('ln_final.weight'), p('ln_final.bias'));
    return linear(normed, p('text_projection'), undefined, { layout: 'in-out' }); // [B, D]
  }

  /**
   * Everything a model folder holds, read back from the GPU.
   * @throws ClipError for a ResNet, whose BatchNorms are no longer there
   */
  async save(): Promise<SavedClip> {
    const config = clipConfigJson(this.config);
    const entries: ClipEntry[] = [];
    for (const [name, t] of Object.entries(this.#parameters)) {
      const data = (await t.read()) as Float32Array;
      entries.push({ name, dtype: t.dtype === 'f16' ? 'F16' : 'F32', shape: t.shape, data });
    }
    return { entries, config };
  }

  /** Releases the parameters. */
  dispose(): void {
    for (const p of Object.values(this.#parameters)) p.dispose();
  }

  #lookup(prefix = ''): Lookup {
    return (name) => {
      const found = this.#parameters[prefix + name];
      if (!found) throw new ClipError(`this model has no parameter "${prefix + name}"`);
      return found;
    };
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
    'a CLIP with a ResNet is for inference: its BatchNorms are folded away and its convolutions have no gradients; ' +
      'train one with a vision transformer',
  );
