// GPT-2's weights before training (Radford et al. 2019, §2.3, and Hugging Face's GPT2PreTrainedModel).
import type { Gpt2Config } from './config.ts';
import { fillNormal } from './counter-random.ts';

/**
 * Initial values of one parameter: matrices normal with `initializer_range` (residual projections divided by
 * √(2·n_layer)), LayerNorm gains 1, biases 0. They depend on the seed and on the parameter's place only.
 */
export function initialValues(
  name: string,
  shape: readonly number[],
  { config, seed, stream }: { config: Gpt2Config; seed: number; stream: number },
): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  if (name.endsWith('.bias')) return values;
  if (shape.length === 1) return values.fill(1);
  const isResidual = name.endsWith('.c_proj.weight');
  const std = config.initializer_range / (isResidual ? Math.sqrt(2 * config.n_layer) : 1);
  fillNormal(values, { seed, stream, std });
  return values;
}
