// Loads the frozen backbones of a run from their folders.
import { createHash } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { loadClip, parseClipConfig, type Clip } from '@foreword/clip';
import { loadGpt2, type Gpt2, type Gpt2ConfigInput } from '@foreword/gpt2';
import { bytesSource, openSafetensors, type Device } from '@foreword/tensor/node';
import { loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { shownPath } from '../data/repository.ts';

export interface Backbones {
  clip: Clip;
  gpt2: Gpt2;
  tokenizer: Tokenizer;
  clipHash: string;
  gpt2Hash: string;
}

export async function loadBackbones(
  device: Device,
  folders: { clip: string; gpt2: string },
): Promise<Backbones> {
  const { clip, clipHash } = await loadClipBackbone(device, folders.clip);
  const gpt2Files = await readFolder(folders.gpt2, 'gpt2');
  const gpt2 = await explained(folders.gpt2, 'gpt2', async () =>
    loadGpt2(device, {
      config: gpt2Files.config as Gpt2ConfigInput,
      weights: await openSafetensors(bytesSource(gpt2Files.weights, join(folders.gpt2, 'model.safetensors'))),
    }),
  );
  const tokenizer = await explained(folders.gpt2, 'gpt2', async () =>
    loadTokenizer(JSON.parse(await readFile(join(folders.gpt2, 'tokenizer.json'), 'utf8'))),
  );
  return { clip, gpt2, tokenizer, clipHash, gpt2Hash: gpt2Files.hash };
}

/** CLIP alone, for work that writes no captions. */
export async function loadClipBackbone(
  device: Device,
  folder: string,
): Promise<{ clip: Clip; clipHash: string }> {
  const { config, weights, hash } = await readFolder(folder, 'clip');
  const clip = await explained(folder, 'clip', async () =>
    loadClip(device, {
      config: parseClipConfig(config),
      weights: await openSafetensors(bytesSource(weights, join(folder, 'model.safetensors'))),
    }),
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
      error instanceof SyntaxError || /^(Safetensors|Clip|Gpt2|Tokenizer)/.test((error as Error).name);
    if (!isData) throw error;
    throw new CommandError(
      `the backbone in ${shownPath(folder)} cannot be loaded: ${(error as Error).message}`,
      {
        cure: cureOf(name),
      },
    );
  }
}

async function readFolder(
  folder: string,
  name: string,
): Promise<{ config: unknown; weights: Uint8Array; hash: string }> {
  for (const file of ['config.json', 'model.safetensors', ...(name === 'gpt2' ? ['tokenizer.json'] : [])]) {
    await access(join(folder, file)).catch(() => {
      throw new CommandError(`the backbone file ${shownPath(join(folder, file))} is missing`, {
        cure: cureOf(name),
      });
    });
  }
  const weights = await readFile(join(folder, 'model.safetensors'));
  const config: unknown = await explained(folder, name, async () =>
    JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')),
  );
  return { config, weights, hash: createHash('sha256').update(weights).digest('hex') };
}
