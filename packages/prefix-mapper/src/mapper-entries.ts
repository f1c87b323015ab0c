// What a checkpoint holds: the mapper's tensors under ClipCap's names, and GPT-2's where it was tuned, or its changes.
import { peftPrefix, type Gpt2, type Lora } from '@foreword/gpt2';
import { readEntries, type Module } from '@foreword/nn';
import type { SafetensorsEntry, Tensor, TensorFile } from '@foreword/tensor';
import { clipProjectPrefix } from './parameter-name.ts';
import type { PrefixMapper } from './prefix-mapper.ts';

export { clipProjectPrefix };

/**
 * Name → tensor of what a run trains: the mapper under `clip_project.…`, a tuned GPT-2 under `gpt.transformer.…`, ClipCap's
 * names for the whole model, changes of a frozen one under PEFT's.
 */
export function checkpointParameters(mapper: PrefixMapper, gpt2?: Gpt2, lora?: Lora): Map<string, Tensor> {
  const below = (prefix: string, module?: Module): [string, Tensor][] =>
    [...(module?.namedParameters() ?? [])].map(([name, t]) => [prefix + name, t]);
  return new Map([
    ...below(clipProjectPrefix, mapper),
    ...below('gpt.transformer.', gpt2),
    ...below(peftPrefix, lora),
  ]);
}

/** The same for `writeSafetensors`. */
export const checkpointEntries = (
  mapper: PrefixMapper,
  gpt2?: Gpt2,
  lora?: Lora,
): Promise<SafetensorsEntry[]> => readEntries(checkpointParameters(mapper, gpt2, lora), { dtype: 'F32' });

/** True for a checkpoint that holds the tuned GPT-2 beside the mapper. */
export const isTuned = (checkpoint: TensorFile): boolean =>
  checkpoint.names().some((name) => /^(module\.)?gpt\./.test(name));
