// LayerNorm over the last axis, torch.nn.LayerNorm (Ba et al. 2016).
import { layerNorm, type Tensor } from '@foreword/tensor';
import { ones, zeros } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';

export interface LayerNormOptions {
  /** Default 1e-5. */
  eps?: number;
}

export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;

  constructor(p: Parameters, width: number, { eps = 1e-5 }: LayerNormOptions = {}) {
    super();
    this.eps = eps;
    this.weight = p.get('weight', [width], ones);
    this.bias = p.get('bias', [width], zeros);
  }

  /** x [..., C] → [..., C], in one kernel. */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}
