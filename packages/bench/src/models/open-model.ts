// Loads one of the measured models from its folder, as users do.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, type Clip } from '@foreword/clip/node';
import { loadGpt2, type Gpt2 } from '@foreword/gpt2/node';
import { openSafetensorsPath, type Device } from '@foreword/tensor/node';

export const openClip = async (device: Device, folder: string, dtype: 'f32' | 'f16'): Promise<Clip> =>
  (await load(device, folder, { dtype })).model;

/** Without a tokenizer, which the folder lacks. */
export async function openGpt2(device: Device, folder: string, dtype: 'f32' | 'f16'): Promise<Gpt2> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const weights = await openSafetensorsPath(join(folder, 'model.safetensors'));
  try {
    return await loadGpt2(device, { config, weights, dtype });
  } finally {
    await weights.close();
  }
}
