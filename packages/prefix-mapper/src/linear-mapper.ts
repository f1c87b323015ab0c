// One layer, Linear(D → P·d): what ClipCap's `predict.py` and notebooks make of P > 10.
import { linear, type Tensor } from '@foreword/tensor';
import { PrefixMapper } from './prefix-mapper.ts';

export class LinearMapper extends PrefixMapper {
  override forward(features: Tensor): Tensor {
    this.assertFeatures(features);
    const { prefixLength: P, embeddingSize: d } = this.config;
    return linear(features, this.parameter('weight'), this.parameter('bias')).reshape([
      features.dim(0),
      P,
      d,
    ]);
  }
}
