// Trains the tiny GPT-2 of the embedded dataset: captions only, never a picture.
//
// Two kinds of rows take turns. In the first the captions of one picture follow one another, so that the model learns
// to say again, in other words, what stands before; rows cut anywhere from one long text teach a tiny model far less
// of it. In the second a caption stands behind its own words, or those of another caption of the picture, squeezed
// into a few slots (word-slots.ts): what a prefix will ask of it.
//
// Legend: B rows per batch, P slots, V vocabulary, d width, T tokens of a caption.
import { ProgressBar } from '@foreword/cli-kit';
import { Gpt2, parseGpt2Config, type Gpt2Config } from '@foreword/gpt2';
import { AdamW, compile, concat, type Device, type Tensor } from '@foreword/tensor/node';
import { loadTokenizer, trainBpe, type Tokenizer, type TokenizerJson } from '@foreword/tokenizer';
import type { Dataset } from '../data/dataset.ts';
import { seededRandom, shuffled, shuffledIndices, streamSeed } from '../data/random.ts';
import { makeRows, padding, rowInputs, rowLength } from './caption-rows.ts';
import { cosineSchedule } from './cosine-schedule.ts';
import {
  behindSlots,
  captionParts,
  countWords,
  fillSlots,
  slotCaptionLength,
  slotCounts,
  sumWords,
} from './word-slots.ts';

export interface PretrainGpt2Options {
  seed: number;
  epochs: number;
  batch: number;
  learningRate: number;
  signal: AbortSignal;
}

const width = 128;

export const tinyGpt2 = (vocabSize: number): Gpt2Config =>
  parseGpt2Config({
    vocab_size: vocabSize,
    n_positions: rowLength,
    n_embd: width,
    n_layer: 3,
    n_head: 8,
    // GPT-2's 0.02 suits a width of 768. With it, a model as narrow as this one needs many times as many steps until
    // it makes anything of the words before.
    initializer_range: Number((1 / Math.sqrt(width)).toFixed(3)),
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

/** A caption as tokens, and its words in parts. */
interface ReadCaption {
  ids: number[];
  parts: number[][];
}

/** One kind of step: how many pictures it takes, and how it learns from their captions. */
interface Lesson {
  rows: number;
  learn(pictures: ReadCaption[][], draw: () => number): { loss: Tensor };
  dispose(): void;
}

/** How often a caption stands behind its own words. */
const ownWords = 0.5;

export async function pretrainGpt2(
  device: Device,
  dataset: Dataset,
  options: PretrainGpt2Options,
): Promise<PretrainedGpt2> {
  const { seed, epochs, batch, learningRate, signal } = options;
  const tokenizerJson = trainBpe({
    texts: dataset.splits.train.flatMap((e) => e.captions),
    vocabSize: 768,
    flavour: 'gpt2',
  });
  const tokenizer = loadTokenizer(tokenizerJson);
  const pictures = dataset.splits.train.map(({ captions }) =>
    captions.map((caption) => ({
      ids: tokenizer.encode(caption),
      parts: captionParts(caption, tokenizer),
    })),
  );
  const gpt2 = Gpt2.random(device, tinyGpt2(tokenizer.vocabSize), seed).trainable();
  const parameters = gpt2.namedParameters();
  const optimizer = new AdamW(parameters, {
    betas: [0.9, 0.98],
    weightDecay: 0.05,
    clipNorm: 1,
    decays: (name) => parameters.get(name)!.rank > 1 && !name.startsWith('wpe'),
  });
  const lessons = [await captionLesson(gpt2, optimizer, batch)];
  // Their rows are half as long.
  for (const P of slotCounts) lessons.push(await slotLesson(gpt2, optimizer, { B: 2 * batch, P }));
  const perTurn = lessons.reduce((sum, { rows }) => sum + rows, 0);
  const total = Math.floor((epochs * pictures.length) / perTurn) * lessons.length;
  const bar = new ProgressBar({ label: 'pretrain gpt2', total });
  const next = endlessOrder(pictures.length, seed);
  let loss = Number.NaN;
  for (let step = 0; step < total; step++) {
    signal.throwIfAborted();
    const lr = cosineSchedule(step, {
      peak: learningRate,
      warmup: Math.min(100, Math.ceil(total / 10)),
      total,
    });
    optimizer.schedule(step + 1, lr);
    const lesson = lessons[step % lessons.length];
    const chosen = Array.from({ length: lesson.rows }, () => pictures[next()]);
    const { loss: value } = lesson.learn(chosen, seededRandom(streamSeed(seed, 2, step)));
    if (step % 9 === 8 || step === total - 1) {
      loss = await value.item();
      bar.update(step + 1, { loss: loss.toFixed(3), lr: lr.toExponential(1) });
    }
  }
  bar.finish();
  for (const lesson of lessons) lesson.dispose();
  return { gpt2, tokenizer, tokenizerJson, steps: total, finalLoss: loss };
}

/** All of a picture's captions in a row. */
async function captionLesson(gpt2: Gpt2, optimizer: AdamW, B: number): Promise<Lesson> {
  const plan = await compile(gpt2.device, rowInputs(B), ({ ids, targets }) => {
    const loss = gpt2.loss(gpt2.embed(ids), targets, { ignoreIndex: padding });
    return { loss, gradNorm: optimizer.step(loss) };
  });
  const end = gpt2.config.vocab_size - 1;
  return {
    rows: B,
    learn: (pictures, draw) => {
      const rows = pictures.map((captions) => shuffled(captions, draw).map(({ ids }) => ids));
      return plan.run(makeRows(rows, end));
    },
    dispose: () => plan.dispose(),
  };
}

/** A caption behind words in P slots. */
async function slotLesson(gpt2: Gpt2, optimizer: AdamW, { B, P }: { B: number; P: number }): Promise<Lesson> {
  const { vocab_size: V } = gpt2.config;
  const T = slotCaptionLength;
  const plan = await compile(
    gpt2.device,
    {
      words: { shape: [B * P, V] },
      ids: { shape: [B, T], dtype: 'i32' },
      targets: { shape: [B, P + T], dtype: 'i32' },
    },
    ({ words, ids, targets }) => {
      const slots = sumWords(gpt2, words, P);
      const rows = concat([slots, gpt2.embed(ids)], { axis: 1 }); // [B, P + T, d]
      const loss = gpt2.loss(rows, targets, { ignoreIndex: padding });
      return { loss, gradNorm: optimizer.step(loss) };
    },
  );
  return {
    rows: B,
    learn: (pictures, draw) => {
      const pick = (captions: ReadCaption[]) => captions[Math.floor(draw() * captions.length)];
      const told = pictures.map(pick);
      const sources = pictures.map((captions, b) => (draw() < ownWords ? told[b] : pick(captions)));
      const words = countWords(
        sources.map(({ parts }) => fillSlots(parts, P, draw)),
        V,
      );
      const captions = told.map(({ ids }) => ids);
      return plan.run({ words, ...behindSlots(captions, { P, end: V - 1 }) });
    },
    dispose: () => plan.dispose(),
  };
}

/** The numbers 0 … n − 1 in random order, again and again. */
function endlessOrder(n: number, seed: number): () => number {
  let at = 0;
  let order = new Int32Array();
  return () => {
    if (at % n === 0) order = shuffledIndices(n, streamSeed(seed, 1, at / n));
    return order[at++ % n];
  };
}
