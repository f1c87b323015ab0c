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
  const clipFiles = await readFolder(folders.clip, 'clip');
  const gpt2Files = await readFolder(folders.gpt2, 'gpt2');
  const clip = await loadClip(device, {
    config: parseClipConfig(clipFiles.config),
    weights: await openSafetensors(bytesSource(clipFiles.weights, join(folders.clip, 'model.safetensors'))),
  });
  const gpt2 = await loadGpt2(device, {
    config: gpt2Files.config as Gpt2ConfigInput,
    weights: await openSafetensors(bytesSource(gpt2Files.weights, join(folders.gpt2, 'model.safetensors'))),
  });
  const tokenizer = loadTokenizer(JSON.parse(await readFile(join(folders.gpt2, 'tokenizer.json'), 'utf8')));
  return { clip, gpt2, tokenizer, clipHash: clipFiles.hash, gpt2Hash: gpt2Files.hash };
}

async function readFolder(
  folder: string,
  name: string,
): Promise<{ config: unknown; weights: Uint8Array; hash: string }> {
  for (const file of ['config.json', 'model.safetensors', ...(name === 'gpt2' ? ['tokenizer.json'] : [])]) {
    await access(join(folder, file)).catch(() => {
      throw new CommandError(`the backbone file ${shownPath(join(folder, file))} is missing`, {
        cure: `restore it with git, or make it anew with \`pnpm pretrain ${name}\``,
      });
    });
  }
  const weights = await readFile(join(folder, 'model.safetensors'));
  const config: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  return { config, weights, hash: createHash('sha256').update(weights).digest('hex') };
}
