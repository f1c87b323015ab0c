// The files of one source at one commit: from the cache where they are, else fetched into it.
import { downloadFile, type DownloadProgress } from './download-file.ts';
import type { HubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import type { FileGetter } from './collect-files.ts';
import type { CreateHash, ModelCache, StoredFile } from './model-cache.ts';
import { isCommit } from './model-name.ts';
import { retry, type RetryPlan } from './retry.ts';
import type { FileFacts, MissingFile, Source } from './source.ts';
import type { AskedFor } from './status-error.ts';

export interface SnapshotOptions {
  cache: ModelCache;
  client: HubClient;
  createHash: CreateHash;
  offline: boolean;
  /** Asks what a branch or tag stands for now, although the cache knows what it stood for. */
  refresh: boolean;
  plan: RetryPlan;
  progress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

export class Snapshot implements FileGetter {
  /** Known from the cache, or once the server was asked. */
  commit: string | undefined;
  readonly #source: Source;
  readonly #options: SnapshotOptions;

  private constructor(source: Source, options: SnapshotOptions, commit: string | undefined) {
    this.#source = source;
    this.#options = options;
    this.commit = commit;
  }

  static async open(source: Source, options: SnapshotOptions): Promise<Snapshot> {
    const { folder, revision } = source;
    if (isCommit(revision)) return new Snapshot(source, options, revision);
    const asksAnew = options.refresh && !options.offline;
    return new Snapshot(
      source,
      options,
      asksAnew ? undefined : await options.cache.readRef(folder, revision),
    );
  }

  async find(file: string): Promise<StoredFile | undefined> {
    if (this.commit === undefined) return undefined;
    return this.#options.cache.find(this.#source.folder, this.commit, file);
  }

  async get(file: string): Promise<StoredFile> {
    const { signal, offline } = this.#options;
    signal?.throwIfAborted();
    const known = await this.find(file);
    if (known !== undefined) return known;
    const isKnownMissing =
      this.commit !== undefined &&
      (await this.#options.cache.isMissing(this.#source.folder, this.commit, file));
    if (isKnownMissing) throw this.#missing(file);
    if (offline) throw this.#offline(file);
    const facts = await this.#look(file);
    // A commit that has just become known may have the file already.
    const found = (await this.find(file)) ?? (await this.#fetch(file, facts));
    return found;
  }

  async #look(file: string): Promise<FileFacts> {
    const { cache, plan, signal } = this.#options;
    const facts = await retry(() => this.#source.look(file, this.commit), plan, { signal });
    await this.#learn(facts.commit);
    if (!('missing' in facts)) return facts;
    if (this.commit !== undefined) await cache.markMissing(this.#source.folder, this.commit, file);
    throw facts.missing;
  }

  /** All files are then taken from this commit, even if the branch moves on meanwhile. */
  async #learn(commit: FileFacts['commit'] | MissingFile['commit']): Promise<void> {
    if (this.commit !== undefined || commit === undefined) return;
    this.commit = commit;
    const { folder, revision } = this.#source;
    await this.#options.cache.writeRef(folder, revision, commit);
  }

  async #fetch(file: string, facts: FileFacts): Promise<StoredFile> {
    const { cache, client, createHash, plan, progress, signal } = this.#options;
    const { folder, name, page, revision, urlOf } = this.#source;
    const commit = this.commit ?? facts.commit;
    const asked: AskedFor = {
      what: page === undefined ? name : `${name}: ${file}`,
      endpoint: client.endpoint,
      page,
      revision,
      hasToken: client.options.token !== undefined,
    };
    const url = urlOf(file, commit);
    const download = { client, url, file, facts, asked, createHash, plan, progress, signal };
    const place = { folder, commit, file, blob: facts.blob };
    await cache.store(place, (unfinished) => downloadFile(unfinished, download), signal);
    const stored = await cache.find(folder, commit, file);
    if (stored !== undefined) return stored;
    throw new HubError(`${asked.what} vanished from the cache ${cache.place} while it was fetched`, {
      code: 'disk',
      cure: 'try again; something else empties the cache',
    });
  }

  #missing(file: string): HubError {
    const { name, page, revision } = this.#source;
    return new HubError(`${name}: ${file} does not exist at commit ${this.commit}, as the cache knows`, {
      code: 'not-found',
      cure: `see which files there are at ${page ?? name}/tree/${revision}`,
    });
  }

  #offline(file: string): HubError {
    const { name, folder } = this.#source;
    return new HubError(
      `${name}: ${file} is not in the cache (${this.#options.cache.place}, ${folder}), and offline mode makes no request`,
      { code: 'offline', cure: `fetch it once without HF_HUB_OFFLINE: pnpm models get ${name}` },
    );
  }
}
