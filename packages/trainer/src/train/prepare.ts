// Everything a run needs before its first step: device's models, features, tokens.
import { CommandError } from '@foreword/cli-kit';
import type { Clip } from '@foreword/clip';
import { normaliseFeatures, type FeatureSpace, type PrefixPlacement } from '@foreword/prefix-mapper';
import type { Device } from '@foreword/tensor/node';
import { assertTrainable, openDataset, type Dataset, type Split } from '../data/dataset.ts';
import { shownPath } from '../data/repository.ts';
import { withTestOf } from '../data/with-test-of.ts';
import { shuffledIndices, streamSeed } from '../data/random.ts';
import { loadBackbones, type Backbones } from '../features/backbones.ts';
import { assertFinite } from '../features/assert-finite.ts';
import { featureOf, splitFeatures, type FeatureSet } from '../features/feature-cache.ts';
import type { TokenizedSet } from './batches.ts';
import { assertRoom, placementOf } from './regime.ts';
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
  /** Where the prefix stands. */
  placement: PrefixPlacement;
}

export async function prepare(
  device: Device,
  settings: Settings,
  folders: { clip: string; gpt2: string },
  signal: AbortSignal,
): Promise<Prepared> {
  const { strict, pictures, testOn } = settings;
  const base = await openDataset(settings.dataset, {
    quickCounts: settings.quick ? quickCounts : undefined,
    pictures,
    strict,
    signal,
  });
  const tested = testOn === undefined ? base : await openDataset(testOn, { strict, signal });
  const dataset = withTestOf(base, tested);
  assertTrainable(dataset);
  const backbones = await loadBackbones(device, folders, settings);
  const { clip, gpt2, tokenizer, featuresHash: weightsHash } = backbones;
  const placement = placementOf(settings, { gpt2, tokenizer });
  assertRoom(gpt2.config, settings.prefix, placement.prompt?.length ?? 0);
  const { tokensOf, stopTokens } = captionEndings(settings.ending, {
    tokenizer,
    end: gpt2.config.eos_token_id,
  });
  const tokens = settings.visual === 'patches';
  const options = { clip, tokens, weightsHash, strict, signal };
  // Of pictures to train on, only --text-space standardised reads anything.
  const needsPictures = !settings.textOnly || settings.textSpace === 'standardised';
  const set = async (data: Dataset, split: Split): Promise<TokenizedSet> => {
    const own =
      needsPictures || split === 'test'
        ? await splitFeatures(data, split, options)
        : captionsOnly(data, split, clip);
    assertFinite(own.features, own.D, (i) => `${shownPath(own.examples[i].path)} (${split} split)`);
    return withTokens(own, tokensOf);
  };
  const sets = {
    train: await set(base, 'train'),
    val: await set(base, 'val'),
    test: await set(tested, 'test'),
  };
  if (sets.test.D !== sets.train.D) {
    throw new CommandError(
      `features of ${sets.test.D} numbers cannot be scored after training on ${sets.train.D}`,
      { cure: 'give data whose features are of one CLIP' },
    );
  }
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
    const texts = await captionFeatures(sets, { clip, folder: folders.clip, weightsHash, signal });
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
  } else if (settings.visual === 'normalised') {
    for (const split of ['train', 'val', 'test'] as const) sets[split] = normalised(sets[split]);
  }
  const skipped = [...dataset.skipped, ...new Set(Object.values(sets).flatMap((s) => s.skipped))];
  return {
    ...backbones,
    dataset,
    sets,
    stopTokens,
    skipped,
    space,
    placement,
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
  const of = async (set: TokenizedSet, split: Split): Promise<TextFeatures> => {
    const texts = await textFeatures(
      set.examples.flatMap(({ captions }) => captions),
      { clip, tokenizer, weightsHash, label: `CLIP features of ${split} captions`, signal },
    );
    const captions = [...texts.rowOf.keys()];
    assertFinite(texts.features, texts.D, (i) => `the caption "${captions[i]}" (${split} split)`);
    return texts;
  };
  return { train: await of(train, 'train'), val: await of(val, 'val') };
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

/** The same set with features of length 1. */
function normalised(set: TokenizedSet): TokenizedSet {
  const features = new Float32Array(set.features.length);
  set.examples.forEach((_, i) => features.set(normaliseFeatures(featureOf(set, i)), i * set.D));
  return { ...set, features };
}
