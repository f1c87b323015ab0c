// The header of a safetensors file: parsing, and every check that makes its offsets trustworthy.
import {
  DTYPES,
  elementCount,
  isSafetensorsDtype,
  SafetensorsError,
  type SafetensorsDtype,
} from './dtypes.ts';

/** Longest header that is accepted, as in the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;

export interface TensorInfo {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  /** first byte of the data, counted from the start of the file */
  begin: number;
  /** one past the last byte */
  end: number;
}

export interface Header {
  /** in the order of their data */
  tensors: Map<string, TensorInfo>;
  metadata: Readonly<Record<string, string>>;
}

/**
 * Parses a header and checks that its tensors fill the rest of the file exactly, without overlap or hole.
 * @param text the JSON bytes
 * @param file.size size of the whole file in bytes
 * @throws {SafetensorsError} naming file, tensor and cause
 */
export function parseHeader(text: Uint8Array, { name, size }: { name: string; size: number }): Header {
  const fail = (cause: string): never => {
    throw new SafetensorsError(`${name}: ${cause}`);
  };
  let json: string;
  let header: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
    header = JSON.parse(json);
  } catch (error) {
    return fail(`the header is no valid JSON (${(error as Error).message})`);
  }
  if (!isRecord(header)) return fail('the header is no JSON object');
  // JSON.parse keeps the last of two equal names in silence.
  const twice = firstRepeatedKey(json);
  if (twice !== undefined) return fail(`tensor "${twice}": the name occurs twice in the header`);

  const dataStart = 8 + text.byteLength;
  const tensors: [string, TensorInfo][] = [];
  let metadata: Record<string, string> = {};
  for (const [tensor, entry] of Object.entries(header)) {
    if (tensor === '__metadata__') {
      if (!isRecord(entry) || Object.values(entry).some((value) => typeof value !== 'string')) {
        return fail('"__metadata__" must be an object of strings');
      }
      metadata = entry as Record<string, string>;
    } else {
      tensors.push([tensor, parseEntry(entry, dataStart, (cause) => fail(`tensor "${tensor}": ${cause}`))]);
    }
  }
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCover(tensors, { dataStart, size, fail });
  return { tensors: new Map(tensors), metadata };
}

type Fail = (cause: string) => never;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseEntry(entry: unknown, dataStart: number, fail: Fail): TensorInfo {
  if (!isRecord(entry)) return fail('the entry is no JSON object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isSafetensorsDtype(dtype)) {
    return fail(`unknown dtype ${JSON.stringify(dtype)}; known are ${Object.keys(DTYPES).join(' ')}`);
  }
  if (!Array.isArray(shape) || !shape.every(isSize))
    return fail(`shape ${JSON.stringify(shape)} is no list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1]) {
    return fail(`data_offsets ${JSON.stringify(offsets)} are no [begin, end]`);
  }
  const needed = elementCount(shape) * DTYPES[dtype].BYTES_PER_ELEMENT;
  const given = offsets[1] - offsets[0];
  if (needed !== given) {
    return fail(
      `${dtype} [${shape.join(', ')}] takes ${needed} bytes, but data_offsets [${offsets.join(', ')}] hold ${given}`,
    );
  }
  return { dtype, shape, begin: dataStart + offsets[0], end: dataStart + offsets[1] };
}

function checkCover(
  tensors: [string, TensorInfo][],
  { dataStart, size, fail }: { dataStart: number; size: number; fail: Fail },
): void {
  let end = dataStart;
  let before = 'the header';
  for (const [tensor, info] of tensors) {
    if (info.begin < end)
      fail(`tensor "${tensor}": its data overlap those of ${before} by ${end - info.begin} bytes`);
    if (info.begin > end)
      fail(`tensor "${tensor}": ${info.begin - end} bytes between it and ${before} belong to no tensor`);
    end = info.end;
    before = `tensor "${tensor}"`;
  }
  if (end > size) {
    const [cut] = tensors.find(([, info]) => info.end > size) as [string, TensorInfo];
    fail(
      `tensor "${cut}": the file is truncated: its header speaks of ${end} bytes, there are ${size}; copy or download it again`,
    );
  }
  if (end < size) fail(`${size - end} bytes after ${before} belong to no tensor`);
}

/** First key that the outermost object of a valid JSON text has twice. */
function firstRepeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  let expectKey = false;
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/gy;
  const skip = /[^"{}[\],:]*/gy;
  for (let at = 0; at < json.length;) {
    skip.lastIndex = at;
    skip.test(json);
    token.lastIndex = skip.lastIndex;
    const found = token.exec(json)?.[0];
    if (found === undefined) break;
    at = token.lastIndex;
    if (found === '{' || found === '[') {
      depth++;
      expectKey = depth === 1;
    } else if (found === '}' || found === ']') {
      depth--;
    } else if (found === ',') {
      expectKey = depth === 1;
    } else if (expectKey && found !== ':') {
      const key = JSON.parse(found) as string;
      if (seen.has(key)) return key;
      seen.add(key);
      expectKey = false;
    }
  }
  return undefined;
}
