// Stochastic gradient descent with momentum (Sutskever et al. 2013), as PyTorch has it.
import { TensorError } from '../core/errors.ts';
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import { assertRate, Optimizer, type OptimizerOptions } from './optimizer.ts';
import type { TrainableParameters } from './trainable-parameters.ts';

export interface SGDOptions extends OptimizerOptions {
  lr: number;
  /** Default 0. */
  momentum?: number;
  /** Nesterov's momentum; needs `momentum`. */
  nesterov?: boolean;
  /** Added to the gradients (L2); default 0. */
  weightDecay?: number;
}

/**
 * SGD, torch.optim.SGD without dampening.
 * @example
 * const optimizer = new SGD(model.namedParameters(), { lr: 0.1, momentum: 0.9 });
 */
export class SGD extends Optimizer {
  constructor(parameters: TrainableParameters, options: SGDOptions) {
    const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
    assertRate('SGD', 'momentum', momentum);
    assertRate('SGD', 'weightDecay', weightDecay);
    if (nesterov && momentum === 0) throw new TensorError('SGD: nesterov needs a momentum above 0');
    const mu = f32Literal(momentum);
    const rule = {
      name: 'SGD',
      kernel: 'sgd',
      moments: momentum > 0 ? ['m'] : [],
      flopsPerElement: momentum > 0 ? 4 : 2,
      rates: (_: number, lr: number): [number, number, number] => [lr, 0, 0],
      ratesWgsl: 'return vec3f(lr, 0.0f, 0.0f);',
      decayBefore: weightDecay > 0 ? `g += ${f32Literal(weightDecay)} * x;` : undefined,
      code: wgsl`${
        momentum > 0 &&
        wgsl`let newM = ${mu} * m[i] + g;
        m[i] = newM;
        g = ${nesterov ? `g + ${mu} * newM` : 'newM'};`
      }
        x -= rates[0] * g;`,
    };
    super(rule, parameters, options);
  }
}
