// `pnpm zero-shot`: which of the labels fits a picture best, without training (Radford et al. 2021, §3.1).
import { readFile } from 'node:fs/promises';
import { CommandError, defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import {
  ImageEncoder,
  load,
  openAiTokenizer,
  PromptEncoder,
  zeroShot,
  type LoadedClip,
} from '@foreword/clip/node';
import { clipPreprocess } from '@foreword/image';
import { openDevice, type Device } from '@foreword/tensor/node';
import { clipTokenize, type Tokenizer } from '@foreword/tokenizer';
import { join } from 'node:path';
import { explainPicture } from '../data/explain-picture.ts';
import { backbonesRoot, shownPath } from '../data/repository.ts';
import { downloadBar } from '../models/download-bar.ts';
import { explainModel } from '../models/explain-model.ts';

const flags = defineFlags({
  labels: {
    type: 'string',
    placeholder: 'A,B',
    required: true,
    describe: 'what the pictures may show, comma-separated: "a dog,a cat"',
  },
  clip: {
    type: 'string',
    placeholder: 'NAME',
    describe:
      'openai/clip-vit-base-patch32, ViT-B/32, ./folder, x.pt or a URL (default: the CLIP of the embedded dataset)',
  },
  template: {
    type: 'string',
    placeholder: 'TEXT',
    repeated: true,
    describe:
      'sentence with {} for the label; several are averaged (default: "a photo of {}"; "{}" without --clip)',
  },
  dtype: { type: 'choices', choices: ['f32', 'f16'], default: 'f32', describe: 'of the weights on the GPU' },
  json: { type: 'boolean', describe: 'one JSON object per picture: {"image", "label", "probabilities"}' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm zero-shot',
  summary: 'Says how well each label fits each picture (PNG or JPEG), by CLIP and without training.',
  flags,
  positionals: { name: 'image', describe: 'picture files', min: 1 },
  async run({ values, positionals }) {
    const { signal } = interruptOnce({ finishing: 'stopping' });
    const labels = values.labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== '');
    if (labels.length === 0)
      throw new UsageError('--labels names no label', { cure: '--labels "a dog,a cat"' });
    const templates = templatesOf(values.template, values.clip);
    const device = await openDevice({ adapter: values.adapter });
    const name = values.clip ?? join(backbonesRoot, 'clip');
    const clip = await loadWithTokenizer(device, name, { dtype: values.dtype, signal });
    const { model, tokenizer, preprocessing } = clip;
    const prompts = new PromptEncoder(model, { batch: Math.min(16, labels.length * templates.length) });
    const { contextLength } = model.config.text;
    const classify = await zeroShot(prompts, {
      labels,
      templates,
      tokenize: (texts) => tokenize(tokenizer, texts, contextLength),
      scale: Math.exp(await model.logitScale.item()),
    });
    const images = await ImageEncoder.create(model, { batch: 1 });
    let failures = 0;
    for (const image of positionals) {
      signal.throwIfAborted();
      try {
        const pixels = clipPreprocess(await readFile(image), preprocessing.size, {
          ...preprocessing,
          file: image,
        });
        const [{ label, probabilities }] = classify(await images.encode([pixels]));
        process.stdout.write(
          values.json ? jsonLine(image, label, labels, probabilities) : table(image, labels, probabilities),
        );
      } catch (error) {
        failures++;
        process.stderr.write(`error: ${shownPath(image)}: ${explainPicture(error)}\n`);
      }
    }
    images.dispose();
    await prompts.dispose();
    model.dispose();
    device.close();
    return failures > 0 ? 1 : 0;
  },
});

function templatesOf(given: readonly string[], clip: string | undefined): readonly string[] {
  const without = given.find((template) => !template.includes('{}'));
  if (without !== undefined)
    throw new UsageError(`--template ${JSON.stringify(without)} has no {} for the label`, {
      cure: '--template "a photo of {}"',
    });
  // The embedded CLIP has read captions of drawings, not of photographs.
  return given.length > 0 ? given : [clip === undefined ? '{}' : 'a photo of {}'];
}

/** The model and a tokenizer; OpenAI's files have none, and all of OpenAI's models have the same. */
async function loadWithTokenizer(
  device: Device,
  name: string,
  { dtype, signal }: { dtype: 'f32' | 'f16'; signal: AbortSignal },
): Promise<LoadedClip & { tokenizer: Tokenizer }> {
  const bar = downloadBar();
  const isFile = /\.(pt|pth|bin|safetensors)$/i.test(name);
  const options = { dtype, signal, progress: bar.progress };
  const loaded = await explainModel(name, () =>
    load(device, name, isFile ? { ...options, tokenizer: openAiTokenizer } : options),
  ).finally(() => bar.finish());
  const { tokenizer } = loaded;
  if (tokenizer !== undefined) return { ...loaded, tokenizer };
  throw new CommandError(`${name} has no tokenizer.json, so labels cannot be read`, {
    cure: 'put the tokenizer.json of a CLIP into the folder',
  });
}

function tokenize(tokenizer: Tokenizer, texts: readonly string[], contextLength: number): Int32Array {
  try {
    return clipTokenize(tokenizer, texts, { contextLength });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(error.message, { cure: 'give shorter labels or templates', cause: error });
  }
}

function jsonLine(
  image: string,
  label: string,
  labels: readonly string[],
  probabilities: readonly number[],
): string {
  const rounded = labels.map((name, i) => [name, Number(probabilities[i].toPrecision(6))]);
  return `${JSON.stringify({ image, label, probabilities: Object.fromEntries(rounded) })}\n`;
}

/** Labels by falling probability. */
function table(image: string, labels: readonly string[], probabilities: readonly number[]): string {
  const width = Math.max(...labels.map((label) => label.length));
  const rows = labels
    .map((label, i) => ({ label, percent: 100 * probabilities[i] }))
    .sort((a, b) => b.percent - a.percent)
    .map(({ label, percent }) => `  ${label.padEnd(width)}  ${percent.toFixed(1).padStart(5)} %`);
  return `${image}\n${rows.join('\n')}\n`;
}
