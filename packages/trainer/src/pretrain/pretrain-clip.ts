// Trains the tiny CLIP of the embedded dataset: pictures against captions, contrastively, from nothing.
//
// Two things make it look closely: pictures it confuses stand in one batch (alike-batches.ts), and beside captions it
// learns which pairs of colour and kind a picture shows (pair-loss.ts).
//
// Legend: B pairs per batch, n image side, T tokens of a caption.
import { clampLogitScale, Clip, contrastiveLoss, textInputs, type ClipConfig } from '@foreword/clip';
import { CommandError, ProgressBar } from '@foreword/cli-kit';
import type { Scene } from '@foreword/scenes';
import { AdamW, compile, type Device } from '@foreword/tensor/node';
import { clipTokenize, loadTokenizer, trainBpe, type TokenizerJson } from '@foreword/tokenizer';
import { decodePictures } from '../data/decode-pictures.ts';
import type { Dataset, Example } from '../data/dataset.ts';
import { seededRandom, streamSeed } from '../data/random.ts';
import { alikeBatches } from './alike-batches.ts';
import { cosineSchedule } from './cosine-schedule.ts';
import { favourPairs, pairCount, pairLoss, pairTargets } from './pair-loss.ts';
import { unit } from './vectors.ts';

export interface PretrainClipOptions {
  seed: number;
  epochs: number;
  batch: number;
  learningRate: number;
  signal: AbortSignal;
}

/** 99 % of the captions fit; longer ones are cut. */
const contextLength = 24;

/** Sizes of the tiny CLIP; the vocabulary comes from the captions. */
export const tinyClip = (vocabSize: number): ClipConfig => ({
  vision: { imageSize: 64, patchSize: 16, width: 96, layers: 3, heads: 6 },
  text: { contextLength, vocabSize, width: 64, layers: 2, heads: 4 },
  embedDim: 128,
});

/** Pictures of a batch that are chosen for looking alike. */
const alike = 8;

export interface PretrainedClip {
  clip: Clip;
  tokenizerJson: TokenizerJson;
  steps: number;
  finalLoss: { captions: number; pairs: number };
}

export async function pretrainClip(
  device: Device,
  dataset: Dataset,
  options: PretrainClipOptions,
): Promise<PretrainedClip> {
  const { seed, epochs, batch: B, learningRate, signal } = options;
  const examples = dataset.splits.train;
  const tokenizerJson = trainBpe({
    texts: examples.flatMap((e) => e.captions),
    vocabSize: 1024,
    flavour: 'clip',
  });
  const tokenizer = loadTokenizer(tokenizerJson);
  const config = tinyClip(tokenizer.vocabSize);
  const n = config.vision.imageSize;
  const pictures: Float32Array[] = [];
  const { used } = await decodePictures(
    examples,
    { size: n, label: 'decode', signal },
    (pixels) => void pictures.push(pixels),
  );
  const scenes = used.map((i) => sceneOf(examples[i]));
  const tokens = used.map((i) =>
    clipTokenize(tokenizer, examples[i].captions, { contextLength, truncate: true }),
  );
  const { length: T } = textInputs(Int32Array.from(tokens.flatMap((t) => [...t])), contextLength);

  const clip = Clip.random(device, config, seed);
  const parameters = clip.namedParameters();
  const optimizer = new AdamW(parameters, {
    betas: [0.9, 0.98],
    eps: 1e-6,
    weightDecay: 0.1,
    clipNorm: 1,
    decays: (name) => parameters.get(name)!.rank > 1 && !name.includes('embedding'),
  });
  const plan = await compile(
    device,
    {
      pixels: { shape: [B, 3, n, n] },
      tokens: { shape: [B, T], dtype: 'i32' },
      ends: { shape: [B], dtype: 'i32' },
      fits: { shape: [B, pairCount], dtype: 'i32' },
      wanted: { shape: [B, pairCount] },
    },
    (input) => {
      const images = clip.encodeImage(input.pixels);
      const texts = clip.encodeText(input.tokens, input.ends);
      const ofCaptions = contrastiveLoss(images, texts, clip.logitScale);
      const ofPairs = pairLoss(images, input);
      const gradNorm = optimizer.step(ofCaptions.add(ofPairs));
      clampLogitScale(clip.logitScale);
      return { ofCaptions, ofPairs, gradNorm, images };
    },
  );
  // As many batches as alikeBatches makes: whole groups, then whole batches.
  const stepsPerEpoch = Math.floor((Math.floor(used.length / alike) * alike) / B);
  const total = epochs * stepsPerEpoch;
  const bar = new ProgressBar({ label: 'pretrain clip', total });
  const pixels = new Float32Array(B * 3 * n * n);
  const { embedDim: D } = config;
  const features: Float32Array[] = used.map(() => new Float32Array(D));
  let batches: Int32Array[] = [];
  let loss = { captions: Number.NaN, pairs: Number.NaN };
  for (let step = 0; step < total; step++) {
    signal.throwIfAborted();
    const epoch = Math.floor(step / stepsPerEpoch);
    if (step % stepsPerEpoch === 0) {
      const group = epoch === 0 ? 1 : alike;
      batches = alikeBatches(features, { batch: B, group, seed: streamSeed(seed, 1, epoch) });
    }
    const chosen = batches[step % stepsPerEpoch];
    const draw = seededRandom(streamSeed(seed, 2, step));
    const rows = new Int32Array(B * contextLength);
    for (let b = 0; b < B; b++) {
      const at = chosen[b];
      pixels.set(pictures[at], b * 3 * n * n);
      const caption = Math.floor(draw() * (tokens[at].length / contextLength));
      rows.set(
        tokens[at].subarray(caption * contextLength, (caption + 1) * contextLength),
        b * contextLength,
      );
    }
    const lr = cosineSchedule(step, {
      peak: learningRate,
      warmup: Math.min(100, Math.ceil(total / 10)),
      total,
    });
    optimizer.schedule(step + 1, lr);
    const fits = pairTargets(Array.from(chosen, (at) => scenes[at]));
    const { ofCaptions, ofPairs, images } = plan.run({
      pixels,
      ...cut(rows, contextLength, T),
      fits,
      wanted: Float32Array.from(fits),
    });
    const seen = await images.read();
    chosen.forEach((at, b) => (features[at] = unit(seen.slice(b * D, (b + 1) * D) as Float32Array)));
    if (step % 10 === 9 || step === total - 1) {
      loss = { captions: await ofCaptions.item(), pairs: await ofPairs.item() };
      const shown = `${loss.captions.toFixed(3)} + ${loss.pairs.toFixed(3)}`;
      bar.update(step + 1, { epoch: epoch + 1, loss: shown, lr: lr.toExponential(1) });
    }
  }
  bar.finish();
  plan.dispose();
  await favourPairs(clip);
  return { clip, tokenizerJson, steps: total, finalLoss: loss };
}

function sceneOf({ scene, path }: Example): Scene {
  if (scene) return scene;
  throw new CommandError(`${path} has no scene beside its captions`, {
    cure: 'pretrain CLIP on the embedded dataset, whose pictures have one',
  });
}

/** Rows of `length` tokens cut to T columns, and where the end token of each is: it is the largest id of its row. */
function cut(
  rows: Int32Array,
  length: number,
  T: number,
): { tokens: Int32Array<ArrayBuffer>; ends: Int32Array<ArrayBuffer> } {
  const B = rows.length / length;
  const tokens = new Int32Array(B * T);
  const ends = new Int32Array(B);
  for (let b = 0; b < B; b++) {
    const row = rows.subarray(b * length, b * length + T);
    tokens.set(row, b * T);
    let end = 0;
    row.forEach((id, t) => {
      if (id > row[end]) end = t;
    });
    ends[b] = b * T + end;
  }
  return { tokens, ends };
}
