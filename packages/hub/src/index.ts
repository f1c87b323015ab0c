// The browsers' entry: the same call as in Node, with the origin private file system (OPFS) as the cache.
import { blobSource } from '@foreword/tensor';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { HubError } from './hub-error.ts';
import type { Model } from './model.ts';
import type { StoredFile } from './model-cache.ts';
import { OpfsCache } from './opfs/opfs-cache.ts';
import { resolveOn, type Platform, type ResolveOptions } from './resolve-model.ts';

export * from './exports.ts';

/**
 * A model's files by the model's name. A name (`gpt2`, `openai/clip-vit-base-patch32`) is looked up in this origin's
 * cache, and what is missing is fetched into it; so is the file behind a URL. A folder (`./folder`) is one of this
 * site, relative to the page; its files are fetched and not cached.
 *
 * Needs a secure context (https or localhost). Servers must allow the page's origin (CORS); Hugging Face's do.
 * @throws {HubError} with `code` and `cure`; the signal's reason when it aborts
 * @example
 * const model = await resolveModel('gpt2', { files: ['config.json', 'model.safetensors', 'tokenizer.json'] });
 * const gpt2 = await loadGpt2(device, { config: await model.json('config.json'), weights: await model.weights() });
 */
export async function resolveModel(name: string, options: ResolveOptions = {}): Promise<Model> {
  return resolveOn(browserPlatform(options.signal), name, options);
}

function browserPlatform(signal?: AbortSignal): Platform {
  return {
    redirect: 'follow',
    // crypto.subtle hashes only what is in memory as a whole.
    createHash(algorithm) {
      const hash = (algorithm === 'sha256' ? sha256 : sha1).create();
      return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
    },
    settings: async () => ({}),
    async caches() {
      if (globalThis.navigator?.storage?.getDirectory === undefined) {
        throw new HubError('this page has no origin private file system to keep models in', {
          code: 'disk',
          cure: 'serve it over https or from localhost, in a browser of 2023 or later; in Node import from the entry that ends in /node',
        });
      }
      return { models: await OpfsCache.open('models'), urls: await OpfsCache.open('urls') };
    },
    async folder(path) {
      const place = new URL(path.endsWith('/') ? path : `${path}/`, location.href).href;
      const load = async (file: string): Promise<StoredFile | undefined> => {
        const url = new URL(file.split('/').map(encodeURIComponent).join('/'), place);
        const response = await fetch(url, { signal });
        if (!response.ok) return undefined;
        const blob = await response.blob();
        return { open: async () => blobSource(blob, url.href) };
      };
      const loaded = new Map<string, ReturnType<typeof load>>();
      return {
        place,
        find(file) {
          const found = loaded.get(file) ?? load(file);
          loaded.set(file, found);
          return found;
        },
      };
    },
  };
}
