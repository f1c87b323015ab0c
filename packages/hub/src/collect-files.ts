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

/** @throws {HubError} when one of `files` is not to be had; those of `optional` may not exist */
export async function collectFiles(
  getter: FileGetter,
  { files, optional, name }: { files: readonly string[]; optional: readonly string[]; name: string },
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
  for (const file of optional) {
    try {
      await addWithShards(checkFileName(file));
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'not-found') throw error;
    }
  }
  return stored;
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
    if (!(error instanceof HubError) || error.code !== 'not-found') throw error;
    try {
      await getter.get(index);
      return index;
    } catch (second) {
      // The first names the file that was asked for.
      throw second instanceof HubError && second.code === 'not-found' ? error : second;
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
