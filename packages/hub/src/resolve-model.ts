// Finds a model by its name, on any platform: what Node and browsers do differently is given from outside.
import { collectFiles, type WantedFiles } from './collect-files.ts';
import type { DownloadProgress } from './download-file.ts';
import { HubClient, type ClientOptions } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import { modelOf, type Model } from './model.ts';
import type { CreateHash, ModelCache, StoredFile } from './model-cache.ts';
import { checkRevision, fileOfUrl, parseModelName } from './model-name.ts';
import { repositorySource } from './repository-source.ts';
import { Snapshot } from './snapshot.ts';
import { urlSource } from './url-source.ts';

export interface ResolveOptions {
  /**
   * Files that must be there; default `defaultFiles`. Weights that are stored in pieces are found by the name of the
   * whole (`model.safetensors`). A URL or a file always means itself.
   */
  files?: readonly string[];
  /** The first of these that is to be had must be there besides; default `defaultWeights` unless `files` is given. */
  anyOf?: readonly string[];
  /** Files that may be missing; default `defaultOptional` unless `files` is given. */
  optional?: readonly string[];
  /** Branch, tag or commit; default `main`. */
  revision?: string;
  /** Asks the hub what the revision stands for now, although the cache knows what it stood for. Default false. */
  refresh?: boolean;
  /** Called when a download begins and for every piece that comes. */
  progress?: (progress: DownloadProgress) => void;
  /** Ends it with the signal's reason; what has come stays for resuming. */
  signal?: AbortSignal;
  /** The hub or its mirror; default `HF_ENDPOINT`, else https://huggingface.co. */
  endpoint?: string;
  /** Sent to the endpoint's own host only; default `HF_TOKEN`, else Hugging Face's token file. */
  token?: string;
  /** Uses the cache alone and makes no request; default `HF_HUB_OFFLINE`. */
  offline?: boolean;
  /** Tries in a row that may fail; a try that brings new bytes does not count. Default 5. */
  tries?: number;
  /** The pause after a failed try; it doubles each time. Default 500. */
  retryPauseMs?: number;
  /** An answer that is silent this long is cut off. Default 30,000. */
  stallMs?: number;
}

/** Everything but which files: what loaders of models pass on. */
export type FetchOptions = Omit<ResolveOptions, 'files' | 'anyOf' | 'optional'>;

/** `resolveModel` of either entry. */
export type ResolveModel = (name: string, options?: ResolveOptions) => Promise<Model>;

/** What is fetched when no files are named. */
export const defaultFiles: readonly string[] = ['config.json'];
export const defaultWeights: readonly string[] = ['model.safetensors', 'pytorch_model.bin'];
export const defaultOptional: readonly string[] = ['tokenizer.json', 'preprocessor_config.json'];

/** What differs between Node and browsers. */
export interface Platform {
  redirect: ClientOptions['redirect'];
  createHash: CreateHash;
  /** The environment's defaults. */
  settings(): Promise<{ endpoint?: string; token?: string; offline?: boolean }>;
  /** Caches of repositories and of single URLs. */
  caches(): Promise<{ models: ModelCache; urls: ModelCache }>;
  /** A local folder's absolute path or URL, and its files. */
  folder(path: string): Promise<{ place: string; find(file: string): Promise<StoredFile | undefined> }>;
}

/** @throws {HubError}; the signal's reason when it aborts */
export async function resolveOn(
  platform: Platform,
  name: string,
  options: ResolveOptions = {},
): Promise<Model> {
  const place = parseModelName(name);
  const alone = place.kind === 'url' ? fileOfUrl(place.url) : place.kind === 'file' ? place.file : undefined;
  const wanted = { ...wantedFiles(options, alone), name };
  if (place.kind === 'folder') return folderModel(platform, place.path, wanted);
  if (place.kind === 'file') return folderModel(platform, place.folder, wanted);

  const revision = checkRevision(options.revision ?? 'main');
  const given = await platform.settings();
  const client = new HubClient({
    endpoint: checkEndpoint(options.endpoint ?? given.endpoint ?? 'https://huggingface.co'),
    token: checkToken(options.token ?? given.token),
    redirect: platform.redirect,
    stallMs: options.stallMs ?? 30_000,
  });
  const { createHash } = platform;
  const { signal, progress, refresh = false, tries = 5, retryPauseMs = 500 } = options;
  const isUrl = place.kind === 'url';
  const source = isUrl
    ? urlSource(client, place.url, { createHash, signal })
    : repositorySource(client, place.id, { revision, signal });
  const caches = await platform.caches();
  const cache = isUrl ? caches.urls : caches.models;
  const snapshot = await Snapshot.open(source, {
    cache,
    client,
    createHash,
    offline: options.offline ?? given.offline ?? false,
    refresh,
    plan: { tries, firstPauseMs: retryPauseMs },
    progress,
    signal,
  });
  const stored = await collectFiles(snapshot, wanted);
  const { commit } = snapshot;
  const folder = commit === undefined ? undefined : cache.snapshotFolder?.(source.folder, commit);
  return modelOf(stored, { name, commit, folder });
}

/** @param alone the one file that a URL or a path names */
function wantedFiles(options: ResolveOptions, alone: string | undefined): Omit<WantedFiles, 'name'> {
  if (alone !== undefined) return { files: [alone], anyOf: [], optional: [] };
  if (options.files === undefined && options.anyOf === undefined)
    return { files: defaultFiles, anyOf: defaultWeights, optional: options.optional ?? defaultOptional };
  return { files: options.files ?? [], anyOf: options.anyOf ?? [], optional: options.optional ?? [] };
}

async function folderModel(platform: Platform, path: string, wanted: WantedFiles): Promise<Model> {
  const { place, find } = await platform.folder(path);
  const get = async (file: string): Promise<StoredFile> => {
    const found = await find(file);
    if (found !== undefined) return found;
    throw new HubError(`there is no ${file} in ${place}`, {
      code: 'not-found',
      cure: 'check the path, or give the model by its name on the hub (owner/name)',
    });
  };
  const stored = await collectFiles({ find, get }, wanted);
  return modelOf(stored, { name: wanted.name, folder: place });
}

function checkEndpoint(endpoint: string): string {
  const isWeb = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (isWeb) return endpoint.replace(/\/+$/, '');
  throw new HubError(`the endpoint ${JSON.stringify(endpoint)} is no web address`, {
    code: 'name',
    cure: 'set HF_ENDPOINT to something like https://huggingface.co',
  });
}

function checkToken(token: string | undefined): string | undefined {
  const bare = token?.trim() ?? '';
  if (bare === '') return undefined;
  // fetch's own complaint would print the token.
  if (/^[\u0021-\u007e]+$/.test(bare)) return bare;
  throw new HubError('the access token holds characters that no token has', {
    code: 'name',
    cure: 'copy it anew into HF_TOKEN, or remove it',
  });
}
