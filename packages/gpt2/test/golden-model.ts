// Builds the models that golden files were made with, from the rules in their metadata.
import { readFile } from 'node:fs/promises';
import { goldenTensors, type GoldenRule } from '@foreword/test-kit';
import { bytesSource, openSafetensors, type Device, type TensorFile } from '@foreword/tensor/node';
import { memoryTensors, type StorageOptions } from '@foreword/nn';
import { loadGpt2, parseGpt2Config, type Gpt2 } from '../src/index.ts';

export interface GoldenFile {
  file: TensorFile;
  /** Ids and other whole numbers. */
  integers(name: string): Promise<Int32Array>;
  floats(name: string): Promise<Float32Array>;
}

export async function openGolden(path: string | URL): Promise<GoldenFile> {
  const file = await openSafetensors(bytesSource(await readFile(path), String(path)));
  return { file, integers: (name) => file.readAsI32(name), floats: (name) => file.readAsF32(name) };
}

export const goldenFolder = new URL('golden/', import.meta.url);

/** The model a `gpt2-*.safetensors` file describes. */
export function goldenModel(device: Device, { file }: GoldenFile, options?: StorageOptions): Promise<Gpt2> {
  const { seed, prefix, config: text, rules } = file.metadata;
  const { block_size, ...sizes } = JSON.parse(text) as Record<string, number>;
  const config = parseGpt2Config({ ...sizes, n_positions: block_size });
  const tensors = goldenTensors(seed, prefix, JSON.parse(rules) as Record<string, GoldenRule>);
  return loadGpt2(device, { config: { ...config }, weights: memoryTensors(tensors), ...options });
}
