// A world for whole trainings in seconds: random tiny backbones and a handful of pictures, on disk.
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
  /** For `--backbones`. */
  backbones: string;
  /** For `--dataset`. */
  dataset: string;
  /** For the environment variable FOREWORD_CACHE. */
  cache: string;
}

const colours = ['red', 'green', 'blue'];
const side = 8;

/** Makes it in a new temporary folder; `train` pictures to learn from, 6 to validate with and 8 to caption. */
export async function makeTinyWorld({ train = 24 } = {}): Promise<TinyWorld> {
  const root = await mkdtemp(join(tmpdir(), 'foreword-world-'));
  const world = { root, backbones: join(root, 'b'), dataset: join(root, 'd'), cache: join(root, 'c') };
  for (const [split, count] of Object.entries({ train, val: 6, test: 8 }))
    await writeSplit(world.dataset, split, count);
  await writeBackbones(world.backbones);
  return world;
}

/** One picture in a colour of its own. */
export function picture(kind: number): Uint8Array {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    i % 3 === kind % 3 ? 255 - kind : kind,
  );
  return encode({ width: side, height: side, data, channels: 3, depth: 8 });
}

async function writeSplit(dataset: string, split: string, count: number): Promise<void> {
  await mkdir(join(dataset, 'annotations'), { recursive: true });
  await mkdir(join(dataset, split), { recursive: true });
  const ids = Array.from({ length: count }, (_, id) => id);
  for (const id of ids) await writeFile(join(dataset, split, `${id}.png`), picture(id));
  const images = ids.map((id) => ({ id, file_name: `${id}.png`, width: side, height: side }));
  const annotations = ids.flatMap((id) => [
    { id: 2 * id, image_id: id, caption: `A ${colours[id % 3]} square.` },
    { id: 2 * id + 1, image_id: id, caption: `This square is ${colours[id % 3]}.` },
  ]);
  await writeFile(
    join(dataset, 'annotations', `captions_${split}.json`),
    JSON.stringify({ images, annotations }),
  );
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
      text: { ...vitB32.text, ...tower, contextLength: 24, vocabSize: 540 },
    },
    3,
  );
  const texts = colours.flatMap((colour) => [`A ${colour} square.`, `This square is ${colour}.`]);
  const tokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 280, flavour: 'gpt2' }));
  const clipTokenizer = trainBpe({ texts, vocabSize: 520, flavour: 'clip' });
  const sizes = { vocab_size: tokenizer.vocabSize, n_positions: 48, n_embd: 32, n_layer: 1, n_head: 2 };
  const gpt2 = Gpt2.random(device, parseGpt2Config(sizes), 4);
  const { entries, config } = await clip.save();
  await save(join(folder, 'clip'), JSON.stringify(config), entries);
  await writeFile(join(folder, 'clip/tokenizer.json'), JSON.stringify(clipTokenizer));
  await save(join(folder, 'gpt2'), gpt2ConfigJson(gpt2.config), await gpt2.entries());
  await writeFile(join(folder, 'gpt2/tokenizer.json'), JSON.stringify(tokenizer.json));
  device.close();
}

async function save(folder: string, config: string, entries: SafetensorsEntry[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'model.safetensors'), writeSafetensors(entries));
}
