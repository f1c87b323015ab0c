// CLIP by its name: files are found or fetched, then loaded. The entries differ in where files come from.
import type { FetchOptions, Model, ResolveModel } from '@foreword/hub';
import type { StorageOptions } from '@foreword/nn';
import type { Device } from '@foreword/tensor';
import { loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { parseClipConfig } from './clip-config.ts';
import type { Clip } from './clip.ts';
import { loadClip } from './load-clip.ts';
import { hubNameOf } from './openai-models.ts';
import { readPreprocessing, type Preprocessing } from './preprocessing.ts';

export interface LoadOptions extends StorageOptions, FetchOptions {
  /**
   * Name of the model whose tokenizer.json is taken (`openAiTokenizer` for all of OpenAI's); default the model itself,
   * if it has one.
   */
  tokenizer?: string;
}

export interface LoadedClip {
  /** As it was asked for. */
  name: string;
  /** The commit its files are from; undefined for a folder or a file. */
  commit?: string;
  /** Frozen. The caller disposes it. */
  model: Clip;
  /** undefined where the files have none: OpenAI's .pt have none. */
  tokenizer: Tokenizer | undefined;
  /** How pictures become pixels. */
  preprocessing: Preprocessing;
}

/** `load` of an entry. */
export async function loadWith(
  resolve: ResolveModel,
  device: Device,
  name: string,
  { dtype, tokenizer: tokenizerName, ...fetching }: LoadOptions,
): Promise<LoadedClip> {
  const optional = ['preprocessor_config.json', ...(tokenizerName === undefined ? ['tokenizer.json'] : [])];
  const found = await resolve(hubNameOf(name), {
    ...fetching,
    files: ['config.json'],
    anyOf: ['model.safetensors', 'pytorch_model.bin'],
    optional,
  });
  const json = (file: string): Promise<unknown> | undefined =>
    found.has(file) ? found.json(file) : undefined;
  const tokenizerJson = await (tokenizerName === undefined
    ? json('tokenizer.json')
    : tokenizerOf(resolve, tokenizerName, fetching));
  const configJson = await json('config.json');
  const preprocessorJson = await json('preprocessor_config.json');
  const weights = await found.weights();
  try {
    fetching.signal?.throwIfAborted();
    const config = configJson === undefined ? undefined : parseClipConfig(configJson);
    const tokenizer = tokenizerJson === undefined ? undefined : loadTokenizer(tokenizerJson);
    const model = await loadClip(device, { weights, config, dtype, signal: fetching.signal });
    try {
      const preprocessing = readPreprocessing(preprocessorJson, model.config.vision.imageSize);
      return { name, commit: found.commit, model, tokenizer, preprocessing };
    } catch (error) {
      model.dispose();
      throw error;
    }
  } finally {
    await weights.close();
  }
}

async function tokenizerOf(resolve: ResolveModel, name: string, fetching: FetchOptions): Promise<unknown> {
  // A revision is one of the model's own repository.
  const options = { ...fetching, revision: undefined, files: ['tokenizer.json'] };
  const other: Model = await resolve(hubNameOf(name), options);
  return await other.json('tokenizer.json');
}
