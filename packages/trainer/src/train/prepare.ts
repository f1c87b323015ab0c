// Everything a run needs before its first step: device's models, features, tokens.
import { CommandError } from '@foreword/cli-kit';
import type { Clip } from '@foreword/clip';
import type { Gpt2 } from '@foreword/gpt2';
import type { FeatureSpace } from '@foreword/prefix-mapper';
import type { Device } from '@foreword/tensor/node';
import { openDataset, type Dataset, type Split } from '../data/dataset.ts';
import { shuffledIndices, streamSeed } from '../data/random.ts';
import { loadBackbones, type Backbones } from '../features/backbones.ts';
import { featureOf, splitFeatures, type FeatureSet } from '../features/feature-cache.ts';
import type { TokenizedSet } from './batches.ts';
import { clipTokenizerOf, textFeatures, type TextFeatures } from '../features/text-features.ts';
import { captionEndings } from './endings.ts';
import { textOnlySets } from './text-only.ts';
import { quickCounts, type Settings } from './settings.ts';

export interface Prepared extends Backbones {
  dataset: Dataset;
  sets: Record<Split, TokenizedSet>;
  /** Ids that end a caption; see `endings`. */
  stopTokens: number[];
  skipped: string[];
  /** What pictures go through to be captioned, after a training on texts only. */
  space: FeatureSpace | undefined;
}

export async function prepare(
  device: Device,
  settings: Settings,
  folders: { clip: string; gpt2: string },
  signal: AbortSignal,
): Promise<Prepared> {
  const dataset = await openDataset(settings.dataset, {
    quickCounts: settings.quick ? quickCounts : undefined,
    signal,
  });
  const backbones = await loadBackbones(device, folders);
  const { clip, gpt2, tokenizer, clipHash } = backbones;
  assertRoom(gpt2, settings.prefix);
  const { tokensOf, stopTokens } = captionEndings(settings.ending, {
    tokenizer,
    end: gpt2.config.eos_token_id,
  });
  const options = { clip, weightsHash: clipHash, strict: settings.strict, signal };
  // Of pictures to train on, only --text-space standardised reads anything.
  const needsPictures = !settings.textOnly || settings.textSpace === 'standardised';
  const set = async (split: Split): Promise<TokenizedSet> =>
    withTokens(
      needsPictures || split === 'test'
        ? await splitFeatures(dataset, split, options)
        : captionsOnly(dataset, split, clip),
      tokensOf,
    );
  const sets = { train: await set('train'), val: await set('val'), test: await set('test') };
  for (const [split, { examples }] of Object.entries(sets)) {
    if (examples.length === 0)
      throw new CommandError(`no picture of the ${split} split could be read`, { cure: 'check the dataset' });
  }
  if (sets.train.examples.length < settings.batch) {
    throw new CommandError(
      `the training split has ${sets.train.examples.length} pictures, fewer than one batch of ${settings.batch}`,
      {
        cure: `give --batch ${sets.train.examples.length} or less`,
      },
    );
  }
  if (settings.shuffleFeatures) sets.train = blinded(sets.train, settings.seed);
  let space: FeatureSpace | undefined;
  if (settings.textOnly) {
    const texts = await captionFeatures(sets, { clip, folder: folders.clip, weightsHash: clipHash, signal });
    const { textOnly: method, textSpace, memory, memoryTemperature: temperature, seed } = settings;
    const { train, val, ...own } = textOnlySets(sets, texts, {
      method,
      space: textSpace,
      memory,
      temperature,
      seed,
    });
    Object.assign(sets, { train, val });
    space = own.space;
  }
  const skipped = [...dataset.skipped, ...new Set(Object.values(sets).flatMap((s) => s.skipped))];
  return {
    ...backbones,
    dataset,
    sets,
    stopTokens,
    skipped,
    space,
  };
}

/** A split whose pictures are not read. */
const captionsOnly = ({ splits }: Dataset, split: Split, { config }: Clip): FeatureSet => ({
  examples: splits[split],
  features: new Float32Array(0),
  D: config.embedDim,
  skipped: [],
});

/** CLIP's features of the captions to train on and to validate with. */
async function captionFeatures(
  { train, val }: Record<Split, TokenizedSet>,
  {
    clip,
    folder,
    weightsHash,
    signal,
  }: { clip: Clip; folder: string; weightsHash: string; signal: AbortSignal },
): Promise<Record<'train' | 'val', TextFeatures>> {
  const tokenizer = await clipTokenizerOf(folder);
  const of = (set: TokenizedSet, split: Split): Promise<TextFeatures> =>
    textFeatures(
      set.examples.flatMap(({ captions }) => captions),
      { clip, tokenizer, weightsHash, label: `CLIP features of ${split} captions`, signal },
    );
  return { train: await of(train, 'train'), val: await of(val, 'val') };
}

function assertRoom(gpt2: Gpt2, prefix: number): void {
  const { n_positions } = gpt2.config;
  if (prefix + 8 > n_positions) {
    throw new CommandError(
      `a prefix of ${prefix} leaves no room for a caption: this GPT-2 has ${n_positions} positions`,
      {
        cure: `give --prefix ${n_positions - 24} or less`,
      },
    );
  }
}

const withTokens = (set: FeatureSet, tokensOf: (caption: string) => number[]): TokenizedSet => ({
  ...set,
  tokens: set.examples.map(({ captions }) => captions.map(tokensOf)),
});

/** The same set with the features of other pictures: what can be learned without seeing. */
function blinded(set: TokenizedSet, seed: number): TokenizedSet {
  const order = shuffledIndices(set.examples.length, streamSeed(seed, 21));
  const features = new Float32Array(set.features.length);
  order.forEach((from, to) => features.set(featureOf(set, from), to * set.D));
  return { ...set, features };
}
