// Models in several safetensors files, tied together by a `model.safetensors.index.json`.
import type { ByteSource } from './byte-source.ts';
import { SafetensorsError } from './dtypes.ts';
import type { TensorInfo } from './header.ts';
import {
  missingTensor,
  openSafetensors,
  type ElementRange,
  type TensorData,
  type TensorFile,
} from './read.ts';

/**
 * Opens all shards that an index names and checks that each tensor is where the index says.
 * @param index the index file's JSON, as text or parsed
 * @param openShard gives the bytes of a file in the index's folder
 * @throws {SafetensorsError} when the index or a shard is malformed
 */
export async function openShardedSafetensors(
  index: unknown,
  openShard: (file: string) => ByteSource | Promise<ByteSource>,
  { name = 'model.safetensors.index.json' }: { name?: string } = {},
): Promise<TensorFile> {
  const weightMap = parseWeightMap(index, name);
  const shards = new Map<string, TensorFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const file of new Set(weightMap.values()))
      shards.set(file, await openSafetensors(await openShard(file)));
    for (const [tensor, file] of weightMap) {
      if (!shards.get(file)?.has(tensor)) {
        throw new SafetensorsError(
          `${name}: tensor "${tensor}" should lie in ${file}, which lacks it; index and shards do not belong together`,
        );
      }
    }
  } catch (error) {
    await close();
    throw error;
  }

  const shardOf = (tensor: string): TensorFile => {
    const shard = shards.get(weightMap.get(tensor) ?? '');
    if (shard === undefined) throw new SafetensorsError(missingTensor(file, tensor));
    return shard;
  };
  const file: TensorFile = {
    name,
    metadata: Object.assign({}, ...[...shards.values()].map((shard) => shard.metadata)) as Record<
      string,
      string
    >,
    names: () => [...weightMap.keys()],
    has: (tensor) => weightMap.has(tensor),
    info: (tensor): TensorInfo => shardOf(tensor).info(tensor),
    read: async (tensor: string, range?: ElementRange): Promise<TensorData> =>
      shardOf(tensor).read(tensor, range),
    readAsF32: async (tensor, range) => shardOf(tensor).readAsF32(tensor, range),
    readAsI32: async (tensor, range) => shardOf(tensor).readAsI32(tensor, range),
    close,
  };
  return file;
}

function parseWeightMap(index: unknown, name: string): Map<string, string> {
  let parsed = index;
  if (typeof index === 'string') {
    try {
      parsed = JSON.parse(index);
    } catch (error) {
      throw new SafetensorsError(`${name}: no valid JSON (${(error as Error).message})`);
    }
  }
  const map = (parsed as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new SafetensorsError(`${name}: "weight_map" must be an object of tensor → file`);
  }
  for (const [tensor, file] of Object.entries(map)) {
    // An index comes from elsewhere; it must not name files outside its folder.
    if (typeof file !== 'string' || !/^[\w.-]+$/.test(file) || /^\.+$/.test(file)) {
      throw new SafetensorsError(
        `${name}: tensor "${tensor}": ${JSON.stringify(file)} is no plain file name`,
      );
    }
  }
  return new Map(Object.entries(map as Record<string, string>));
}
