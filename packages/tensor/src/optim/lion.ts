// Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", Algorithm 2).
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import { assertRate, Optimizer, type OptimizerOptions } from './optimizer.ts';
import type { TrainableParameters } from './trainable-parameters.ts';

export interface LionOptions extends OptimizerOptions {
  /** Default 0.0001: a third to a tenth of AdamW's. */
  lr?: number;
  /** Default [0.9, 0.99]. */
  betas?: readonly [number, number];
  /** Decoupled; default 0. */
  weightDecay?: number;
}

/**
 * Lion: every weight moves by ± the learning rate, half of AdamW's state.
 * @example
 * const optimizer = new Lion(model.namedParameters(), { lr: 1e-4, weightDecay: 0.1 });
 */
export class Lion extends Optimizer {
  constructor(parameters: TrainableParameters, options: LionOptions = {}) {
    const { lr = 1e-4, betas = [0.9, 0.99], weightDecay = 0 } = options;
    const [b1, b2] = betas;
    assertRate('Lion', 'betas[0]', b1, 1);
    assertRate('Lion', 'betas[1]', b2, 1);
    assertRate('Lion', 'weightDecay', weightDecay);
    const rule = {
      name: 'Lion',
      kernel: 'lion',
      moments: ['m'],
      flopsPerElement: 9,
      rates: (_: number, rate: number): [number, number, number] => [rate, 0, rate * weightDecay],
      ratesWgsl: `return vec3f(lr, 0.0f, lr * ${f32Literal(weightDecay)});`,
      decayBefore: weightDecay > 0 ? 'x -= rates[2] * x;' : undefined,
      code: wgsl`let c = ${f32Literal(b1)} * m[i] + ${f32Literal(1 - b1)} * g;
        x -= rates[0] * select(sign(c), c, isNan4(c));
        m[i] = ${f32Literal(b2)} * m[i] + ${f32Literal(1 - b2)} * g;`,
    };
    super(rule, parameters, { ...options, lr });
  }
}
