// The output layer and the loss in one op, with the gradient of its rows: R rows, C channels, V classes.
import { grad, linearCrossEntropy } from '@foreword/tensor/node';
import { measureStep } from '../measure-plan.ts';
import type { BenchCase } from './bench-case.ts';

/** The training step's own size (8 captions of 22 tokens), and GPT-2's vocabulary where a GPU computes. */
const sizes = [
  { R: 176, C: 256, V: 2048 },
  { R: 256, C: 768, V: 50257 },
];

export const linearCrossEntropyCase: BenchCase = async function* ({ device, repeats }) {
  for (const { R, C, V } of sizes) {
    const title = { op: 'linear+cross-entropy fwd+bwd', shape: `[${R}, ${C}] · [${V}, ${C}]ᵀ`, dtype: 'f32' };
    if (device.adapter.kind === 'software' && V > 10_000) {
      yield { ...title, skipped: 'seconds each on a software adapter' };
      continue;
    }
    yield await measureStep(
      device,
      {
        ...title,
        note: 'frozen weight',
        inputs: { x: { shape: [R, C] }, w: { shape: [V, C] }, targets: { shape: [R], dtype: 'u32' } },
        values: { targets: Uint32Array.from({ length: R }, (_, r) => (r * 37) % V) },
        step: ({ x, w, targets }) => {
          const rows = x.detach().trainable();
          const loss = linearCrossEntropy(rows, w, targets);
          return { loss, dx: grad(loss, [rows])[0] };
        },
      },
      { repeats },
    );
  }
};
