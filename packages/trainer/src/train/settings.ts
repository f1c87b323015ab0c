// The flags of `pnpm train`, and the settings they resolve to.
import { formatNames } from '@foreword/caption-data';
import { defineFlags, type FlagValues } from '@foreword/cli-kit';
import { regimeFlags, toRegime, type RegimeSettings } from './regime.ts';

export const trainFlags = defineFlags({
  prefix: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 512,
    alias: ['prefix-length', 'p'],
    describe: 'prefix length P (in ClipCap --prefix is a file name; here it is the length)',
  },
  mapper: {
    type: 'choices',
    choices: ['mlp', 'transformer'],
    default: 'mlp',
    describe: "ClipCap's mapping network",
  },
  ...regimeFlags,
  tuneGpt2: { type: 'boolean', describe: 'train GPT-2 too, not only the mapper' },
  epochs: {
    type: 'integer',
    min: 1,
    describe:
      'passes over the pictures, each with one of its captions (default 2 on scenes; elsewhere 10, as in ClipCap)',
  },
  batch: { type: 'integer', default: 16, min: 1, max: 4096, describe: 'captions per step' },
  lr: { type: 'number', default: 8e-3, above: 0, max: 1, describe: 'peak learning rate' },
  warmup: { type: 'integer', min: 0, describe: 'steps of linear warm-up (default: 5 % of all)' },
  seed: {
    type: 'integer',
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
    describe: 'seed of weights, data order and dropout',
  },
  maxSteps: {
    type: 'integer',
    min: 1,
    describe: 'stop after this many steps; the schedule stays that of all epochs',
  },
  out: { type: 'string', placeholder: 'DIR', describe: 'run folder (default: runs/TIME-pP-MAPPER)' },
  config: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'JSON file of flag values, such as {"prefix": 20}; flags on the command line win',
  },
  resume: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'continue the run in this folder with its own settings',
  },
  dataset: {
    type: 'string',
    default: 'scenes',
    placeholder: 'NAME',
    describe: `scenes, a path, or FORMAT:PATH with ${formatNames.join(', ')}`,
  },
  pictures: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder of the pictures, where they do not lie beside the captions',
  },
  testOn: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'caption and score the test split of this dataset instead, such as nocaps:PATH',
  },
  backbones: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder with the frozen models in clip/ and gpt2/ (default: datasets/scenes/backbones)',
  },
  clip: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'CLIP to train with instead: openai/clip-vit-base-patch32, ViT-B/32, or ./folder',
  },
  gpt2: { type: 'string', placeholder: 'NAME', describe: 'GPT-2 to train with instead: gpt2, or ./folder' },
  quick: { type: 'boolean', describe: 'a small dataset and two epochs, to see everything work' },
  strict: { type: 'boolean', describe: 'stop at an unreadable picture instead of skipping it' },
  shuffleFeatures: {
    type: 'boolean',
    describe: 'train blind: every caption gets the features of a random picture',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

export type TrainFlags = FlagValues<typeof trainFlags>;

/** Everything that decides what a run computes; written to config.json. */
export interface Settings extends RegimeSettings {
  prefix: number;
  mapper: 'mlp' | 'transformer';
  tuneGpt2: boolean;
  epochs: number;
  batch: number;
  lr: number;
  warmup: number | undefined;
  seed: number;
  dataset: string;
  pictures?: string;
  testOn?: string;
  quick: boolean;
  strict: boolean;
  shuffleFeatures: boolean;
}

/** Settings after the data is known: the steps of warm-up are counted out. */
export interface ResolvedSettings extends Settings {
  warmup: number;
}

/** @throws UsageError for flags that do not go together */
export function toSettings(flags: TrainFlags): Settings {
  const { prefix, mapper, tuneGpt2, batch, lr, warmup, seed, dataset, quick, strict, shuffleFeatures } =
    flags;
  const { pictures, testOn } = flags;
  const epochs = flags.epochs ?? (quick || dataset === 'scenes' ? 2 : 10);
  return {
    prefix,
    mapper,
    tuneGpt2,
    epochs,
    batch,
    lr,
    warmup,
    seed,
    dataset,
    pictures,
    testOn,
    quick,
    strict,
    shuffleFeatures,
    ...toRegime(flags, flags),
  };
}

/** Pictures per split with --quick. */
export const quickCounts = { train: 640, val: 64, test: 64 } as const;
