// GPT-2 by its name: files are found or fetched, then loaded. The entries differ in where files come from.
import type { FetchOptions, Model, ResolveModel } from '@foreword/hub';
import type { StorageOptions } from '@foreword/nn';
import type { Device } from '@foreword/tensor';
import { loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { Gpt2ConfigError, type Gpt2ConfigInput } from './config.ts';
import type { Gpt2 } from './gpt2.ts';
import { loadGpt2 } from './load-gpt2.ts';

export interface LoadOptions extends StorageOptions, FetchOptions {
  /** The parsed config.json; needed where the name is that of a file of weights, which has none beside it. */
  config?: Gpt2ConfigInput;
  /** Name of the model whose tokenizer.json is taken; default the model itself. */
  tokenizer?: string;
}

export interface LoadedGpt2 {
  /** As it was asked for. */
  name: string;
  /** The commit its files are from; undefined for a folder or a file. */
  commit?: string;
  /** Frozen. The caller disposes it. */
  model: Gpt2;
  tokenizer: Tokenizer;
}

/** `load` of an entry. */
export async function loadWith(
  resolve: ResolveModel,
  device: Device,
  name: string,
  { dtype, config, tokenizer: tokenizerName, ...fetching }: LoadOptions,
): Promise<LoadedGpt2> {
  const files = [
    ...(config === undefined ? ['config.json'] : []),
    ...(tokenizerName === undefined ? ['tokenizer.json'] : []),
  ];
  const found = await resolve(name, {
    ...fetching,
    files,
    anyOf: ['model.safetensors', 'pytorch_model.bin'],
  });
  assertComplete(found, files);
  const json = config ?? ((await found.json('config.json')) as Gpt2ConfigInput);
  const tokenizer = loadTokenizer(await tokenizerJson(resolve, found, tokenizerName, fetching));
  const weights = await found.weights();
  try {
    const model = await loadGpt2(device, { config: json, weights, dtype, signal: fetching.signal });
    return { name, commit: found.commit, model, tokenizer };
  } finally {
    await weights.close();
  }
}

/** A file of weights stands alone: what else the model needs has to be given. */
function assertComplete(found: Model, files: readonly string[]): void {
  const missing = files.filter((file) => !found.has(file));
  if (missing.length === 0) return;
  throw new Gpt2ConfigError(
    `${found.name} is a file of weights without ${missing.join(' and ')}; give ` +
      `{ config, tokenizer: 'gpt2' }, or the folder or repository that has them`,
  );
}

async function tokenizerJson(
  resolve: ResolveModel,
  found: Model,
  name: string | undefined,
  fetching: FetchOptions,
): Promise<unknown> {
  if (name === undefined) return await found.json('tokenizer.json');
  // A revision is one of the model's own repository.
  const other = await resolve(name, { ...fetching, revision: undefined, files: ['tokenizer.json'] });
  return await other.json('tokenizer.json');
}
