// A torch file as a TensorFile: what takes the weights of a safetensors file takes these too.
import {
  missingTensor,
  type ByteSource,
  type ElementRange,
  type TensorData,
  type TensorFile,
  type TensorInfo,
} from '@foreword/tensor';
import { openLayout } from './open-layout.ts';
import type { PickledValue } from './pickle/pickled-value.ts';
import { nameTensors } from './tensor-names.ts';
import type { OpenedTorchFile } from './torch-archive.ts';
import { failFor, TorchFileError } from './torch-file-error.ts';
import type { TorchTensor } from './torch-tensor.ts';

export interface OpenTorchOptions {
  /** Take only the tensors within this dict, under their names there: `model` for a file of {"model": …, "epoch": …}. */
  within?: string;
}

/**
 * Opens what torch.save wrote (ZIP or legacy), a TorchScript archive, or an ordinary pickle with tensors. The file's
 * structure is read and checked; its tensors are read when they are asked for.
 * @throws {TorchFileError} naming the file, the place and the cause; no code of the file is ever run
 * @example
 * const file = await openTorchFile(await fileSource('coco_prefix-009.pt'));
 * const gpt2 = await loadGpt2(device, { config, weights: file });
 */
export async function openTorchFile(source: ByteSource, options: OpenTorchOptions = {}): Promise<TorchFile> {
  try {
    const opened = await openLayout(source);
    return new TorchFile(source, opened, namesWithin(source, opened, options));
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

function namesWithin(
  source: ByteSource,
  { value, pickleBytes }: OpenedTorchFile,
  { within }: OpenTorchOptions,
): Map<string, TorchTensor> {
  const fail = failFor(source.name);
  const all = nameTensors(value, { pickleBytes, fail });
  if (within === undefined) return all;
  const prefix = `${within}.`;
  const inside = [...all].filter(([name]) => name.startsWith(prefix));
  if (inside.length === 0) {
    const tops = new Set([...all.keys()].map((name) => name.split('.', 1)[0]));
    const some = [...tops].slice(0, 8).join(', ');
    return fail(`there is no tensor within "${within}"; tensors lie within: ${some || 'nothing'}`);
  }
  return new Map(inside.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** One open torch file. */
export class TorchFile implements TensorFile {
  readonly name: string;
  /** torch files have none; what else they hold is in `data` */
  readonly metadata: Readonly<Record<string, string>> = {};
  readonly layout: OpenedTorchFile['layout'];
  /** The whole object as plain data: dicts as Maps, tensors as TorchTensor. */
  readonly data: PickledValue;
  readonly #source: ByteSource;
  readonly #tensors: ReadonlyMap<string, TorchTensor>;

  /** Use `openTorchFile`. */
  constructor(
    source: ByteSource,
    { layout, value }: OpenedTorchFile,
    tensors: ReadonlyMap<string, TorchTensor>,
  ) {
    this.name = source.name;
    this.layout = layout;
    this.data = value;
    this.#source = source;
    this.#tensors = tensors;
  }

  /** in the order of the file's dicts */
  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(tensor: string): boolean {
    return this.#tensors.has(tensor);
  }

  info(tensor: string): TensorInfo {
    const { dtype, shape, begin, end } = this.tensor(tensor);
    return { dtype, shape, begin, end };
  }

  /** @throws {TorchFileError} when there is no such tensor; the message has the nearest name */
  tensor(name: string): TorchTensor {
    const found = this.#tensors.get(name);
    if (found === undefined) throw new TorchFileError(missingTensor(this, name));
    return found;
  }

  async read(tensor: string, range?: ElementRange): Promise<TensorData> {
    return this.tensor(tensor).read(range, label(tensor));
  }

  async readAsF32(tensor: string, range?: ElementRange): Promise<Float32Array> {
    return this.tensor(tensor).readAsF32(range, label(tensor));
  }

  async readAsI32(tensor: string, range?: ElementRange): Promise<Int32Array> {
    return this.tensor(tensor).readAsI32(range, label(tensor));
  }

  close(): Promise<void> {
    return this.#source.close?.() ?? Promise.resolve();
  }
}

const label = (tensor: string): string => `tensor "${tensor}"`;

/**
 * The object in an ordinary pickle or a torch file: dicts as Maps, tensors as TorchTensor, which read from the source when
 * asked. The caller closes the source.
 * @throws {TorchFileError} as `openTorchFile`
 */
export async function readPickle(source: ByteSource): Promise<PickledValue> {
  return (await openLayout(source)).value;
}
