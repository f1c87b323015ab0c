// What a `gpt2-*.safetensors` golden pins, as checks that unit and conformance tests share.
import { relativeError } from '@foreword/test-kit';
import { grad, tensor, type Device } from '@foreword/tensor/node';
import { Gpt2Generator, type Gpt2 } from '../src/index.ts';
import type { GoldenFile } from './golden-model.ts';

export interface GoldenErrors {
  /** ‖difference‖ / ‖golden‖ of the logits, at the columns stored. */
  logits: number;
  top20Logits: number;
  /** Whether the 20 likeliest tokens after row 0 are the golden ones, in order. */
  isTop20Same: boolean;
  /** |difference| / golden of the mean next-token loss. */
  loss: number;
  inputGrad: number;
  greedy: number[];
  goldenGreedy: number[];
}

export async function goldenErrors(device: Device, model: Gpt2, golden: GoldenFile): Promise<GoldenErrors> {
  const [B, T] = golden.file.info('tokens').shape;
  const { vocab_size: V, n_embd: C } = model.config;
  const tokens = await golden.integers('tokens');
  const columns = await golden.integers('logit_columns');
  const u32 = { dtype: 'u32' } as const;
  const results = await device.scope(async () => {
    const ids = tensor(device, tokens, [B, T], u32);
    const logits = (await model.logits(model.hidden(model.embed(ids))).read()) as Float32Array;
    const targets = tensor(device, tokens, [B, T], u32).slice({ axis: 1, start: 1 });
    const embeddings = model.embed(ids).detach().trainable();
    const loss = model.loss(embeddings, targets);
    const [inputGrad] = grad(loss, [embeddings]);
    return { logits, loss: await loss.item(), inputGrad: (await inputGrad.read()) as Float32Array };
  });
  const wantedLogits = await golden.floats('logits_at_columns');
  const gotLogits = Float32Array.from(wantedLogits, (_, i) => {
    const row = Math.floor(i / columns.length);
    return results.logits[row * V + columns[i % columns.length]];
  });
  const last = results.logits.subarray((T - 1) * V, T * V);
  const top = [...last.keys()].sort((a, b) => last[b] - last[a]).slice(0, 20);
  const [wantedLoss] = await golden.floats('loss');

  const wantedGreedy = await golden.integers('greedy_from_8');
  const generator = new Gpt2Generator(model);
  const greedy = await device.scope(async () => {
    const prefix = model.embed(tensor(device, wantedGreedy.subarray(0, 8), [1, 8], u32));
    const [{ ids }] = await generator.generate({ prefix, stop: [], maxTokens: wantedGreedy.length - 8 });
    return ids;
  });
  generator.dispose();
  const wantedGrad = await golden.floats('grad_input_embeddings');
  if (wantedGrad.length !== B * T * C) throw new Error('the golden gradient has another size');
  return {
    logits: relativeError(gotLogits, wantedLogits),
    top20Logits: relativeError(
      top.map((id) => last[id]),
      await golden.floats('top20_logits'),
    ),
    isTop20Same: top.join() === (await golden.integers('top20_ids')).join(),
    loss: Math.abs(results.loss - wantedLoss) / wantedLoss,
    inputGrad: relativeError(results.inputGrad, wantedGrad),
    greedy,
    goldenGreedy: [...wantedGreedy.subarray(8)],
  };
}
