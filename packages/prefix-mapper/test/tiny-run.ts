// A run folder with random models small enough to caption in a test.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clip, vitB32, type ClipConfig } from '@foreword/clip';
import { Gpt2, gpt2ConfigJson, parseGpt2Config } from '@foreword/gpt2';
import type { DecodedImage } from '@foreword/image';
import { writeSafetensors, type Device, type SafetensorsEntry } from '@foreword/tensor/node';
import { loadTokenizer, trainBpe, type Tokenizer } from '@foreword/tokenizer';
import { checkpointEntries, createMapper, type PrefixMapper } from '../src/index.ts';

export interface TinyModels {
  clip: Clip;
  gpt2: Gpt2;
  mapper: PrefixMapper;
  tokenizer: Tokenizer;
  clipTokenizer: Tokenizer;
}

const tower = { width: 64, layers: 1, heads: 1 };
const clipConfig: ClipConfig = {
  ...vitB32,
  embedDim: 16,
  vision: { ...vitB32.vision, ...tower, imageSize: 8, patchSize: 4 },
  text: { ...vitB32.text, ...tower, contextLength: 24, vocabSize: 540 },
};

export function tinyModels(device: Device): TinyModels {
  const texts = ['A red circle above a blue square.', 'Zwei blaue Kreise, ein grünes Dreieck.'];
  const tokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 280, flavour: 'gpt2' }));
  const clipTokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 520, flavour: 'clip' }));
  const config = parseGpt2Config({
    vocab_size: tokenizer.vocabSize,
    n_positions: 24,
    n_embd: 32,
    n_layer: 1,
    n_head: 2,
  });
  return {
    clip: Clip.random(device, clipConfig, 3).trainable(false),
    gpt2: Gpt2.random(device, config, 4),
    mapper: createMapper(
      device,
      { type: 'mlp', prefixLength: 2, featureSize: 16, embeddingSize: 32 },
      { seed: 5 },
    ).trainable(false),
    tokenizer,
    clipTokenizer,
  };
}

export const disposeModels = ({ clip, gpt2, mapper }: TinyModels): void => {
  for (const model of [clip, gpt2, mapper]) model.dispose();
};

/** A picture of coloured stripes; `kind` chooses which. */
export function stripes(kind: number): DecodedImage {
  const data = Uint8Array.from(
    { length: 3 * 8 * 8 },
    (_, i) => (Math.floor(i / 24) * 67 * (kind + 1) + (i % 3) * 90 * kind) % 256,
  );
  return { width: 8, height: 8, channels: 3, data };
}

/** Writes the run and its backbones; returns the run's folder. `tuned` puts a GPT-2 into the checkpoint. */
export async function writeRun(
  { clip, gpt2, mapper, tokenizer, clipTokenizer }: TinyModels,
  { tuned }: { tuned?: Gpt2 } = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foreword-run-'));
  const run = join(folder, 'run');
  const backbones = { clip: '../clip', gpt2: '../gpt2' };
  const save = async (path: string, content: string | SafetensorsEntry[]): Promise<void> => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), typeof content === 'string' ? content : writeSafetensors(content));
  };
  const { entries, config } = await clip.save();
  await save('clip/config.json', JSON.stringify(config));
  await save('clip/model.safetensors', entries);
  await save('clip/tokenizer.json', JSON.stringify(clipTokenizer.json));
  await save('gpt2/config.json', gpt2ConfigJson(gpt2.config));
  await save('gpt2/model.safetensors', await gpt2.entries());
  await save('gpt2/tokenizer.json', JSON.stringify(tokenizer.json));
  const stopTokens = tokenizer.encode('.');
  await save('run/config.json', JSON.stringify({ mapper: mapper.config, backbones, stopTokens, seed: 5 }));
  await save('run/checkpoints/best.safetensors', await checkpointEntries(mapper, tuned));
  return run;
}
