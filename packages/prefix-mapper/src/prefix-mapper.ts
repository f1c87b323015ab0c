// What every mapper is: parameters under ClipCap's names, and a map from CLIP features to prefix rows.
//
// Legend: B batch, D feature, P prefix rows, d GPT-2's width.
import { ShapeError, type Device, type Tensor } from '@foreword/tensor';
import { resolveMapperConfig, type MapperConfig, type ResolvedMapperConfig } from './mapper-config.ts';
import { MapperError } from './mapper-error.ts';
import { mapperShapes } from './mapper-shapes.ts';

export abstract class PrefixMapper {
  readonly device: Device;
  readonly config: ResolvedMapperConfig;
  readonly #parameters: Readonly<Record<string, Tensor>>;

  /**
   * @param parameters tensors of `mapperShapes(config)`; use `createMapper`, `mapperFromTensors` or `loadMapper`
   * @throws MapperError when a parameter is missing or has another shape.
   */
  constructor(device: Device, config: MapperConfig, parameters: Readonly<Record<string, Tensor>>) {
    this.device = device;
    this.config = resolveMapperConfig(config);
    const ordered: Record<string, Tensor> = {};
    for (const [name, shape] of mapperShapes(this.config)) {
      const got = parameters[name]?.shape;
      if (got?.join() !== shape.join()) {
        const what = got ? `is [${got.join(', ')}]` : 'is missing';
        throw new MapperError(
          `mapper: the parameter "${name}" ${what}; this configuration needs [${shape.join(', ')}]`,
        );
      }
      ordered[name] = parameters[name];
    }
    this.#parameters = ordered;
  }

  /**
   * CLIP features [B, D] → prefix rows [B, P, d], to be put before the token embeddings.
   * @throws ShapeError when the features are not of the mapper's size.
   */
  abstract forward(features: Tensor): Tensor;

  /** Name → tensor of all parameters, names as in ClipCap's checkpoints without `clip_project.`. */
  parameters(): Record<string, Tensor> {
    return { ...this.#parameters };
  }

  /** Makes all parameters trainable, or freezes them. */
  trainable(on = true): this {
    for (const parameter of Object.values(this.#parameters)) parameter.trainable(on);
    return this;
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const parameter of Object.values(this.#parameters)) parameter.dispose();
  }

  protected parameter(name: string): Tensor {
    return this.#parameters[name];
  }

  protected assertFeatures(features: Tensor): void {
    const D = this.config.featureSize;
    if (features.rank !== 2 || features.dim(1) !== D) {
      throw new ShapeError(
        `mapper: features [${features.shape.join(', ')}] are no [B, ${D}]; is the CLIP another one?`,
      );
    }
  }
}
