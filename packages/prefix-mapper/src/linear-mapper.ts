// One layer, Linear(D → P·d): what ClipCap's `predict.py` and notebooks make of P > 10.
import { Linear, type Parameters } from '@foreword/nn';
import { linear, type Tensor } from '@foreword/tensor';
import type { MapperConfig } from './mapper-config.ts';
import { PrefixMapper } from './prefix-mapper.ts';

export class LinearMapper extends PrefixMapper {
  // The layer's own, for ClipCap gives it no name.
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;

  constructor(p: Parameters, config: MapperConfig) {
    super(p, config);
    const { featureSize: D, prefixLength: P, embeddingSize: d } = this.config;
    ({ weight: this.weight, bias: this.bias } = new Linear(p, D, P * d));
  }

  protected override rows(features: Tensor): Tensor {
    return linear(features, this.weight, this.bias);
  }
}
