// What every mapper is: parameters under ClipCap's names, and a map from CLIP features to prefix rows.
//
// Legend: B batch, D feature, P prefix rows, d GPT-2's width, L its layers.
import { feedForward, Linear, Module, type Parameters } from '@foreword/nn';
import { ShapeError, type Device, type Tensor } from '@foreword/tensor';
import { resolveMapperConfig, type MapperConfig, type ResolvedMapperConfig } from './mapper-config.ts';

/** Linear, tanh, Linear; numbered as layers of a torch.nn.Sequential. */
export class TanhMlp extends Module {
  readonly 0: Linear;
  readonly 2: Linear;

  constructor(p: Parameters, inputs: number, hidden: number, outputs: number) {
    super();
    this[0] = new Linear(p.at(0), inputs, hidden);
    this[2] = new Linear(p.at(2), hidden, outputs);
  }

  /** x [..., I] → [..., O] */
  forward(x: Tensor): Tensor {
    return feedForward(x, this[0], this[2], { activation: 'tanh' });
  }
}

export abstract class PrefixMapper extends Module {
  readonly config: ResolvedMapperConfig;
  /** Makes a row's keys and values for all layers: d → L·2d. Deep prefixes only. */
  readonly reparameterisation: TanhMlp | undefined;

  /**
   * Names are ClipCap's, below `clip_project.` in its checkpoints; use `createMapper` or `loadMapper`.
   * @throws MapperError for sizes that make no sense.
   */
  constructor(p: Parameters, config: MapperConfig) {
    super();
    this.config = resolveMapperConfig(config);
    const { embeddingSize: d, placement } = this.config;
    const { kind, layers: L = 0, width = 0 } = placement;
    if (kind === 'deep')
      this.reparameterisation = new TanhMlp(p.at('reparameterisation'), d, width, L * 2 * d);
  }

  get device(): Device {
    return this.parameters()[0].device;
  }

  /**
   * CLIP features [B, D] → prefix rows [B, P, d], to be put before the token embeddings.
   * @throws ShapeError when the features are not of the mapper's size.
   */
  forward(features: Tensor): Tensor {
    const { featureSize: D, prefixLength: P, embeddingSize: d } = this.config;
    if (features.rank !== 2 || features.dim(1) !== D) {
      throw new ShapeError(
        `mapper: features [${features.shape.join(', ')}] are no [B, ${D}]; is the CLIP another one?`,
      );
    }
    return this.rows(features).reshape([features.dim(0), P, d]);
  }

  /** Features [B, D] → the rows' numbers [B, P·d] or [B, P, d]. */
  protected abstract rows(features: Tensor): Tensor;
}
