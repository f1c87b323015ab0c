// A resolved model: its files as byte sources, its weights as one file of tensors.
import { openSafetensors, openShardedSafetensors, type ByteSource, type TensorFile } from '@foreword/tensor';
import { openTorchFile } from '@foreword/torch-file';
import { HubError } from './hub-error.ts';
import type { StoredFile } from './model-cache.ts';
import { weightFile } from './model-name.ts';

export interface Model {
  /** as it was asked for */
  readonly name: string;
  /** The commit that all files are from; undefined for a folder. */
  readonly commit?: string;
  /** The folder that holds the files, in Node. */
  readonly folder?: string;
  /** Names of the files that are there: those asked for, with all shards. */
  readonly files: readonly string[];
  has(file: string): boolean;
  /** @throws {HubError} `not-found` for a file that is not in `files` */
  open(file: string): Promise<ByteSource>;
  /** A whole file as UTF-8 text. */
  text(file: string): Promise<string>;
  json(file: string): Promise<unknown>;
  /**
   * The tensors of a safetensors file, of all its shards, or of a torch file (.pt, .bin). The caller closes them.
   * @param file default the one file of weights there is: `model.safetensors`, `pytorch_model.bin`, what a path or URL names
   * @throws {SafetensorsError, TorchFileError} when the file is damaged
   */
  weights(file?: string): Promise<TensorFile>;
}

/** What an index of shards is called: `model.safetensors` → `model.safetensors.index.json`. */
export function indexOf(weights: string): string {
  return `${weights}.index.json`;
}

/** A file in the folder of another. */
export function besides(file: string, name: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1) + name;
}

/** A model of files that are all there. */
export function modelOf(
  stored: ReadonlyMap<string, StoredFile>,
  about: Pick<Model, 'name' | 'commit' | 'folder'>,
): Model {
  const open = async (file: string): Promise<ByteSource> => {
    const found = stored.get(file);
    if (found !== undefined) return found.open();
    throw new HubError(
      `${about.name}: ${file} was not asked for; there are ${[...stored.keys()].join(', ')}`,
      {
        code: 'not-found',
        cure: 'name it in the options `files` or `optional` of resolveModel',
      },
    );
  };
  const text = async (file: string): Promise<string> => {
    const source = await open(file);
    try {
      return new TextDecoder().decode(await source.read(0, source.size));
    } finally {
      await source.close?.();
    }
  };
  return {
    ...about,
    files: [...stored.keys()],
    has: (file) => stored.has(file),
    open,
    text,
    json: async (file) => JSON.parse(await text(file)) as unknown,
    async weights(file = weightsAmong([...stored.keys()])) {
      const index = indexOf(file);
      if (stored.has(file) || !stored.has(index)) return openWeights(await open(file));
      return openShardedSafetensors(await text(index), (shard) => open(besides(index, shard)), {
        name: `${about.name}/${index}`,
      });
    },
  };
}

/** The file that holds the weights, by its name; `model.safetensors` when none looks like it. */
function weightsAmong(files: readonly string[]): string {
  const index = files.find((file) => file.endsWith('.safetensors.index.json'));
  if (index !== undefined) return index.slice(0, -'.index.json'.length);
  const [only] = files;
  return files.find((file) => weightFile.test(file)) ?? (files.length === 1 ? only : 'model.safetensors');
}

/** Weights in whichever format, told by the first bytes: what stands behind a URL may be called anything. */
async function openWeights(source: ByteSource): Promise<TensorFile> {
  const start = await source.read(0, Math.min(9, source.size));
  // A safetensors file has the header's JSON after 8 bytes; torch's are ZIP archives or pickles.
  const isTorch = start[8] !== 0x7b && (start[0] === 0x80 || (start[0] === 0x50 && start[1] === 0x4b));
  return isTorch ? await openTorchFile(source) : await openSafetensors(source);
}
