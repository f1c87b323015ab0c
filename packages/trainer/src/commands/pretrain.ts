// `pnpm pretrain clip` and `pnpm pretrain gpt2`: makes the embedded dataset's backbones from its training split.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import type { Clip } from '@foreword/clip';
import { gpt2ConfigJson, type Gpt2 } from '@foreword/gpt2';
import { describeAdapter, openDevice, type Device } from '@foreword/tensor/node';
import { loadTokenizer, type Tokenizer, type TokenizerJson } from '@foreword/tokenizer';
import { openDataset, type Dataset, type Example } from '../data/dataset.ts';
import { backbonesRoot, shownPath } from '../data/repository.ts';
import { loadBackbones } from '../features/backbones.ts';
import { evaluateClip } from '../pretrain/evaluate-clip.ts';
import { minutes, modelCard, percent } from '../pretrain/model-card.ts';
import { perplexity, restatedRightly } from '../pretrain/evaluate-gpt2.ts';
import { pretrainGpt2 } from '../pretrain/pretrain-gpt2.ts';
import { pretrainClip } from '../pretrain/pretrain-clip.ts';
import { slotCounts } from '../pretrain/word-slots.ts';
import { saveBackbone, type Backbone } from '../pretrain/save-backbone.ts';

const flags = defineFlags({
  epochs: {
    type: 'integer',
    min: 1,
    describe: 'passes over the training split (default: 12 for clip, 5 for gpt2)',
  },
  batch: { type: 'integer', min: 2, describe: 'pairs or rows per step (default: 64 for clip, 8 for gpt2)' },
  lr: { type: 'number', above: 0, describe: 'peak learning rate (default: 3e-3)' },
  seed: { type: 'integer', min: 0, default: 1, describe: 'seed of weights and data order' },
  out: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder to write (default: datasets/scenes/backbones/NAME)',
  },
  score: { type: 'boolean', describe: 'train nothing; print the scores of the backbone that is there' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

interface Settings {
  epochs: number;
  batch: number;
  learningRate: number;
  seed: number;
  signal: AbortSignal;
}

const defaults = {
  clip: { epochs: 12, batch: 64, lr: 3e-3 },
  gpt2: { epochs: 5, batch: 8, lr: 3e-3 },
};

const commandLine = (name: string, { epochs, batch, learningRate, seed }: Settings): string =>
  `pnpm pretrain ${name} --epochs ${epochs} --batch ${batch} --lr ${learningRate} --seed ${seed}`;

const howMade = (device: Device, dataset: Dataset, settings: Settings, steps: number, ms: number) =>
  [
    [
      'training data',
      `${dataset.splits.train.length} pictures of the scenes dataset, training split, captions ${dataset.digest.slice(0, 12)}`,
    ],
    ['steps', `${steps} of ${settings.batch}`],
    ['seed', String(settings.seed)],
    ['adapter', describeAdapter(device.adapter)],
    ['duration', minutes(ms)],
  ] as const;

async function makeClip(device: Device, dataset: Dataset, settings: Settings): Promise<Backbone> {
  const startedAt = performance.now();
  const { clip, tokenizerJson, steps, finalLoss } = await pretrainClip(device, dataset, settings);
  const ms = performance.now() - startedAt;
  const { entries, config } = await clip.save();
  const { vision, text, embedDim } = clip.config;
  return {
    entries,
    configText: `${JSON.stringify(config, null, 2)}\n`,
    tokenizerJson,
    card: modelCard({
      title: 'Tiny CLIP of the scenes dataset',
      about:
        `A CLIP with OpenAI's architecture and names in small: pictures of ${vision.imageSize} px in patches of ${vision.patchSize}, ` +
        `image tower ${String(vision.layers)} × ${vision.width}, text tower ${text.layers} × ${text.width}, ${embedDim} shared dimensions. ` +
        'Trained from nothing, contrastively, on this engine.',
      command: commandLine('clip', settings),
      facts: howMade(device, dataset, settings, steps, ms),
      scores: [
        ['final training loss, captions', finalLoss.captions.toFixed(3)],
        ['final training loss, pairs', finalLoss.pairs.toFixed(3)],
        ...(await clipScores(clip, loadTokenizer(tokenizerJson), dataset.splits.val, settings.signal)),
      ],
    }),
  };
}

async function makeGpt2(device: Device, dataset: Dataset, settings: Settings): Promise<Backbone> {
  const startedAt = performance.now();
  const { gpt2, tokenizer, tokenizerJson, steps, finalLoss } = await pretrainGpt2(device, dataset, settings);
  const ms = performance.now() - startedAt;
  const { n_layer, n_embd, vocab_size } = gpt2.config;
  return {
    entries: await gpt2.entries(),
    configText: gpt2ConfigJson(gpt2.config),
    tokenizerJson,
    card: modelCard({
      title: 'Tiny GPT-2 of the scenes dataset',
      about:
        `GPT-2's architecture in small: ${n_layer} layers of ${n_embd}, ${vocab_size} tokens. It has seen captions only, never a picture: ` +
        'what it says about one, a prefix mapper has to tell it.',
      command: commandLine('gpt2', settings),
      facts: howMade(device, dataset, settings, steps, ms),
      scores: [
        ['final training loss per token', finalLoss.toFixed(3)],
        ...(await gpt2Scores(gpt2, tokenizer, dataset.splits.val)),
      ],
    }),
  };
}

type ScoreRow = readonly [what: string, value: string];

async function gpt2Scores(
  gpt2: Gpt2,
  tokenizer: Tokenizer,
  examples: readonly Example[],
): Promise<ScoreRow[]> {
  const { alone, afterAnother } = await perplexity(gpt2, tokenizer, examples);
  const rows: ScoreRow[] = [];
  for (const P of slotCounts) {
    const right = await restatedRightly(gpt2, tokenizer, { examples, P });
    rows.push([
      `names all rightly behind a true caption's words in ${P} slot${P > 1 ? 's' : ''}, one / two / three groups`,
      right.map(percent).join(' / '),
    ]);
  }
  return [
    ['perplexity per token of a caption alone', alone.toFixed(2)],
    ['perplexity behind another caption of the same picture', afterAnother.toFixed(2)],
    ...rows,
  ];
}

async function clipScores(
  clip: Clip,
  tokenizer: Tokenizer,
  examples: readonly Example[],
  signal: AbortSignal,
): Promise<ScoreRow[]> {
  const scores = await evaluateClip(clip, tokenizer, examples, signal);
  return [
    [
      "names all of a picture's pairs of colour and kind, one / two / three groups",
      (scores.pairAccuracy ?? []).map(percent).join(' / '),
    ],
    [`retrieval R@1 among ${scores.pictures} captions`, percent(scores.recallAt1)],
    ['retrieval R@5', percent(scores.recallAt5)],
    [
      `zero-shot colour (${scores.singleGroupPictures} pictures with one group)`,
      percent(scores.colourAccuracy ?? 0),
    ],
    ['zero-shot kind (the same pictures)', percent(scores.kindAccuracy ?? 0)],
  ];
}

/** What the card says under "measured", of a backbone that is there already. */
async function scoreBackbone(
  device: Device,
  name: 'clip' | 'gpt2',
  dir: string,
  { val }: Dataset['splits'],
  signal: AbortSignal,
): Promise<ScoreRow[]> {
  const folders = { clip: join(backbonesRoot, 'clip'), gpt2: join(backbonesRoot, 'gpt2'), [name]: dir };
  const { clip, gpt2, tokenizer } = await loadBackbones(device, folders);
  if (name === 'gpt2') return await gpt2Scores(gpt2, tokenizer, val);
  const json = JSON.parse(await readFile(join(dir, 'tokenizer.json'), 'utf8')) as TokenizerJson;
  return await clipScores(clip, loadTokenizer(json), val, signal);
}

await runCommand({
  name: 'pnpm pretrain',
  summary:
    "Trains the embedded dataset's backbone CLIP or GPT-2 from nothing and writes it with its model card.",
  flags,
  positionals: { name: 'backbone', describe: 'clip or gpt2', min: 1, max: 1 },
  async run({ values, positionals }) {
    const [name] = positionals;
    if (name !== 'clip' && name !== 'gpt2')
      throw new UsageError(`the backbone must be clip or gpt2, not "${name}"`);
    const { signal } = interruptOnce({ finishing: 'stopping; nothing has been written' });
    const device = await openDevice({ adapter: values.adapter });
    const dataset = await openDataset('scenes', { signal });
    const dir = values.out ?? join(backbonesRoot, name);
    if (values.score) {
      const rows = await scoreBackbone(device, name, dir, dataset.splits, signal);
      process.stdout.write(rows.map(([what, value]) => `${what}: ${value}\n`).join(''));
      device.close();
      return;
    }
    const settings: Settings = {
      epochs: values.epochs ?? defaults[name].epochs,
      batch: values.batch ?? defaults[name].batch,
      learningRate: values.lr ?? defaults[name].lr,
      seed: values.seed,
      signal,
    };
    const backbone = await (name === 'clip' ? makeClip : makeGpt2)(device, dataset, settings);
    await saveBackbone(dir, backbone);
    process.stdout.write(`${backbone.card}\nwritten to ${shownPath(dir)}\n`);
    device.close();
  },
});
