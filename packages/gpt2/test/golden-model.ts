// Builds the models that golden files were made with, from the rules in their metadata.
import { readFile } from 'node:fs/promises';
import { goldenTensors, type GoldenRule } from '@foreword/test-kit';
import { bytesSource, openSafetensors, type Device, type TensorFile } from '@foreword/tensor/node';
import { Gpt2, parseGpt2Config, type WeightOptions } from '../src/index.ts';

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
export function goldenModel(device: Device, { file }: GoldenFile, options?: WeightOptions): Gpt2 {
  const { seed, prefix, config: text, rules } = file.metadata;
  const { block_size, ...sizes } = JSON.parse(text) as Record<string, number>;
  const config = parseGpt2Config({ ...sizes, n_positions: block_size });
  return Gpt2.fromTensors(
    device,
    config,
    goldenTensors(seed, prefix, JSON.parse(rules) as Record<string, GoldenRule>),
    options,
  );
}
