// Trains the tiny GPT-2 of the embedded dataset: captions only, one picture's captions in each row.
//
// A row begins with the end token and goes on with the captions of one picture, so that the model learns to say
// again, in other words, what stands before: that is what a prefix will ask of it. Large language models bring
// this along from their training texts. Rows cut anywhere from one long text teach a tiny one far less of it: most
// of what stands before is then of another picture. Many small heads help it too: each copies another kind of word.
//
// Legend: B rows per batch.
import { ProgressBar } from '@foreword/cli-kit';
import { Gpt2, parseGpt2Config, type Gpt2Config } from '@foreword/gpt2';
import { AdamW, compile, type Device } from '@foreword/tensor/node';
import { loadTokenizer, trainBpe, type Tokenizer, type TokenizerJson } from '@foreword/tokenizer';
import type { Dataset } from '../data/dataset.ts';
import { shuffledIndices, streamSeed } from '../data/random.ts';
import { makeRows, padding, rowInputs, rowLength } from './caption-rows.ts';
import { cosineSchedule } from './cosine-schedule.ts';

export interface PretrainGpt2Options {
  seed: number;
  epochs: number;
  batch: number;
  learningRate: number;
  signal: AbortSignal;
}

export const tinyGpt2 = (vocabSize: number): Gpt2Config =>
  parseGpt2Config({
    vocab_size: vocabSize,
    n_positions: rowLength,
    n_embd: 128,
    n_layer: 3,
    n_head: 8,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
  });

export interface PretrainedGpt2 {
  gpt2: Gpt2;
  tokenizer: Tokenizer;
  tokenizerJson: TokenizerJson;
  steps: number;
  finalLoss: number;
}

export async function pretrainGpt2(
  device: Device,
  dataset: Dataset,
  options: PretrainGpt2Options,
): Promise<PretrainedGpt2> {
  const { seed, epochs, batch: B, learningRate, signal } = options;
  const tokenizerJson = trainBpe({
    texts: dataset.splits.train.flatMap((e) => e.captions),
    vocabSize: 768,
    flavour: 'gpt2',
  });
  const tokenizer = loadTokenizer(tokenizerJson);
  const pictures = dataset.splits.train.map((e) => e.captions.map((caption) => tokenizer.encode(caption)));
  const config = tinyGpt2(tokenizer.vocabSize);
  const gpt2 = Gpt2.random(device, config, seed).trainable();
  const parameters = Object.fromEntries(gpt2.parameters());
  const optimizer = new AdamW(device, parameters, {
    betas: [0.9, 0.98],
    weightDecay: 0.05,
    clipNorm: 1,
    decays: (name) => parameters[name].rank > 1 && !name.startsWith('wpe'),
  });
  const plan = await compile(device, rowInputs(B), (input) => {
    const loss = gpt2.loss(gpt2.embed(input.ids), input.targets, { ignoreIndex: padding });
    return { loss, gradNorm: optimizer.step(loss) };
  });
  const end = tokenizer.vocabSize - 1;
  const perEpoch = Math.floor(pictures.length / B);
  const total = epochs * perEpoch;
  const bar = new ProgressBar({ label: 'pretrain gpt2', total });
  let order: Int32Array = new Int32Array(0);
  let loss = Number.NaN;
  for (let step = 0; step < total; step++) {
    signal.throwIfAborted();
    const epoch = Math.floor(step / perEpoch);
    if (step % perEpoch === 0) order = shuffledIndices(pictures.length, streamSeed(seed, 1, epoch));
    const at = (step % perEpoch) * B;
    const rows = Array.from(order.subarray(at, at + B), (picture) => {
      const captions = pictures[picture];
      const captionOrder = shuffledIndices(captions.length, streamSeed(seed, 2, epoch, picture));
      return Array.from(captionOrder, (i) => captions[i]);
    });
    const lr = cosineSchedule(step, {
      peak: learningRate,
      warmup: Math.min(100, Math.ceil(total / 10)),
      total,
    });
    optimizer.schedule(step + 1, lr);
    const { loss: value } = plan.run(makeRows(rows, end));
    if (step % 10 === 9 || step === total - 1) {
      loss = await value.item();
      bar.update(step + 1, { epoch: epoch + 1, loss: loss.toFixed(3), lr: lr.toExponential(1) });
    }
  }
  bar.finish();
  plan.dispose();
  return { gpt2, tokenizer, tokenizerJson, steps: total, finalLoss: loss };
}
