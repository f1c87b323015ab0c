// ClipCap's MLP: Linear(D → H), tanh, Linear(H → P·d), H = ⌊P·d/2⌋ unless the configuration says otherwise.
import type { Parameters } from '@foreword/nn';
import type { Tensor } from '@foreword/tensor';
import type { MapperConfig } from './mapper-config.ts';
import { PrefixMapper, TanhMlp } from './prefix-mapper.ts';

export class MlpMapper extends PrefixMapper {
  readonly model: TanhMlp;

  constructor(p: Parameters, config: MapperConfig) {
    super(p, config);
    const { featureSize: D, hiddenSize: H, prefixLength: P, embeddingSize: d } = this.config;
    this.model = new TanhMlp(p.at('model'), D, H, P * d);
  }

  protected override rows(features: Tensor): Tensor {
    return this.model.forward(features);
  }
}
