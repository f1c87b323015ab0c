// Linear: x·Wᵀ + b, torch.nn.Linear.
import { linear, type Activation, type Tensor, type WeightLayout } from '@foreword/tensor';
import { uniformByFanIn, type Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';

export interface LinearOptions {
  /** Default true. */
  bias?: boolean;
  /** 'out-in': W [O, I] as in PyTorch, the default; 'in-out': W [I, O] as in GPT-2's Conv1D. */
  layout?: WeightLayout;
  /** Default: uniform in ±1/√I, bias too, as in PyTorch. */
  init?: Init;
  biasInit?: Init;
}

export interface LinearForwardOptions {
  /** Computed in the same kernel. */
  activation?: Activation;
  /** Added in the same kernel, after the activation [..., O]. */
  residual?: Tensor;
}

export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly layout: WeightLayout;

  constructor(p: Parameters, inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    const { bias = true, layout = 'out-in', init = uniformByFanIn(inputs), biasInit } = options;
    this.layout = layout;
    this.weight = p.get('weight', layout === 'out-in' ? [outputs, inputs] : [inputs, outputs], init);
    this.bias = bias ? p.get('bias', [outputs], biasInit ?? uniformByFanIn(inputs)) : undefined;
  }

  /** x [..., I] → [..., O], in one kernel. */
  forward(x: Tensor, options: LinearForwardOptions = {}): Tensor {
    return linear(x, this.weight, this.bias, { layout: this.layout, ...options });
  }
}
