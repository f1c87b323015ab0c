// The Node entry: everything of the package, and `load` over folders and Python's Hugging Face cache.
import { resolveModel, type NodeResolveOptions } from '@foreword/hub/node';
import type { Device } from '@foreword/tensor';
import { loadWith, type LoadedClip, type LoadOptions } from './load.ts';

export * from './index.ts';

export interface NodeLoadOptions extends LoadOptions, Pick<NodeResolveOptions, 'cacheFolder'> {}

/**
 * A CLIP by its name: a repository of the hub (`openai/clip-vit-base-patch32`, or OpenAI's `ViT-B/32`), a folder
 * (`./folder`), one of OpenAI's files (`ViT-B-32.pt`) or its URL. What is missing is fetched into the cache.
 * @throws HubError with `code` and `cure`; ClipError, CheckpointError, TokenizerFileError, TorchFileError when the files do not fit; the
 * signal's reason
 * @example
 * const { model, tokenizer, preprocessing } = await load(device, 'openai/clip-vit-base-patch32', { dtype: 'f16' });
 * const pixels = clipPreprocess(fileBytes, preprocessing.size, preprocessing);
 */
export function load(device: Device, name: string, options: NodeLoadOptions = {}): Promise<LoadedClip> {
  return loadWith(resolveModel, device, name, options);
}
