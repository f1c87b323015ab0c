// Node's entry: the same call as in browsers, with Python's Hugging Face cache and its environment variables.
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { HubError } from './hub-error.ts';
import type { Model } from './model.ts';
import { resolveOn, type Platform, type ResolveOptions } from './resolve-model.ts';
import { expand, readEnvironment, readToken } from './node/environment.ts';
import { HfCache, storedFile } from './node/hf-cache.ts';
import { stat } from 'node:fs/promises';

export * from './exports.ts';
export { readEnvironment, type HubEnvironment } from './node/environment.ts';
export { listCache, type CachedModel, type ListCacheOptions } from './node/list-cache.ts';

export interface NodeResolveOptions extends ResolveOptions {
  /** The folder with `models--…` folders; default `HF_HUB_CACHE`, else `hub` in `HF_HOME`. */
  cacheFolder?: string;
}

/**
 * A model's files by the model's name. A folder (`./folder`) is used as it is; a name (`gpt2`,
 * `openai/clip-vit-base-patch32`) is looked up in the cache that Python's huggingface_hub uses, and what is missing is
 * fetched into it; so is the file behind a URL, in a folder of its own.
 * @throws {HubError} with `code` and `cure`; the signal's reason when it aborts
 * @example
 * const model = await resolveModel('gpt2', { files: ['config.json', 'model.safetensors', 'tokenizer.json'] });
 * const gpt2 = await loadGpt2(device, { config: await model.json('config.json'), weights: await model.weights() });
 */
export async function resolveModel(name: string, options: NodeResolveOptions = {}): Promise<Model> {
  return resolveOn(nodePlatform(options.cacheFolder), name, options);
}

function nodePlatform(cacheFolder?: string): Platform {
  const environment = readEnvironment();
  return {
    redirect: 'manual',
    createHash(algorithm) {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
    },
    async settings() {
      const { endpoint, offline } = environment;
      return { endpoint, offline, token: await readToken(environment) };
    },
    async caches() {
      const { hubCache, assetsCache, disableSymlinks } = environment;
      return {
        models: new HfCache(resolve(cacheFolder ?? hubCache), { disableSymlinks }),
        urls: new HfCache(join(assetsCache, 'foreword', 'urls'), { disableSymlinks }),
      };
    },
    async folder(path) {
      const place = resolve(expand(path, {}, homedir()));
      const state = await stat(place).catch(() => undefined);
      if (state?.isDirectory() !== true) {
        throw new HubError(`there is no folder ${place}`, {
          code: 'not-found',
          cure: 'check the path, or give the model by its name on the hub (owner/name)',
        });
      }
      return { place, find: (file) => storedFile(join(place, file)) };
    },
  };
}
