// Writes ZIP archives for the tests: stored entries, aligned through the local extra field as torch does, ZIP64 on wish.
import { deflateRawSync } from 'node:zlib';

export interface ZipOptions {
  /** sizes and positions in ZIP64 fields, as beyond 4 GiB */
  zip64?: boolean;
  /** names of entries to deflate */
  deflated?: readonly string[];
  comment?: string;
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Little-endian numbers, each [value, bytes]. */
export function numbers(
  ...fields: readonly (readonly [value: number | bigint, byteLength: number])[]
): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([value, length]) =>
      Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n)),
    ),
  );
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const ALIGNMENT = 64;

export function zip(
  entries: Iterable<readonly [name: string, bytes: Uint8Array]>,
  { zip64 = false, deflated = [], comment = '' }: ZipOptions = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  let count = 0;
  for (const [name, content] of entries) {
    const isDeflated = deflated.includes(name);
    const bytes = isDeflated ? new Uint8Array(deflateRawSync(content)) : content;
    const sizes = [
      [bytes.length, 4],
      [content.length, 4],
    ] as const;
    const head = [
      [20, 2],
      [0x800, 2],
      [isDeflated ? 8 : 0, 2],
      [0, 2],
      [0, 2],
      [crc32(content), 4],
    ] as const;
    const begin = at;
    const padding = (2 * ALIGNMENT - ((at + 30 + name.length + 4) % ALIGNMENT)) % ALIGNMENT;
    put(numbers([0x04034b50, 4], ...head, ...sizes, [name.length, 2], [4 + padding, 2]));
    put(ascii(name));
    // torch calls its padding "FB".
    put(joined([numbers([0x4246, 2], [padding, 2]), new Uint8Array(padding).fill(0x5a)]));
    put(bytes);
    const ones = 0xffffffff;
    const extra = zip64
      ? numbers(
          [0x4246, 2],
          [2, 2],
          [0, 2],
          [1, 2],
          [24, 2],
          [content.length, 8],
          [bytes.length, 8],
          [begin, 8],
        )
      : new Uint8Array(0);
    directory.push(
      numbers(
        [0x02014b50, 4],
        [20, 2],
        ...head,
        ...(zip64
          ? ([
              [ones, 4],
              [ones, 4],
            ] as const)
          : sizes),
        [name.length, 2],
        [extra.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 4],
        [zip64 ? ones : begin, 4],
      ),
      ascii(name),
      extra,
    );
    count++;
  }
  const begin = at;
  const list = joined(directory);
  put(list);
  if (zip64) {
    const recordBegin = at;
    put(
      numbers(
        [0x06064b50, 4],
        [44, 8],
        [45, 2],
        [45, 2],
        [0, 4],
        [0, 4],
        [count, 8],
        [count, 8],
        [list.length, 8],
        [begin, 8],
      ),
    );
    put(numbers([0x07064b50, 4], [0, 4], [recordBegin, 8], [1, 4]));
  }
  const end = zip64 ? ([0xffff, 0xffffffff, 0xffffffff] as const) : ([count, list.length, begin] as const);
  put(
    numbers(
      [0x06054b50, 4],
      [0, 2],
      [0, 2],
      [end[0], 2],
      [end[0], 2],
      [end[1], 4],
      [end[2], 4],
      [comment.length, 2],
    ),
  );
  put(ascii(comment));
  return joined(parts);
}
