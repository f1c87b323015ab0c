// `pnpm pretrain clip` and `pnpm pretrain gpt2`: makes the embedded dataset's backbones from its training split.
import { join } from 'node:path';
import { defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import { gpt2ConfigJson } from '@foreword/gpt2';
import { describeAdapter, openDevice, type Device } from '@foreword/tensor/node';
import { loadTokenizer } from '@foreword/tokenizer';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { backbonesRoot, shownPath } from '../data/repository.ts';
import { evaluateClip } from '../pretrain/evaluate-clip.ts';
import { minutes, modelCard, percent } from '../pretrain/model-card.ts';
import { perplexity, pretrainGpt2 } from '../pretrain/pretrain-gpt2.ts';
import { pretrainClip } from '../pretrain/pretrain-clip.ts';
import { saveBackbone, type Backbone } from '../pretrain/save-backbone.ts';

const flags = defineFlags({
  epochs: {
    type: 'integer',
    min: 1,
    describe: 'passes over the training split (default: 25 for clip, 5 for gpt2)',
  },
  batch: { type: 'integer', min: 2, describe: 'pairs or rows per step (default: 64 for clip, 8 for gpt2)' },
  lr: { type: 'number', above: 0, describe: 'peak learning rate (default: 1e-3 for clip, 4e-3 for gpt2)' },
  seed: { type: 'integer', min: 0, default: 1, describe: 'seed of weights and data order' },
  out: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder to write (default: datasets/scenes/backbones/NAME)',
  },
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
  clip: { epochs: 25, batch: 64, lr: 1e-3 },
  gpt2: { epochs: 5, batch: 8, lr: 4e-3 },
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
  const scores = await evaluateClip(clip, loadTokenizer(tokenizerJson), dataset.splits.val, settings.signal);
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
        `image tower ${vision.layers} × ${vision.width}, text tower ${text.layers} × ${text.width}, ${embedDim} shared dimensions. ` +
        'Trained from nothing, contrastively, on this engine.',
      command: commandLine('clip', settings),
      facts: howMade(device, dataset, settings, steps, ms),
      scores: [
        ['final training loss', finalLoss.toFixed(3)],
        [`retrieval R@1 among ${scores.pictures} captions`, percent(scores.recallAt1)],
        ['retrieval R@5', percent(scores.recallAt5)],
        [
          `zero-shot colour (${scores.singleGroupPictures} pictures with one group)`,
          percent(scores.colourAccuracy ?? 0),
        ],
        ['zero-shot kind (the same pictures)', percent(scores.kindAccuracy ?? 0)],
      ],
    }),
  };
}

async function makeGpt2(device: Device, dataset: Dataset, settings: Settings): Promise<Backbone> {
  const startedAt = performance.now();
  const { gpt2, tokenizer, tokenizerJson, steps, finalLoss } = await pretrainGpt2(device, dataset, settings);
  const ms = performance.now() - startedAt;
  const value = await perplexity(gpt2, tokenizer, dataset.splits.val);
  const { n_layer, n_embd, vocab_size } = gpt2.config;
  return {
    entries: await gpt2.saveEntries(),
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
        ['perplexity per token of a caption alone', value.alone.toFixed(2)],
        ['perplexity behind another caption of the same picture', value.afterAnother.toFixed(2)],
      ],
    }),
  };
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
    const settings: Settings = {
      epochs: values.epochs ?? defaults[name].epochs,
      batch: values.batch ?? defaults[name].batch,
      learningRate: values.lr ?? defaults[name].lr,
      seed: values.seed,
      signal,
    };
    const backbone = await (name === 'clip' ? makeClip : makeGpt2)(device, dataset, settings);
    const dir = values.out ?? join(backbonesRoot, name);
    await saveBackbone(dir, backbone);
    process.stdout.write(`${backbone.card}\nwritten to ${shownPath(dir)}\n`);
    device.close();
  },
});
