// Twenty steps of a ClipCap training: a small frozen GPT-2 and an MLP mapper, the same in whatever runtime this is.
//
// Legend: B batch, D feature, T caption tokens, V vocabulary.
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import type { OpenRuntimeSuite } from '@foreword/test-kit/runtimes';
import { AdamW, compile } from '@foreword/tensor';
import { openDevice } from '@foreword/tensor/node';
import { captionLoss, createMapper } from '../../src/index.ts';

const [B, D, T, V] = [8, 32, 12, 101];
const config = { vocab_size: V, n_positions: 24, n_embd: 64, n_layer: 2, n_head: 4 };
const mapperConfig = { type: 'mlp', prefixLength: 4, featureSize: D, embeddingSize: 64 } as const;

/** The losses of steps 1 … 20. */
async function train(): Promise<number[]> {
  const device = await openDevice();
  const gpt2 = Gpt2.random(device, parseGpt2Config(config), 1);
  const mapper = createMapper(device, mapperConfig, { seed: 2 });
  const optimizer = new AdamW(mapper.parameters(), { lr: 1e-2 });
  const plan = await compile(
    device,
    { features: { shape: [B, D] }, tokens: { shape: [B, T], dtype: 'i32' } },
    ({ features, tokens }) => {
      const loss = captionLoss(gpt2, mapper, { features, tokens });
      optimizer.step(loss);
      return { loss };
    },
  );
  const features = Float32Array.from({ length: B * D }, (_, i) => Math.sin(i * i + 1));
  // Token 0 is padding: the last tokens of some captions are.
  const tokens = Int32Array.from({ length: B * T }, (_, i) =>
    (i % T) + Math.floor(i / T) > 14 ? 0 : 1 + ((7 * i) % 100),
  );
  const losses: number[] = [];
  for (let step = 1; step <= 20; step++) {
    losses.push(await plan.run({ features, tokens }).loss.item());
  }
  const [error] = device.takeErrors();
  device.close();
  if (error) throw error;
  const [first, last] = [losses[0], losses.at(-1)!];
  if (!(last < first - 0.1)) throw new Error(`the loss went from ${first} to ${last}`);
  return losses;
}

export const open: OpenRuntimeSuite = async () => ({
  title: 'ClipCap',
  isCompared: true,
  tests: [{ name: '20 steps', run: train }],
});
