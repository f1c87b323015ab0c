// The flags of `pnpm train`, and the settings they resolve to.
import { formatNames } from '@foreword/caption-data';
import { defineFlags, UsageError, type FlagValues } from '@foreword/cli-kit';
import { endings, type Ending } from './endings.ts';
import { regimeFlags, toRegime, type RegimeSettings } from './regime.ts';
import { textOnlyMethods, textSpaces, type TextOnlyMethod, type TextSpace } from './text-only.ts';

const objectives = ['cross-entropy', 'self-critical'] as const;
const mapperNames = ['mlp', 'linear', 'mlp-fixed', 'transformer'] as const;

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
    choices: mapperNames,
    default: 'mlp',
    describe:
      "mapping network: ClipCap's MLP or transformer, one linear layer, or an MLP whose hidden layer shrinks with P so that it always has the parameters of P = 10",
  },
  clipLength: {
    type: 'integer',
    min: 1,
    max: 512,
    placeholder: 'C',
    describe:
      'with --mapper transformer: rows that the feature is spread over (default: P; ClipCap also has 10)',
  },
  ending: {
    type: 'choices',
    choices: endings,
    default: 'dot',
    describe:
      "how captions end: with a full stop (ClipCap), with GPT-2's end token in its place, or with both",
  },
  labelSmoothing: {
    type: 'number',
    default: 0,
    min: 0,
    max: 0.99,
    describe: "share of each target's weight that the whole vocabulary gets; validation is without",
  },
  textOnly: {
    type: 'choices',
    choices: textOnlyMethods,
    describe:
      'train without pictures, on CLIP features of the captions: with noise (CapDec), or with a memory of them at inference (DeCap)',
  },
  noise: {
    type: 'number',
    min: 0,
    max: 10,
    describe:
      'with --text-only: standard deviation, by coordinate, of the noise on features of length 1 (default: 0.126 with capdec, as in its paper; 0 with decap)',
  },
  textSpace: {
    type: 'choices',
    choices: textSpaces,
    default: 'l2',
    describe:
      'with --text-only: what texts and pictures share: direction (the papers), or direction after standardising the coordinates of either',
  },
  memory: {
    type: 'integer',
    default: 50_000,
    min: 1,
    describe: 'with --text-only decap: most captions in the memory',
  },
  memoryTemperature: {
    type: 'number',
    default: 0.01,
    above: 0,
    max: 10,
    describe: 'with --text-only decap: temperature of the softmax over the memory',
  },
  objective: {
    type: 'choices',
    choices: objectives,
    default: 'cross-entropy',
    describe:
      'what is learned: the captions, or, from a trained run on (--init), a better CIDEr-D of own captions',
  },
  samples: {
    type: 'integer',
    min: 1,
    max: 64,
    describe:
      'with --objective self-critical: captions drawn of each picture; each is held against the mean of the others, a single one against the greedy caption (default 5)',
  },
  init: {
    type: 'string',
    placeholder: 'RUN',
    describe: 'begin with the weights of that run; its mapper, data and models are taken over too',
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
  lr: {
    type: 'number',
    above: 0,
    max: 1,
    describe: 'peak learning rate (default: 8e-3; 3e-4 with --objective self-critical)',
  },
  warmup: { type: 'integer', min: 0, describe: 'steps of linear warm-up (default: 5 % of all)' },
  seed: {
    type: 'integer',
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
    describe: 'seed of weights, data order and dropout',
  },
  scoreTrain: {
    type: 'integer',
    default: 0,
    min: 0,
    describe:
      'at the end, caption and score this many pictures of the training split too, evenly spread over it',
  },
  maxSteps: {
    type: 'integer',
    min: 1,
    describe:
      'stop after this many steps; the schedule stays that of all epochs (--resume keeps it unless it is given anew)',
  },
  saveEvery: {
    type: 'string',
    default: '10m',
    placeholder: 'STEPS|TIME',
    describe:
      'save a checkpoint so often besides after every epoch: 500 (steps), 90s, 10m, 2h; --resume keeps it too',
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
    describe:
      'continue the run in this folder with its own settings; one that has saved nothing begins at step 0',
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
  mapper: (typeof mapperNames)[number];
  clipLength: number | undefined;
  ending: Ending;
  labelSmoothing: number;
  objective: (typeof objectives)[number];
  samples: number | undefined;
  init: string | undefined;
  textOnly: TextOnlyMethod | undefined;
  noise: number | undefined;
  textSpace: TextSpace;
  memory: number;
  memoryTemperature: number;
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
  /** Pictures of the training split that are captioned at the end; changes no weight. */
  scoreTrain: number;
}

/** Settings after the data is known: the steps of warm-up are counted out. */
export interface ResolvedSettings extends Settings {
  warmup: number;
}

/** @throws UsageError for flags that do not go together */
export function toSettings(flags: TrainFlags): Settings {
  const { prefix, mapper, clipLength, ending, labelSmoothing, tuneGpt2 } = flags;
  const { batch, warmup, seed, dataset, quick, strict, shuffleFeatures } = flags;
  if (clipLength !== undefined && mapper !== 'transformer') {
    throw new UsageError(
      `--clip-length goes with --mapper transformer; a ${mapper} mapper has no such rows`,
      {
        cure: 'leave it out, or add --mapper transformer',
      },
    );
  }
  const { objective, init } = flags;
  const isSelfCritical = objective === 'self-critical';
  if (isSelfCritical && init === undefined) {
    throw new UsageError(
      '--objective self-critical begins with a trained run; random captions earn nothing',
      {
        cure: 'add --init RUN, the folder of a run of `pnpm train`',
      },
    );
  }
  if (!isSelfCritical && flags.samples !== undefined)
    throw new UsageError('--samples goes with --objective self-critical', { cure: 'leave it out' });
  if (isSelfCritical && (labelSmoothing > 0 || flags.textOnly !== undefined))
    throw new UsageError('--label-smoothing and --text-only go with --objective cross-entropy');
  if (isSelfCritical && flags.lora !== undefined)
    throw new UsageError('--lora goes with --objective cross-entropy', { cure: 'leave one of them out' });
  const lr = flags.lr ?? (isSelfCritical ? 3e-4 : 8e-3);
  const { textOnly, textSpace, memory, memoryTemperature } = flags;
  if (textOnly === undefined && flags.noise !== undefined)
    throw new UsageError('--noise goes with --text-only', {
      cure: 'add --text-only capdec, or leave it out',
    });
  if (textOnly !== undefined && shuffleFeatures)
    throw new UsageError('--shuffle-features gives captions other pictures; with --text-only there are none');
  if (textOnly !== undefined && flags.scoreTrain > 0)
    throw new UsageError('--score-train captions pictures; with --text-only the training split has none', {
      cure: 'leave one of them out',
    });
  if (textOnly !== undefined && flags.visual !== 'raw')
    throw new UsageError(`--visual ${flags.visual} goes with pictures; --text-only has none`, {
      cure: 'leave one of them out',
    });
  // CapDec, §4: a variance of 0.016.
  const noise = flags.noise ?? (textOnly && (textOnly === 'capdec' ? 0.126 : 0));
  const { pictures, testOn } = flags;
  const epochs = flags.epochs ?? (quick || dataset === 'scenes' ? 2 : 10);
  return {
    prefix,
    mapper,
    clipLength,
    ending,
    labelSmoothing,
    objective,
    samples: isSelfCritical ? (flags.samples ?? 5) : undefined,
    init,
    textOnly,
    noise,
    textSpace,
    memory,
    memoryTemperature,
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
    scoreTrain: flags.scoreTrain,
    ...toRegime(flags, flags),
  };
}

/** Pictures per split with --quick. */
export const quickCounts = { train: 640, val: 64, test: 64 } as const;
