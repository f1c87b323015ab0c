// Pretraining on a handful of scenes: the losses fall, one seed gives one result, and the scores are shares.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureScenes } from '@foreword/scenes/node';
import { openDevice, type Device } from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { loadTokenizer } from '@foreword/tokenizer';
import * as assert from 'uvu/assert';
import { openDataset, type Dataset } from '../src/data/dataset.ts';
import { evaluateClip } from '../src/pretrain/evaluate-clip.ts';
import { perplexity, restatedRightly } from '../src/pretrain/evaluate-gpt2.ts';
import { pretrainClip } from '../src/pretrain/pretrain-clip.ts';
import { pretrainGpt2 } from '../src/pretrain/pretrain-gpt2.ts';

const test = suite('pretrain', { timeLimitSeconds: 300 });
let device: Device;
let root: string;
let dataset: Dataset;
const { signal } = new AbortController();

test.before(async () => {
  device = await openDevice();
  root = await mkdtemp(join(tmpdir(), 'foreword-pretrain-'));
  const { dir } = await ensureScenes({ root, counts: { train: 64, val: 40, test: 1 } });
  dataset = await openDataset(dir);
});
test.after(async () => {
  device.close();
  await rm(root, { recursive: true });
});
test.after.each(failOnGpuErrors(() => device));

test('gpt2: the loss falls far below chance, and the scores are those of a language model', async () => {
  const options = { seed: 1, epochs: 10, batch: 4, learningRate: 4e-3, signal };
  const { gpt2, tokenizer, steps, finalLoss } = await pretrainGpt2(device, dataset, options);
  // A turn takes 4 + 3 · 8 pictures in four steps.
  assert.is(steps, 4 * Math.floor((10 * 64) / 28));
  assert.ok(finalLoss < 0.7 * Math.log(tokenizer.vocabSize), `loss ${finalLoss}`);
  const { alone, afterAnother } = await perplexity(gpt2, tokenizer, dataset.splits.val);
  assert.ok(alone < tokenizer.vocabSize / 8 && afterAnother < tokenizer.vocabSize / 8, `${alone}`);
  const right = await restatedRightly(gpt2, tokenizer, { examples: dataset.splits.val, P: 10 });
  assert.ok(right.length === 3 && right.every((share) => share >= 0 && share <= 1), right.join(' '));
});

test('gpt2: the same seed gives the same weights', async () => {
  const options = { seed: 1, epochs: 1, batch: 8, learningRate: 4e-3, signal };
  const once = await pretrainGpt2(device, dataset, options);
  const twice = await pretrainGpt2(device, dataset, options);
  const other = await pretrainGpt2(device, dataset, { ...options, seed: 2 });
  const weights = await once.gpt2.tokenTable.read();
  assert.equal(await twice.gpt2.tokenTable.read(), weights);
  assert.not.equal(await other.gpt2.tokenTable.read(), weights);
});

test('clip: both losses fall, and its scores are shares', async () => {
  const options = { seed: 1, epochs: 24, batch: 8, learningRate: 2e-3, signal };
  const { clip, tokenizerJson, steps, finalLoss } = await pretrainClip(device, dataset, options);
  assert.is(steps, 24 * 8);
  assert.ok(finalLoss.captions < 0.9 * Math.log(8), `captions ${finalLoss.captions}`);
  // Who knows how often each pair is there, and no more, gets 64 · H(2/64) ≈ 8.9 and 64 · 2/64 · 62/64 ≈ 1.9.
  assert.ok(finalLoss.pairs < 9, `pairs ${finalLoss.pairs}`);
  const scores = await evaluateClip(clip, loadTokenizer(tokenizerJson), dataset.splits.val, signal);
  const { recallAt1, recallAt5, colourAccuracy, kindAccuracy, pairAccuracy } = scores;
  assert.is(pairAccuracy?.length, 3);
  for (const share of [recallAt1, recallAt5, colourAccuracy, kindAccuracy, ...(pairAccuracy ?? [])])
    assert.ok(share !== undefined && share >= 0 && share <= 1, JSON.stringify(scores));
  // Chance gives 5 of 40 on average, and more than 10 once in a hundred times.
  assert.ok(recallAt5 > 10 / 40, `R@5 ${recallAt5}`);
});

test('an interrupt ends pretraining at once', async () => {
  const options = { seed: 1, epochs: 1, batch: 4, learningRate: 1e-3, signal: AbortSignal.abort() };
  for (const pretrain of [pretrainGpt2, pretrainClip] as const) {
    let reason: unknown;
    await pretrain(device, dataset, options).catch((error: unknown) => (reason = error));
    assert.is((reason as Error | undefined)?.name, 'AbortError');
  }
});

test.run();
