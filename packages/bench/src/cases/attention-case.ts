// Causal multi-head attention over packed queries, keys and values, forward alone and with its gradient.
import { attention, grad } from '@foreword/tensor/node';
import { measureStep } from '../measure-plan.ts';
import type { BenchCase } from './bench-case.ts';

/** The training step's own size, and a longer text. H heads of 64 channels. */
const sizes = [
  { B: 8, T: 32, H: 4 },
  { B: 2, T: 256, H: 4 },
];

export const attentionCase: BenchCase = async function* ({ device, repeats }) {
  for (const { B, T, H: heads } of sizes) {
    const C = 64 * heads;
    const title = { shape: `B ${B}, T ${T}, ${heads} heads of 64`, dtype: 'f32' };
    const qkv = { shape: [B, T, 3 * C] };
    yield await measureStep(
      device,
      {
        op: 'attention forward',
        ...title,
        inputs: { qkv },
        step: ({ qkv }) => ({ y: attention([qkv], { heads, causal: true }) }),
      },
      { repeats },
    );
    yield await measureStep(
      device,
      {
        op: 'attention forward+backward',
        ...title,
        inputs: { qkv, seed: { shape: [B, T, C] } },
        step: ({ qkv, seed }) => {
          const x = qkv.detach().trainable();
          return { dx: grad(attention([x], { heads, causal: true }), [x], { seed })[0] };
        },
      },
      { repeats },
    );
  }
};
