// What a checkpoint holds: the mapper's tensors under ClipCap's names, and GPT-2's where it was tuned, or its changes.
import type { Gpt2, Lora } from '@foreword/gpt2';
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

/**
 * The same with a tuned GPT-2 beside it under `gpt.transformer.…`, ClipCap's names for the whole model, or with the
 * changes of a frozen one under PEFT's names.
 */
export async function checkpointEntries(
  mapper: PrefixMapper,
  gpt2?: Gpt2,
  lora?: Lora,
): Promise<SafetensorsEntry[]> {
  const tuned = gpt2 ? await gpt2.saveEntries() : [];
  return [
    ...(await mapperEntries(mapper)),
    ...tuned.map((entry) => ({ ...entry, name: `gpt.transformer.${entry.name}` })),
    ...(lora ? await lora.saveEntries() : []),
  ];
}

/** True for a checkpoint that holds the tuned GPT-2 beside the mapper. */
export const isTuned = (checkpoint: TensorFile): boolean =>
  checkpoint.names().some((name) => /^(module\.)?gpt\./.test(name));
