// Names and shapes of GPT-2's parameters, as Hugging Face's checkpoints have them.
import type { Gpt2Config } from './config.ts';

/** All parameters in checkpoint order. Linear maps are Conv1D: [inputs, outputs], y = x·W + b. */
export function parameterShapes(config: Gpt2Config): Map<string, readonly number[]> {
  const { vocab_size: V, n_positions, n_embd: C, n_inner, n_layer } = config;
  const shapes = new Map<string, readonly number[]>([
    ['wte.weight', [V, C]],
    ['wpe.weight', [n_positions, C]],
  ]);
  const norm = (name: string): void => {
    shapes.set(`${name}.weight`, [C]).set(`${name}.bias`, [C]);
  };
  const linear = (name: string, inputs: number, outputs: number): void => {
    shapes.set(`${name}.weight`, [inputs, outputs]).set(`${name}.bias`, [outputs]);
  };
  for (let i = 0; i < n_layer; i++) {
    norm(`h.${i}.ln_1`);
    linear(`h.${i}.attn.c_attn`, C, 3 * C);
    linear(`h.${i}.attn.c_proj`, C, C);
    norm(`h.${i}.ln_2`);
    linear(`h.${i}.mlp.c_fc`, C, n_inner);
    linear(`h.${i}.mlp.c_proj`, n_inner, C);
  }
  norm('ln_f');
  return shapes;
}
