// Writes torch files of every layout for the tests, after the formats' description and not after the reader.
import {
  named,
  ordered,
  persistent,
  pickle,
  PickleWriter,
  reduced,
  tuple,
  type Made,
  type Node,
} from './pickle-writer.ts';
import { ascii, joined, numbers, zip, type ZipOptions } from './zip-writer.ts';

export interface WrittenStorage {
  /** `FloatStorage` … */
  class: string;
  /** elements, already in the width of the class */
  data: ArrayBufferView & { length: number };
}

export interface WrittenTensor {
  storage: WrittenStorage;
  shape: readonly number[];
  /** default contiguous */
  strides?: readonly number[];
  offset?: number;
  parameter?: boolean;
}

const classOf: Record<string, string> = {
  Float32Array: 'FloatStorage',
  Float64Array: 'DoubleStorage',
  BigInt64Array: 'LongStorage',
  Int32Array: 'IntStorage',
  Int16Array: 'ShortStorage',
  Int8Array: 'CharStorage',
  Uint8Array: 'ByteStorage',
  Uint16Array: 'HalfStorage',
};

export const storageOf = (
  data: WrittenStorage['data'],
  storageClass = classOf[data.constructor.name],
): WrittenStorage => ({ class: storageClass, data });

/** A contiguous tensor with a storage of its own. */
export const tensorOf = (
  data: WrittenStorage['data'],
  shape: readonly number[] = [data.length],
  storageClass?: string,
): WrittenTensor => ({ storage: storageOf(data, storageClass), shape });

export const rawBytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength));

const contiguous = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));

/** The storages of one file, by the keys that it gave them. */
export class Storages {
  readonly keys = new Map<WrittenStorage, string>();
  readonly #legacy: boolean;
  readonly #location: string;

  constructor({ legacy = false, location = 'cpu' } = {}) {
    this.#legacy = legacy;
    this.#location = location;
  }

  keyOf(storage: WrittenStorage): string {
    const known = this.keys.get(storage);
    if (known !== undefined) return known;
    const key = String(this.#legacy ? 94_000_000 + 64 * this.keys.size : this.keys.size);
    this.keys.set(storage, key);
    return key;
  }

  persistent(storage: WrittenStorage): Made {
    const id: Node[] = [
      'storage',
      named('torch', storage.class),
      this.keyOf(storage),
      this.#location,
      storage.data.length,
    ];
    if (this.#legacy) id.push(null);
    return persistent(tuple(...id));
  }

  tensor(tensor: WrittenTensor, storage: Node = this.persistent(tensor.storage)): Made {
    const { shape, strides = contiguous(shape), offset = 0, parameter = false } = tensor;
    const rebuilt = reduced(
      named('torch._utils', '_rebuild_tensor_v2'),
      storage,
      offset,
      tuple(...shape),
      tuple(...strides),
      parameter,
      ordered([]),
    );
    if (!parameter) return rebuilt;
    return reduced(named('torch._utils', '_rebuild_parameter'), rebuilt, true, ordered([]));
  }
}

export type NodeMaker = (storages: Storages) => Node;

/** torch.save's archive. */
export function torchArchive(
  make: NodeMaker,
  { root = 'archive', extra = [], ...options }: ArchiveOptions = {},
): Uint8Array {
  const storages = new Storages();
  const data = pickle(make(storages), 2);
  return zip(
    [
      [`${root}/data.pkl`, data],
      [`${root}/byteorder`, ascii('little')],
      ...[...storages.keys].map(([{ data }, key]) => [`${root}/data/${key}`, rawBytes(data)] as const),
      [`${root}/version`, ascii('3\n')],
      [`${root}/.data/serialization_id`, ascii('1234567890')],
      ...extra,
    ],
    options,
  );
}

export interface ArchiveOptions extends ZipOptions {
  root?: string;
  extra?: (readonly [string, Uint8Array])[];
}

/** A state dict as torch.save writes it, from plain arrays. */
export const stateDictFile = (
  tensors: Iterable<readonly [name: string, { shape: readonly number[]; data: WrittenStorage['data'] }]>,
): Uint8Array =>
  torchArchive((storages) =>
    ordered([...tensors].map(([name, { data, shape }]) => [name, storages.tensor(tensorOf(data, shape))])),
  );

/** A TorchScript archive: modules instead of dicts, code beside them, and half-precision storages of a GPU. */
export function torchScriptArchive(make: NodeMaker, root = 'model'): Uint8Array {
  const storages = new Storages({ location: 'cuda:0' });
  const data = pickle(make(storages), 2);
  const code = `${root}/code/__torch__/clip/model.py`;
  return zip(
    [
      [`${root}/version`, ascii('3\n')],
      [`${root}/data.pkl`, data],
      [code, ascii('class CLIP(Module):\n'.repeat(30))],
      [`${root}/constants.pkl`, pickle(tuple(), 2)],
      ...[...storages.keys].map(([{ data }, key]) => [`${root}/data/${key}`, rawBytes(data)] as const),
    ],
    { deflated: [code] },
  );
}

/** torch.save's layout before 1.6. */
export function legacyFile(make: NodeMaker): Uint8Array {
  const storages = new Storages({ legacy: true });
  const object = pickle(make(storages), 2);
  const byKey = [...storages.keys].sort(([, a], [, b]) => (a < b ? -1 : 1));
  const system = new Map<Node, Node>([
    ['protocol_version', 1001],
    ['little_endian', true],
    [
      'type_sizes',
      new Map<Node, Node>([
        ['short', 2],
        ['int', 4],
        ['long', 4],
      ]),
    ],
  ]);
  return joined([
    pickle(0x1950a86a20f9469cfc6cn),
    pickle(1001),
    pickle(system),
    object,
    pickle(byKey.map(([, key]) => key)),
    ...byKey.flatMap(([{ data }]) => [numbers([data.length, 8]), rawBytes(data)]),
  ]);
}

/** A tensor as ordinary pickles have it: its storage a legacy file in a bytes value. */
export function tensorInPickle(tensor: WrittenTensor): Made {
  const bytes = legacyFile((storages) => storages.persistent(tensor.storage));
  const storage = reduced(named('torch.storage', '_load_from_bytes'), bytes);
  return new Storages().tensor(tensor, storage);
}

/** ClipCap's feature pickle. */
export function clipCapPickle(
  embedding: WrittenTensor,
  captions: Node[],
  { protocol = 4 }: { protocol?: number } = {},
): Uint8Array {
  const writer = new PickleWriter(protocol);
  writer.write(
    new Map<Node, Node>([
      ['clip_embedding', tensorInPickle(embedding)],
      ['captions', captions],
    ]),
  );
  return writer.end();
}
