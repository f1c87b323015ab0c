// Which files a model consists of: those asked for, and for weights in pieces the index and every shard it names.
import { HubError } from './hub-error.ts';
import { besides, indexOf } from './model.ts';
import type { StoredFile } from './model-cache.ts';
import { checkFileName } from './model-name.ts';

export interface FileGetter {
  /** The file if it is there already. */
  find(file: string): Promise<StoredFile | undefined>;
  /** The file, fetched if need be. @throws {HubError} `not-found` when there is none */
  get(file: string): Promise<StoredFile>;
}

export interface WantedFiles {
  /** must be there */
  files: readonly string[];
  /** The first of them that is to be had must be there; one that is there already goes before all that are not. */
  anyOf: readonly string[];
  /** may be missing */
  optional: readonly string[];
  /** for messages: what the model is called */
  name: string;
}

/** @throws {HubError} when one of `files`, or all of `anyOf`, are not to be had */
export async function collectFiles(
  getter: FileGetter,
  { files, anyOf, optional, name }: WantedFiles,
): Promise<Map<string, StoredFile>> {
  const stored = new Map<string, StoredFile>();
  const add = async (file: string): Promise<StoredFile> => {
    const found = stored.get(file) ?? (await getter.get(file));
    stored.set(file, found);
    return found;
  };
  const addWithShards = async (file: string): Promise<void> => {
    const index = file.endsWith('.safetensors') ? await indexInstead(getter, file) : undefined;
    const found = await add(index ?? file);
    if (!(index ?? file).endsWith('.safetensors.index.json')) return;
    for (const shard of await shardsOf(found, `${name}: ${index ?? file}`)) await add(besides(file, shard));
  };
  for (const file of files) await addWithShards(checkFileName(file));
  if (anyOf.length > 0) await addFirst(await presentFirst(getter, anyOf), addWithShards);
  for (const file of optional) {
    try {
      await addWithShards(checkFileName(file));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return stored;
}

const isMissing = (error: unknown): boolean => error instanceof HubError && error.code === 'not-found';

/** Adds the first file that there is. @throws the error of the first when there is none */
async function addFirst(files: readonly string[], add: (file: string) => Promise<void>): Promise<void> {
  let first: unknown;
  for (const file of files) {
    try {
      return await add(checkFileName(file));
    } catch (error) {
      if (!isMissing(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** The same files, one that is there already at the front. */
async function presentFirst(getter: FileGetter, files: readonly string[]): Promise<readonly string[]> {
  for (const file of files) {
    const isThere = (await getter.find(file)) ?? (await getter.find(indexOf(file)));
    if (isThere !== undefined) return [file, ...files.filter((other) => other !== file)];
  }
  return files;
}

/** The index to use because there is no single file; what is there already is not asked for again. */
async function indexInstead(getter: FileGetter, file: string): Promise<string | undefined> {
  const index = indexOf(file);
  if ((await getter.find(file)) !== undefined) return undefined;
  if ((await getter.find(index)) !== undefined) return index;
  try {
    await getter.get(file);
    return undefined;
  } catch (error) {
    if (!isMissing(error)) throw error;
    try {
      await getter.get(index);
      return index;
    } catch (second) {
      // The first names the file that was asked for.
      throw isMissing(second) ? error : second;
    }
  }
}

async function shardsOf(index: StoredFile, name: string): Promise<string[]> {
  const source = await index.open();
  let map: unknown;
  try {
    const text = new TextDecoder().decode(await source.read(0, source.size));
    map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw malformed(`${name} is no JSON (${(error as Error).message})`);
  } finally {
    await source.close?.();
  }
  if (typeof map !== 'object' || map === null) throw malformed(`${name} has no "weight_map"`);
  const shards = [...new Set(Object.values(map) as unknown[])];
  return shards.map((shard) => {
    if (typeof shard !== 'string') throw malformed(`${name}: ${JSON.stringify(shard)} is no file name`);
    return checkFileName(shard);
  });
}

function malformed(message: string): HubError {
  return new HubError(message, { code: 'integrity', cure: 'tell the authors of the model, or use another' });
}
