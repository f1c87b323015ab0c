// Trains the tiny GPT-2 of the embedded dataset: captions only, the captions of one picture after the other.
//
// Captions of one picture stand together, so that the model learns to say again, in other words, what stands
// before: that is what a prefix will ask of it. Large language models bring this along from their training
// texts; packed at random, a tiny one learns to ignore what stands before, and no prefix can steer it.
//
// Legend: B rows per batch, T tokens per row. Packing covers all positions, so that captions can later stand
// behind a prefix of any length up to T.
import { ProgressBar } from '@foreword/cli-kit';
import { Gpt2, parseGpt2Config, type Gpt2Config } from '@foreword/gpt2';
import { AdamW, compile, noGrad, type Device, type Tensor } from '@foreword/tensor/node';
import { loadTokenizer, trainBpe, type Tokenizer, type TokenizerJson } from '@foreword/tokenizer';
import type { Dataset, Example } from '../data/dataset.ts';
import { shuffledIndices, streamSeed } from '../data/random.ts';
import { cosineSchedule } from './cosine-schedule.ts';

export interface PretrainGpt2Options {
  seed: number;
  epochs: number;
  batch: number;
  learningRate: number;
  signal: AbortSignal;
}

const T = 80;

export const tinyGpt2 = (vocabSize: number): Gpt2Config =>
  parseGpt2Config({
    vocab_size: vocabSize,
    n_positions: T,
    n_embd: 96,
    n_layer: 3,
    n_head: 3,
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
  const plan = await compile(device, batchInputs(B), (input) => {
    const loss = gpt2.loss(gpt2.embed(input.ids), input.targets);
    return { loss, gradNorm: optimizer.step(loss) };
  });
  const end = tokenizer.vocabSize - 1;
  const perEpoch = Math.floor((pack(pictures, end).length - 1) / T / B);
  const total = epochs * perEpoch;
  const bar = new ProgressBar({ label: 'pretrain gpt2', total });
  let packed = new Int32Array(0);
  let loss = Number.NaN;
  for (let step = 0; step < total; step++) {
    signal.throwIfAborted();
    const epoch = Math.floor(step / perEpoch);
    if (step % perEpoch === 0) packed = pack(pictures, end, streamSeed(seed, 1, epoch));
    const lr = cosineSchedule(step, {
      peak: learningRate,
      warmup: Math.min(100, Math.ceil(total / 10)),
      total,
    });
    optimizer.schedule(step + 1, lr);
    const { loss: value } = plan.run(rowsOf(packed, (step % perEpoch) * B, B));
    if (step % 10 === 9 || step === total - 1) {
      loss = await value.item();
      bar.update(step + 1, { epoch: epoch + 1, loss: loss.toFixed(3), lr: lr.toExponential(1) });
    }
  }
  bar.finish();
  plan.dispose();
  return { gpt2, tokenizer, tokenizerJson, steps: total, finalLoss: loss };
}

type BatchTensors = { ids: Tensor; targets: Tensor };
const batchInputs = (B: number) => ({
  ids: { shape: [B, T], dtype: 'i32' as const },
  targets: { shape: [B, T], dtype: 'i32' as const },
});

/** Each caption followed by the end token, picture by picture; pictures and their captions shuffled where a seed is given. */
function pack(pictures: readonly number[][][], end: number, seed?: number): Int32Array<ArrayBuffer> {
  const order = (n: number, part: number): number[] =>
    seed === undefined
      ? Array.from({ length: n }, (_, i) => i)
      : Array.from(shuffledIndices(n, streamSeed(seed, part)));
  const rows = order(pictures.length, 0).flatMap((i) =>
    order(pictures[i].length, 1 + i).map((c) => pictures[i][c]),
  );
  return Int32Array.from(rows.flatMap((ids) => [...ids, end]));
}

/** Rows first … first + B − 1 of T tokens, and the tokens that follow each. */
function rowsOf(packed: Int32Array, first: number, B: number): { ids: Int32Array; targets: Int32Array } {
  const at = first * T;
  return { ids: packed.subarray(at, at + B * T), targets: packed.subarray(at + 1, at + 1 + B * T) };
}

/** Perplexity per token on the captions of other pictures, packed as in training. */
export async function perplexity(
  gpt2: Gpt2,
  tokenizer: Tokenizer,
  examples: readonly Example[],
): Promise<number> {
  const B = 16;
  const pictures = examples.map((e) => e.captions.map((caption) => tokenizer.encode(caption)));
  const packed = pack(pictures, tokenizer.vocabSize - 1);
  const plan = await compile(gpt2.device, batchInputs(B), (input: BatchTensors) =>
    noGrad(gpt2.device, () => ({ loss: gpt2.loss(gpt2.embed(input.ids), input.targets) })),
  );
  let total = 0;
  const batches = Math.floor((packed.length - 1) / T / B);
  for (let i = 0; i < batches; i++) total += await plan.run(rowsOf(packed, i * B, B)).loss.item();
  plan.dispose();
  return Math.exp(total / batches);
}
