// What a checkpoint holds: the mapper's tensors under ClipCap's names, and GPT-2's where it was tuned.
import type { Gpt2 } from '@foreword/gpt2';
import type { SafetensorsEntry, TensorFile } from '@foreword/tensor';
import { clipProjectPrefix } from './parameter-name.ts';
import type { PrefixMapper } from './prefix-mapper.ts';

export { clipProjectPrefix };

/** All parameters for `writeSafetensors`, under `clip_project.…`. */
export async function mapperEntries(mapper: PrefixMapper): Promise<SafetensorsEntry[]> {
  const entries: SafetensorsEntry[] = [];
  for (const [name, t] of Object.entries(mapper.parameters())) {
    const data = (await t.read()) as Float32Array;
    entries.push({ name: clipProjectPrefix + name, dtype: 'F32', shape: t.shape, data });
  }
  return entries;
}

/** The same with a tuned GPT-2 beside it under `gpt.transformer.…`, ClipCap's names for the whole model. */
export async function checkpointEntries(mapper: PrefixMapper, gpt2?: Gpt2): Promise<SafetensorsEntry[]> {
  const entries = await mapperEntries(mapper);
  if (!gpt2) return entries;
  const tuned = await gpt2.saveEntries();
  return [...entries, ...tuned.map((entry) => ({ ...entry, name: `gpt.transformer.${entry.name}` }))];
}

/** True for a checkpoint that holds the tuned GPT-2 beside the mapper. */
export const isTuned = (checkpoint: TensorFile): boolean =>
  checkpoint.names().some((name) => /^(module\.)?gpt\./.test(name));
