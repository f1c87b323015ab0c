// The storages that a pickle speaks of: what it says of them first, where they lie once the rest of the file is known.
import type { ByteSource } from '@foreword/tensor';
import { elementArrays, type TorchDtype } from './torch-dtypes.ts';
import type { Fail } from './torch-file-error.ts';

/** A run of elements in the file; tensors are views of it, several of one when they are tied. */
export class TorchStorage {
  readonly source: ByteSource;
  readonly key: string;
  readonly dtype: TorchDtype;
  /** in elements */
  readonly count: number;
  /** position of the first element in the file; known when the file has been opened */
  begin = Number.NaN;

  constructor(source: ByteSource, { key, dtype, count }: { key: string; dtype: TorchDtype; count: number }) {
    this.source = source;
    this.key = key;
    this.dtype = dtype;
    this.count = count;
  }

  get byteLength(): number {
    return this.count * elementArrays[this.dtype].BYTES_PER_ELEMENT;
  }

  get inWords(): string {
    return `the storage "${this.key}"`;
  }
}

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** All storages of one file by their keys. */
export class StorageTable {
  readonly storages = new Map<string, TorchStorage>();
  readonly #views: { view: TorchStorage; root: TorchStorage; offset: number }[] = [];
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The storage of a persistent id: ('storage', class, key, location, element count), in legacy files with a sixth
   * element, None or the (key, offset, count) of a part of it.
   */
  find(id: unknown, fail: Fail): TorchStorage {
    if (!Array.isArray(id)) return fail('a persistent id is no tuple; the file is damaged');
    const [kind, storageClass, key, location, count, view] = id as unknown[];
    if (kind === 'module')
      return fail(
        'a whole module with its source was saved; save its state_dict() instead, code is never run',
      );
    const dtype = (storageClass as { storageDtype?: TorchDtype } | null | undefined)?.storageDtype;
    if (
      kind !== 'storage' ||
      dtype === undefined ||
      typeof key !== 'string' ||
      typeof location !== 'string' ||
      !isCount(count) ||
      id.length < 5 ||
      id.length > 6
    ) {
      return fail(
        "a persistent id is not ('storage', class, key, location, element count); the file is damaged or of another kind",
      );
    }
    let storage = this.storages.get(key);
    if (storage === undefined) {
      storage = new TorchStorage(this.#source, { key, dtype, count });
      if (storage.byteLength > this.#source.size) {
        return fail(
          `storage "${key}" is said to have ${count} elements of ${dtype}, more than the whole file of ${this.#source.size} bytes; it is truncated or damaged`,
        );
      }
      this.storages.set(key, storage);
    } else if (storage.dtype !== dtype || storage.count !== count) {
      return fail(
        `storage "${key}" is said to hold ${count} elements of ${dtype} and also ${storage.count} of ${storage.dtype}`,
      );
    }
    return view == null ? storage : this.#viewOf(storage, view, fail);
  }

  /** Every storage gets its place; views of storages follow. */
  place(beginOf: (storage: TorchStorage) => number): void {
    for (const storage of this.storages.values()) storage.begin = beginOf(storage);
    for (const { view, root, offset } of this.#views)
      view.begin = root.begin + offset * elementArrays[root.dtype].BYTES_PER_ELEMENT;
  }

  #viewOf(root: TorchStorage, view: unknown, fail: Fail): TorchStorage {
    const [key, offset, count] = Array.isArray(view) ? (view as unknown[]) : [];
    if (typeof key !== 'string' || !isCount(offset) || !isCount(count) || offset + count > root.count)
      return fail(`storage "${root.key}": its view is no (key, offset, count) within ${root.count} elements`);
    const part = new TorchStorage(root.source, { key, dtype: root.dtype, count });
    this.#views.push({ view: part, root, offset });
    return part;
  }
}
