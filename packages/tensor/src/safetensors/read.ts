// Reads safetensors files range by range: the header at opening, a tensor's bytes when they are asked for.
import type { ByteSource } from './byte-source.ts';
import { elementsAsF32, elementsAsI32 } from './convert-elements.ts';
import {
  DTYPES,
  elementCount,
  SafetensorsError,
  type SafetensorsData,
  type SafetensorsDtype,
} from './dtypes.ts';
import { MAX_HEADER_BYTES, parseHeader, type Header, type TensorInfo } from './header.ts';

/** A tensor as it lies in the file. */
export interface TensorData {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  data: SafetensorsData;
}

/** Elements `begin` up to, not including, `end` of a tensor in row-major order; default all. */
export interface ElementRange {
  begin?: number;
  end?: number;
}

/** Named tensors in one safetensors file, in several shards, or in a file of another kind; errors are of the reader's class. */
export interface TensorFile {
  readonly name: string;
  /** the file's `__metadata__` */
  readonly metadata: Readonly<Record<string, string>>;
  /** tensor names in the order of their data */
  names(): string[];
  has(tensor: string): boolean;
  /** @throws when there is no such tensor; the message has the nearest name */
  info(tensor: string): TensorInfo;
  /** Raw elements: F16, BF16 and F8 as codes, I64 and U64 as BigInt. */
  read(tensor: string, range?: ElementRange): Promise<TensorData>;
  /**
   * Elements as f32. F16 and BF16 exactly, F64 rounded; integers only when f32 holds them exactly.
   * @throws for F8, and for an integer beyond f32's precision
   */
  readAsF32(tensor: string, range?: ElementRange): Promise<Float32Array>;
  /**
   * Integer elements (I8 … U64, BOOL) as i32, for token ids and the like.
   * @throws for floats, and for a value that i32 cannot hold
   */
  readAsI32(tensor: string, range?: ElementRange): Promise<Int32Array>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and checks its whole header.
 * @throws {SafetensorsError} naming the file, the tensor and the cause
 * @example
 * const file = await openSafetensors(bytesSource(bytes));
 * const { dtype, shape } = file.info('wte.weight');
 * const weights = await file.readAsF32('wte.weight');
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  try {
    return new SafetensorsFile(source, await readHeader(source));
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

async function readHeader(source: ByteSource): Promise<Header> {
  const { name, size } = source;
  const fail = (cause: string): never => {
    throw new SafetensorsError(`${name}: ${cause}`);
  };
  if (size < 8) return fail(`${size} bytes are too few for a safetensors file; it is empty or truncated`);
  const start = await readExactly(source, { begin: 0, end: 8 });
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    return fail(
      knownMistake(start) ??
        `a header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}; this is no safetensors file`,
    );
  }
  if (8 + Number(length) > size)
    return fail(`the header should have ${length} bytes, but the file has ${size} in all; it is truncated`);
  return parseHeader(await readExactly(source, { begin: 8, end: 8 + Number(length) }), source);
}

/** What people load by mistake, told by the first bytes. */
function knownMistake(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start);
  if (text === 'version ') return 'this is a Git LFS pointer, not the file itself; run `git lfs pull`';
  if (text.startsWith('PK\u0003\u0004')) return 'this is a ZIP archive (a PyTorch .pt?), not safetensors';
  if (/^<(?:!|html)/i.test(text)) return 'this is an HTML page, probably an error page of the server';
  return undefined;
}

async function readExactly(
  source: ByteSource,
  { begin, end, of = 'the header' }: { begin: number; end: number; of?: string },
): Promise<Uint8Array> {
  const bytes = await source.read(begin, end);
  if (bytes.byteLength !== end - begin) {
    throw new SafetensorsError(
      `${source.name}: ${of}: bytes ${begin} to ${end} were asked for, ${bytes.byteLength} came; the file is truncated or changed`,
    );
  }
  return bytes;
}

/** One open safetensors file. */
export class SafetensorsFile implements TensorFile {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #source: ByteSource;
  readonly #tensors: Map<string, TensorInfo>;

  /** Use `openSafetensors`. */
  constructor(source: ByteSource, { tensors, metadata }: Header) {
    this.name = source.name;
    this.metadata = metadata;
    this.#source = source;
    this.#tensors = tensors;
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(tensor: string): boolean {
    return this.#tensors.has(tensor);
  }

  info(tensor: string): TensorInfo {
    const info = this.#tensors.get(tensor);
    if (info === undefined) throw new SafetensorsError(missingTensor(this, tensor));
    return info;
  }

  async read(tensor: string, { begin = 0, end }: ElementRange = {}): Promise<TensorData> {
    const info = this.info(tensor);
    const count = elementCount(info.shape);
    const last = end ?? count;
    if (!Number.isInteger(begin) || !Number.isInteger(last) || begin < 0 || begin > last || last > count) {
      throw new SafetensorsError(
        `${this.name}: tensor "${tensor}": elements ${begin} to ${last} are not within its ${count}`,
      );
    }
    const ArrayType = DTYPES[info.dtype];
    const width = ArrayType.BYTES_PER_ELEMENT;
    let bytes = await readExactly(this.#source, {
      begin: info.begin + begin * width,
      end: info.begin + last * width,
      of: `tensor "${tensor}"`,
    });
    // A source may hand out part of a larger buffer, where typed arrays cannot start anywhere.
    if (bytes.byteOffset % width !== 0) bytes = new Uint8Array(bytes);
    const data = new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset, last - begin);
    return { dtype: info.dtype, shape: info.shape, data };
  }

  async readAsF32(tensor: string, range: ElementRange = {}): Promise<Float32Array> {
    const data = await this.read(tensor, range);
    return elementsAsF32(data, { first: range.begin, fail: this.#fail(tensor) });
  }

  async readAsI32(tensor: string, range: ElementRange = {}): Promise<Int32Array> {
    const data = await this.read(tensor, range);
    return elementsAsI32(data, { first: range.begin, fail: this.#fail(tensor) });
  }

  close(): Promise<void> {
    return this.#source.close?.() ?? Promise.resolve();
  }

  #fail(tensor: string): (cause: string) => never {
    return (cause) => {
      throw new SafetensorsError(`${this.name}: tensor "${tensor}": ${cause}`);
    };
  }
}

/** Message for an unknown tensor name, with a name that differs by a prefix or shares its ending if there is one. */
export function missingTensor(file: TensorFile, tensor: string): string {
  const near = file.names().find((name) => name.endsWith(`.${tensor}`) || tensor.endsWith(`.${name}`));
  return `${file.name}: there is no tensor "${tensor}"${near === undefined ? ` among the ${file.names().length}` : `; did you mean "${near}"?`}`;
}
