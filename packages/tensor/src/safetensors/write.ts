// Writes safetensors: the same entries give the same bytes, whatever their order.
import { f32ToBf16Array, f32ToF16Array } from '../dtype/half.ts';
import {
  DTYPES,
  elementCount,
  isSafetensorsDtype,
  SafetensorsError,
  type SafetensorsData,
  type SafetensorsDtype,
} from './dtypes.ts';

export interface SafetensorsEntry {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  /** elements in row-major order, in the dtype's array; for F16 and BF16 a Float32Array is rounded to nearest even */
  data: SafetensorsData;
}

/**
 * Bytes of a safetensors file. Tensors lie by falling element width, then by name, so that each is aligned to its
 * width; the header is padded with spaces to a multiple of 8 bytes.
 * @throws {SafetensorsError} when data, shape and dtype do not fit together, or a name occurs twice
 * @example
 * const bytes = writeSafetensors([{ name: 'w', dtype: 'F32', shape: [2, 2], data: weights }], { step: '100' });
 */
export function writeSafetensors(
  entries: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const chunks = safetensorsChunks(entries, metadata);
  const file = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    file.set(chunk, at);
    at += chunk.byteLength;
  }
  return file;
}

/** The same bytes in pieces, header first, without a copy of the tensors: to write large files one by one. */
export function safetensorsChunks(
  entries: Iterable<SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const sorted = [...entries]
    .map(encodeEntry)
    .sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', sortedMetadata(metadata)]);
  const names = new Set<string>();
  let begin = 0;
  for (const { name, dtype, shape, bytes } of sorted) {
    if (names.has(name)) throw new SafetensorsError(`writeSafetensors: tensor "${name}" occurs twice`);
    names.add(name);
    const end = begin + bytes.byteLength;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  // Written entry by entry: an object would put names that look like numbers first.
  const json = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.byteLength / 8) * 8;
  const start = new Uint8Array(8 + padded).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(padded), true);
  start.set(text, 8);
  return [start, ...sorted.map(({ bytes }) => bytes)];
}

interface EncodedEntry {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  width: number;
  bytes: Uint8Array;
}

function encodeEntry({ name, dtype, shape, data }: SafetensorsEntry): EncodedEntry {
  const fail = (cause: string): never => {
    throw new SafetensorsError(`writeSafetensors: tensor "${name}": ${cause}`);
  };
  if (name === '__metadata__') return fail('the name is reserved');
  if (!isSafetensorsDtype(dtype)) return fail(`unknown dtype ${JSON.stringify(dtype)}`);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    return fail(`shape [${shape.join(', ')}] is no list of sizes`);
  let elements = data;
  if (data instanceof Float32Array && dtype === 'F16') elements = f32ToF16Array(data);
  if (data instanceof Float32Array && dtype === 'BF16') elements = f32ToBf16Array(data);
  if (!(elements instanceof DTYPES[dtype]))
    return fail(`${dtype} needs a ${DTYPES[dtype].name}, got a ${data.constructor.name}`);
  if (elements.length !== elementCount(shape)) {
    return fail(
      `shape [${shape.join(', ')}] has ${elementCount(shape)} elements, the data have ${elements.length}`,
    );
  }
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return { name, dtype, shape, width: elements.BYTES_PER_ELEMENT, bytes };
}

function sortedMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, value] of entries) {
    if (typeof value !== 'string')
      throw new SafetensorsError(
        `writeSafetensors: metadata "${key}" is no string; metadata are strings only`,
      );
  }
  return Object.fromEntries(entries);
}
