// Loads the frozen backbones of a run from their folders.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { loadClip, parseClipConfig, type Clip } from '@foreword/clip';
import { loadGpt2, type Gpt2, type Gpt2ConfigInput } from '@foreword/gpt2';
import type { StorageOptions } from '@foreword/nn';
import { openSafetensorsPath, type Device, type TensorFile } from '@foreword/tensor/node';
import { loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { shownPath } from '../data/repository.ts';

export interface Backbones {
  clip: Clip;
  gpt2: Gpt2;
  tokenizer: Tokenizer;
  clipHash: string;
  gpt2Hash: string;
  /** What features of this CLIP are kept under: those of f16 weights are others. */
  featuresHash: string;
}

/** @throws CommandError when files are missing or damaged, or f16 is asked for and the adapter has none */
export async function loadBackbones(
  device: Device,
  folders: { clip: string; gpt2: string },
  { dtype }: StorageOptions = {},
): Promise<Backbones> {
  if (dtype === 'f16' && !device.adapter.f16)
    throw new CommandError('this adapter has no f16', { cure: 'leave out --dtype f16, or give --adapter' });
  const { clip, clipHash } = await loadClipBackbone(device, folders.clip, { dtype });
  const gpt2Files = await readFolder(folders.gpt2, 'gpt2');
  const gpt2 = await explained(folders.gpt2, 'gpt2', () =>
    withWeights(folders.gpt2, (weights) =>
      loadGpt2(device, { config: gpt2Files.config as Gpt2ConfigInput, weights, dtype }),
    ),
  );
  const tokenizer = await explained(folders.gpt2, 'gpt2', async () =>
    loadTokenizer(JSON.parse(await readFile(join(folders.gpt2, 'tokenizer.json'), 'utf8'))),
  );
  const featuresHash = clipHash + (dtype === 'f16' ? ' f16' : '');
  return { clip, gpt2, tokenizer, clipHash, gpt2Hash: gpt2Files.hash, featuresHash };
}

/** CLIP alone, for work that writes no captions. */
export async function loadClipBackbone(
  device: Device,
  folder: string,
  { dtype }: StorageOptions = {},
): Promise<{ clip: Clip; clipHash: string }> {
  const { config, hash } = await readFolder(folder, 'clip');
  const clip = await explained(folder, 'clip', () =>
    withWeights(folder, (weights) => loadClip(device, { config: parseClipConfig(config), weights, dtype })),
  );
  return { clip, clipHash: hash };
}

const cureOf = (name: string): string =>
  `restore it with git, or make it anew with \`pnpm pretrain ${name}\``;

/** Damaged and foreign files, told with the folder they lie in; errors with a cure of their own pass through. */
async function explained<T>(folder: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isData =
      error instanceof SyntaxError ||
      /^(Safetensors|Clip|Gpt2|Tokenizer|Checkpoint|Module)/.test((error as Error).name);
    if (!isData) throw error;
    throw new CommandError(
      `the backbone in ${shownPath(folder)} cannot be loaded: ${(error as Error).message}`,
      {
        cure: cureOf(name),
      },
    );
  }
}

async function withWeights<T>(folder: string, load: (weights: TensorFile) => Promise<T>): Promise<T> {
  const weights = await openSafetensorsPath(join(folder, 'model.safetensors'));
  try {
    return await load(weights);
  } finally {
    await weights.close();
  }
}

async function readFolder(folder: string, name: string): Promise<{ config: unknown; hash: string }> {
  for (const file of ['config.json', 'model.safetensors', ...(name === 'gpt2' ? ['tokenizer.json'] : [])]) {
    await access(join(folder, file)).catch(() => {
      throw new CommandError(`the backbone file ${shownPath(join(folder, file))} is missing`, {
        cure: cureOf(name),
      });
    });
  }
  const config: unknown = await explained(folder, name, async () =>
    JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')),
  );
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(join(folder, 'model.safetensors')))
    hash.update(bytes as Uint8Array);
  return { config, hash: hash.digest('hex') };
}
