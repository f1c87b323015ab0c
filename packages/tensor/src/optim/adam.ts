// Adam (Kingma & Ba 2015, Algorithm 1) and AdamW (Loshchilov & Hutter 2019, Algorithm 2), as PyTorch has them, and
// Hugging Face's former AdamW.
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import { assertRate, Optimizer, type OptimizerOptions, type UpdateRule } from './optimizer.ts';
import type { TrainableParameters } from './trainable-parameters.ts';

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.001. */
  lr?: number;
  /** Decay rates of the moments; default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Adam: added to the gradient (L2), default 0. AdamW: decoupled, default 0.01, and 0 in the variant 'transformers'. */
  weightDecay?: number;
}

export interface AdamWOptions extends AdamOptions {
  /**
   * 'torch': PyTorch's AdamW. 'transformers': Hugging Face's former AdamW, which ClipCap used: ε is added to √v before
   * the correction, and weights decay after the update.
   */
  variant?: 'torch' | 'transformers';
}

interface AdamKind {
  name: string;
  weightDecay: number;
  /** Where the weights decay. */
  decay: 'gradient' | 'before' | 'after';
  isEpsCorrected: boolean;
}

/** 1 − eˣ without the loss of digits near 0, for x ≤ 0. */
const oneMinusExp = wgsl`
  var o: vec2f;
  for (var k = 0u; k < 2u; k++) {
    let x = step * LOG[k];
    let series = -x * (1.0f + x / 2.0f * (1.0f + x / 3.0f * (1.0f + x / 4.0f * (1.0f + x / 5.0f * (1.0f + x / 6.0f * (1.0f + x / 7.0f))))));
    o[k] = select(1.0f - exp(x), series, x > -0.5f);
  }`;

function adamRule(
  { betas = [0.9, 0.999], eps = 1e-8 }: AdamOptions,
  { name, weightDecay, decay, isEpsCorrected }: AdamKind,
): UpdateRule {
  const [b1, b2] = betas;
  assertRate(name, 'betas[0]', b1, 1);
  assertRate(name, 'betas[1]', b2, 1);
  assertRate(name, 'eps', eps);
  assertRate(name, 'weightDecay', weightDecay);
  const decoupled = weightDecay > 0 ? 'x -= rates[2] * x;' : undefined;
  const l2 = weightDecay > 0 ? `g += ${f32Literal(weightDecay)} * x;` : undefined;
  // ln 0 has no literal; e⁻¹⁰⁰ is 0 beside 1.
  const log = (beta: number): string => f32Literal(Math.max(-100, Math.log(beta)));
  return {
    name,
    kernel: name === 'Adam' ? 'adam' : 'adamW',
    moments: ['m', 'v'],
    flopsPerElement: 12,
    /** [step size, ε, decay] */
    rates(step, lr) {
      const root = Math.sqrt(1 - b2 ** step);
      return [(lr * root) / (1 - b1 ** step), isEpsCorrected ? eps * root : eps, lr * weightDecay];
    },
    ratesWgsl: wgsl`let LOG = vec2f(${log(b1)}, ${log(b2)});
      ${oneMinusExp}
      let root = sqrt(o.y);
      return vec3f(lr * root / o.x, ${f32Literal(eps)}${isEpsCorrected && ' * root'}, lr * ${f32Literal(weightDecay)});`,
    decayBefore: decay === 'gradient' ? l2 : decay === 'before' ? decoupled : undefined,
    decayAfter: decay === 'after' ? decoupled : undefined,
    code: wgsl`let newM = ${f32Literal(b1)} * m[i] + ${f32Literal(1 - b1)} * g;
        let newV = ${f32Literal(b2)} * v[i] + ${f32Literal(1 - b2)} * g * g;
        x -= rates[0] * newM / (sqrt(newV) + rates[1]);
        m[i] = newM;
        v[i] = newV;`,
  };
}

/**
 * Adam, torch.optim.Adam; weight decay is added to the gradients.
 * @example
 * const optimizer = new Adam(model.namedParameters(), { lr: 1e-3 });
 */
export class Adam extends Optimizer {
  constructor(parameters: TrainableParameters, options: AdamOptions = {}) {
    const { lr = 1e-3, weightDecay = 0 } = options;
    const kind: AdamKind = { name: 'Adam', weightDecay, decay: 'gradient', isEpsCorrected: true };
    super(adamRule(options, kind), parameters, { ...options, lr });
  }
}

/**
 * AdamW, torch.optim.AdamW; weight decay is apart from the gradients.
 * @example
 * const optimizer = new AdamW({ w, b }, { lr: 3e-4, clipNorm: 1 });
 * optimizer.step(lossOf(w, b));
 */
export class AdamW extends Optimizer {
  constructor(parameters: TrainableParameters, options: AdamWOptions = {}) {
    const { lr = 1e-3, variant = 'torch' } = options;
    const isTorch = variant === 'torch';
    const { weightDecay = isTorch ? 0.01 : 0 } = options;
    const decay = isTorch ? 'before' : 'after';
    super(adamRule(options, { name: 'AdamW', weightDecay, decay, isEpsCorrected: isTorch }), parameters, {
      ...options,
      lr,
    });
  }
}
