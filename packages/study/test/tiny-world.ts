// Random tiny backbones and a handful of pictures on disk, for studies in seconds.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clip, vitB32 } from '@foreword/clip';
import { Gpt2, gpt2ConfigJson, parseGpt2Config } from '@foreword/gpt2';
import { openDevice, writeSafetensors, type SafetensorsEntry } from '@foreword/tensor/node';
import { loadTokenizer, trainBpe } from '@foreword/tokenizer';
import { encode } from 'fast-png';

export interface TinyWorld {
  root: string;
  backbones: string;
  dataset: string;
  /** For the environment variable FOREWORD_CACHE. */
  cache: string;
}

const colours = ['red', 'green', 'blue'];
const side = 8;

/** In a new temporary folder; 16 pictures to learn from, 4 to validate with, 6 to caption. */
export async function makeTinyWorld(): Promise<TinyWorld> {
  const root = await mkdtemp(join(tmpdir(), 'foreword-study-world-'));
  const world = { root, backbones: join(root, 'b'), dataset: join(root, 'd'), cache: join(root, 'c') };
  await mkdir(join(world.dataset, 'annotations'), { recursive: true });
  for (const [split, count] of Object.entries({ train: 16, val: 4, test: 6 }))
    await writeSplit(world.dataset, split, count);
  await writeBackbones(world.backbones);
  return world;
}

async function writeSplit(dataset: string, split: string, count: number): Promise<void> {
  await mkdir(join(dataset, split));
  const ids = Array.from({ length: count }, (_, id) => id);
  for (const id of ids) {
    const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i % 3 === id % 3 ? 255 - id : id));
    await writeFile(
      join(dataset, split, `${id}.png`),
      encode({ width: side, height: side, data, channels: 3, depth: 8 }),
    );
  }
  const images = ids.map((id) => ({ id, file_name: `${id}.png`, width: side, height: side }));
  const annotations = ids.map((id) => ({ id, image_id: id, caption: `A ${colours[id % 3]} square.` }));
  const path = join(dataset, 'annotations', `captions_${split}.json`);
  await writeFile(path, JSON.stringify({ images, annotations }));
}

async function writeBackbones(folder: string): Promise<void> {
  const device = await openDevice();
  const tower = { width: 64, layers: 1, heads: 1 };
  const clip = Clip.random(
    device,
    {
      ...vitB32,
      embedDim: 16,
      vision: { ...vitB32.vision, ...tower, imageSize: side, patchSize: 4 },
      text: { ...vitB32.text, ...tower, contextLength: 24, vocabSize: 520 },
    },
    3,
  );
  const texts = colours.map((colour) => `A ${colour} square.`);
  const tokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 270, flavour: 'gpt2' }));
  const sizes = { vocab_size: tokenizer.vocabSize, n_positions: 48, n_embd: 32, n_layer: 1, n_head: 2 };
  const gpt2 = Gpt2.random(device, parseGpt2Config(sizes), 4);
  const { entries, config } = await clip.save();
  await save(join(folder, 'clip'), JSON.stringify(config), entries);
  await save(join(folder, 'gpt2'), gpt2ConfigJson(gpt2.config), await gpt2.entries());
  await writeFile(join(folder, 'gpt2/tokenizer.json'), JSON.stringify(tokenizer.json));
  device.close();
}

async function save(folder: string, config: string, entries: SafetensorsEntry[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(entries));
}
