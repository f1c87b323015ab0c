// One frozen GPT-2 block, forward and backward to its input: the unit a prefix is trained through.
import { attention, grad } from '@foreword/tensor/node';
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import { measureStep } from '../measure-plan.ts';
import type { BenchCase } from './bench-case.ts';

const B = 8;
const T = 32;
const C = 256;
const heads = 4;

export const gpt2BlockCase: BenchCase = async function* ({ device, repeats }) {
  // Everything outside the block is as small as a configuration allows.
  const config = parseGpt2Config({ vocab_size: 2, n_positions: T, n_embd: C, n_head: heads, n_layer: 1 });
  const model = Gpt2.random(device, config, 1);
  try {
    yield await measureStep(
      device,
      {
        op: 'frozen GPT-2 block fwd+bwd',
        shape: `B ${B}, T ${T}, d ${C}, ${heads} heads`,
        dtype: 'f32',
        inputs: { x: { shape: [B, T, C] }, seed: { shape: [B, T, C] } },
        step: ({ x, seed }) => {
          const rows = x.detach().trainable();
          const y = model.blocks(rows, (qkv) => attention([qkv], { heads, causal: true }));
          return { dx: grad(y, [rows], { seed })[0] };
        },
      },
      { repeats },
    );
  } finally {
    model.dispose();
  }
};
