// ClipCap's MLP: Linear(D → H), tanh, Linear(H → P·d), H = ⌊P·d/2⌋ unless the configuration says otherwise.
import { mlp, type Tensor } from '@foreword/tensor';
import { PrefixMapper } from './prefix-mapper.ts';

export class MlpMapper extends PrefixMapper {
  override forward(features: Tensor): Tensor {
    this.assertFeatures(features);
    const { prefixLength: P, embeddingSize: d } = this.config;
    const weights = {
      w1: this.parameter('model.0.weight'),
      b1: this.parameter('model.0.bias'),
      w2: this.parameter('model.2.weight'),
      b2: this.parameter('model.2.bias'),
    };
    return mlp(features, weights, { activation: 'tanh' }).reshape([features.dim(0), P, d]); // [B, P, d]
  }
}
