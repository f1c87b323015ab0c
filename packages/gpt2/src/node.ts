// The Node entry: everything of the package, and `load` over folders and Python's Hugging Face cache.
import { resolveModel, type NodeResolveOptions } from '@foreword/hub/node';
import type { Device } from '@foreword/tensor';
import { loadWith, type LoadedGpt2, type LoadOptions } from './load.ts';

export * from './index.ts';

export interface NodeLoadOptions extends LoadOptions, Pick<NodeResolveOptions, 'cacheFolder'> {}

/**
 * A GPT-2 by its name: a repository of the hub (`gpt2`, `gpt2-xl`, `owner/name`), a folder (`./folder`), or a file of
 * weights or its URL together with `config` and `tokenizer`. What is missing is fetched into the cache.
 * @throws HubError with `code` and `cure`; Gpt2ConfigError, CheckpointError, TokenizerFileError when the files do
 * not fit; the signal's reason
 * @example
 * const { model, tokenizer } = await load(device, 'gpt2', { dtype: 'f16' });
 */
export function load(device: Device, name: string, options: NodeLoadOptions = {}): Promise<LoadedGpt2> {
  return loadWith(resolveModel, device, name, options);
}
