// Models from files of tensors: names in a file ↔ names here, tensors that are stored turned or in pieces.
import { loadTensor, tensor, writeSafetensors, type Device, type Shape, type Tensor } from '@foreword/tensor';
import { compareNames } from './checkpoint-error.ts';
import type { EntryOptions } from './entries.ts';
import type { HostTensor } from './load-values.ts';
import type { Module } from './module.ts';
import { ModuleError } from './nn-error.ts';
import {
  given,
  shapesOnly,
  storedDtype,
  type Parameters,
  type Request,
  type StorageOptions,
} from './parameters.ts';
import { isFile, type TensorSource } from './tensor-source.ts';

/** How one tensor here is made from one or several of the file. */
export interface Source {
  /** Names in the file, after `rename`. */
  from: readonly string[];
  combine(parts: readonly HostTensor[]): HostTensor;
}

/** The matrix `name`, stored with its axes exchanged. */
export const transposed = (name: string): Source => ({
  from: [name],
  combine([{ shape, data }]) {
    const [rows, columns] = shape;
    if (shape.length !== 2)
      throw new ModuleError(`transposed: ${name} is [${shape.join(', ')}]; a matrix is needed`);
    const turned = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c];
    return { shape: [columns, rows], data: turned };
  },
});

/** Tensors that lie one behind the other along the first axis here: queries, keys and values of a packed projection. */
export const stacked = (...names: string[]): Source => ({
  from: names,
  combine(parts) {
    const [{ shape }] = parts;
    const rest = shape.slice(1);
    const other = parts.findIndex((part) => part.shape.slice(1).join() !== rest.join());
    if (other >= 0) {
      throw new ModuleError(
        `stacked: ${names[0]} is [${shape.join(', ')}] and ${names[other]} is [${parts[other].shape.join(', ')}]; only the first sizes may differ`,
      );
    }
    const data = new Float32Array(parts.reduce((total, part) => total + part.data.length, 0));
    let at = 0;
    for (const part of parts) {
      data.set(part.data, at);
      at += part.data.length;
    }
    return { shape: [parts.reduce((total, part) => total + part.shape[0], 0), ...rest], data };
  },
});

export interface CheckpointNames {
  /** A name in the file without its wrapping (`module.`, `transformer.`); undefined leaves the tensor out. Default: as it is. */
  rename?: (inFile: string) => string | undefined;
  /** Where a parameter stands, in renamed names, if not under its own. */
  sourceOf?: (name: string, shape: Shape) => string | Source | undefined;
  /** Tensors of the file that may be left over, by renamed name; true for all. Default: none. */
  ignore?: ((name: string) => boolean) | boolean;
}

export interface LoadOptions extends CheckpointNames, StorageOptions {
  device: Device;
  /** Ends it with the signal's reason; nothing stays on the GPU then. */
  signal?: AbortSignal;
}

interface Located {
  request: Request;
  /** Names as the file has them. */
  places: readonly string[];
  combine?: Source['combine'];
}

/**
 * A model with the values of a file. The constructor runs twice: once for its names and shapes, which are compared with the
 * file's before anything is read, once with the tensors. They are frozen; call `trainable()` to train on.
 * @throws CheckpointError listing everything that is missing, unexpected or of another shape; the file's own errors.
 * @example
 * const file = await openSafetensors(bytesSource(bytes)); // or memoryTensors(new Map([['weight', { shape, data }]]))
 * const model = await loadModule(file, (p) => new Net(p), { device });
 */
export async function loadModule<M extends Module>(
  file: TensorSource,
  construct: (p: Parameters) => M,
  { device, signal, dtype, ...names }: LoadOptions,
): Promise<M> {
  const { parameters, requests } = shapesOnly();
  construct(parameters);
  const tensors = new Map<string, Tensor>();
  try {
    for (const { request, places, combine } of locate(file, requests, names)) {
      const stored = storedDtype(request, { dtype });
      const { name, shape } = request;
      if (!combine && isFile(file)) {
        tensors.set(name, await loadTensor(device, file, places[0], { dtype: stored, shape, signal }));
        continue;
      }
      signal?.throwIfAborted();
      const parts: HostTensor[] = [];
      for (const place of places)
        parts.push({ shape: file.info(place).shape, data: await file.readAsF32(place) });
      const made = combine ? combine(parts) : parts[0];
      compareNames(file.name ?? memory, {
        wanted: new Map([[name, shape]]),
        found: new Map([[name, { shape: made.shape, place: places.join(' + ') }]]),
        unexpected: [],
      });
      await device.drainUploads();
      tensors.set(name, tensor(device, made.data, shape, { dtype: stored, persistent: true }));
    }
    // The driver's copies of the last uploads are gone when this returns.
    await device.finish();
    return construct(given(tensors));
  } catch (error) {
    for (const t of tensors.values()) t.dispose();
    throw error;
  }
}

/** For messages about a source without a name. */
const memory = 'the tensors in memory';

/** Where each parameter stands in the file. */
function locate(file: TensorSource, requests: readonly Request[], names: CheckpointNames): Located[] {
  const { rename = (name) => name, sourceOf, ignore = false } = names;
  const inFile = new Map<string, string>();
  for (const place of file.names()) {
    const name = rename(place);
    if (name === undefined) continue;
    const earlier = inFile.get(name);
    if (earlier !== undefined)
      throw new ModuleError(
        `${file.name ?? memory}: "${earlier}" and "${place}" are both the parameter ${name}`,
      );
    inFile.set(name, place);
  }
  const used = new Set<string>();
  const located: Located[] = [];
  const wanted = new Map<string, Shape>();
  const found = new Map<string, { shape?: Shape; place: string }>();
  for (const request of requests) {
    const { name, shape } = request;
    const source = sourceOf?.(name, shape) ?? name;
    const isPlain = typeof source === 'string';
    const from = isPlain ? [source] : source.from;
    wanted.set(name, shape);
    for (const part of from) used.add(part);
    const places = from.map((part) => inFile.get(part));
    const lacking = from.filter((_, i) => places[i] === undefined);
    if (lacking.length > 0) {
      // Of several pieces those that lack are named, not the whole.
      if (from.length > 1) {
        wanted.delete(name);
        for (const part of lacking) wanted.set(`${part} (a part of ${name})`, shape);
      }
      continue;
    }
    const there = places as string[];
    found.set(name, { shape: isPlain ? file.info(there[0]).shape : undefined, place: there.join(' + ') });
    located.push({ request, places: there, combine: isPlain ? undefined : source.combine });
  }
  const isIgnored = typeof ignore === 'function' ? ignore : (): boolean => ignore;
  const unexpected = [...inFile].filter(([name]) => !used.has(name) && !isIgnored(name));
  compareNames(file.name ?? memory, { wanted, found, unexpected: unexpected.map(([, place]) => place) });
  return located;
}

/**
 * Reads a file's values into a model that is there already, in place.
 * @throws CheckpointError as {@link loadModule} does; nothing is written then.
 */
export async function loadInto(
  module: Module,
  file: TensorSource,
  { ignore = false }: Pick<CheckpointNames, 'ignore'> = {},
): Promise<void> {
  const state = module.stateDict();
  const isIgnored = typeof ignore === 'function' ? ignore : (): boolean => ignore;
  const names = [...file.names()];
  compareNames(file.name ?? memory, {
    wanted: new Map([...state].map(([name, t]) => [name, t.shape])),
    found: new Map(names.map((name) => [name, { shape: file.info(name).shape, place: name }])),
    unexpected: names.filter((name) => !state.has(name) && !isIgnored(name)),
  });
  for (const [name, t] of state) t.write(await file.readAsF32(name));
}

export interface SaveOptions extends EntryOptions {
  metadata?: Readonly<Record<string, string>>;
}

/** Bytes of a safetensors file with all parameters and buffers. */
export async function saveModule(
  module: Module,
  { dtype, metadata }: SaveOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return writeSafetensors(await module.entries({ dtype }), metadata);
}
