// Two linear maps with an activation between, in two kernels.
import { mlp, type Activation, type Tensor, type WeightLayout } from '@foreword/tensor';
import type { Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';
import { Linear } from './linear.ts';

export interface MlpOptions {
  hidden: number;
  /** Default as many as inputs. */
  outputs?: number;
  /** Default 'gelu'. */
  activation?: Activation;
  bias?: boolean;
  layout?: WeightLayout;
  init?: Init;
}

/** Two linear maps of one layout with an activation between, in two kernels: x [..., I] → [..., O]. */
export function feedForward(
  x: Tensor,
  fc1: Linear,
  fc2: Linear,
  options: { activation: Activation; residual?: Tensor },
): Tensor {
  const weights = { w1: fc1.weight, b1: fc1.bias, w2: fc2.weight, b2: fc2.bias };
  return mlp(x, weights, { layout: fc1.layout, ...options });
}

export class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly activation: Activation;

  constructor(
    p: Parameters,
    inputs: number,
    { hidden, outputs = inputs, activation = 'gelu', ...options }: MlpOptions,
  ) {
    super();
    this.activation = activation;
    this.fc1 = new Linear(p.at('fc1'), inputs, hidden, options);
    this.fc2 = new Linear(p.at('fc2'), hidden, outputs, options);
  }

  /** x [..., I] → [..., O]; `residual` [..., O] is added in the second kernel. */
  forward(x: Tensor, { residual }: { residual?: Tensor } = {}): Tensor {
    return feedForward(x, this.fc1, this.fc2, { activation: this.activation, residual });
  }
}
