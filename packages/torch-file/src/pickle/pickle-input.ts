// The bytes of a pickle, read window by window, so that a pickle's end need not be known and big files stay on disk.
import type { ByteSource } from '@foreword/tensor';
import { readExactly, viewOf } from '../read-exactly.ts';
import { failFor, type Fail } from '../torch-file-error.ts';

const WINDOW_BYTES = 1 << 16;

/** Longest module or class name of a GLOBAL, and far more than any that is accepted. */
const MAX_LINE_BYTES = 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Where a pickle stands, and how far it may reach at most. */
export interface PickleRange {
  begin: number;
  end: number;
  /** for messages: the name of the entry */
  of: string;
}

export class PickleInput {
  readonly source: ByteSource;
  readonly end: number;
  /** start of the instruction that runs; messages name it */
  instruction: number;
  readonly #of: string;
  #window = new Uint8Array(0);
  #view = viewOf(this.#window);
  #windowBegin: number;
  #at = 0;

  constructor(source: ByteSource, { begin, end, of }: PickleRange) {
    this.source = source;
    this.end = end;
    this.instruction = begin;
    this.#windowBegin = begin;
    this.#of = of;
  }

  /** Position in the file of the byte that comes next. */
  get position(): number {
    return this.#windowBegin + this.#at;
  }

  /** Always throws; a property with a type of its own, so that TypeScript knows it. */
  readonly fail: Fail = (cause) => failFor(this.source.name, `${this.#of}, byte ${this.instruction}`)(cause);

  /** True when the next `count` bytes can be taken at once. */
  has(count: number): boolean {
    return this.#at + count <= this.#window.length;
  }

  /** Loads the next `count` bytes, or what is left of the pickle when that is less. */
  async fill(count: number): Promise<void> {
    if (this.#windowBegin + this.#window.length === this.end) return;
    const begin = this.position;
    const end = Math.min(this.end, begin + Math.max(count, WINDOW_BYTES));
    this.#window = (await readExactly(this.source, { begin, end, of: this.#of })) as Uint8Array<ArrayBuffer>;
    this.#view = viewOf(this.#window);
    this.#windowBegin = begin;
    this.#at = 0;
  }

  /** Goes `count` bytes ahead without reading them. */
  skip(count: number): void {
    if (count > this.end - this.position) this.truncated(count);
    if (this.has(count)) this.#at += count;
    else {
      this.#windowBegin = this.position + count;
      this.#window = new Uint8Array(0);
      this.#view = viewOf(this.#window);
      this.#at = 0;
    }
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A length of eight bytes; those that no file can have come back as Infinity. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : Infinity;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** Two's complement, little-endian; a bigint where a number would not be exact. */
  integer(byteLength: number): number | bigint {
    let value = 0n;
    const start = this.#take(byteLength);
    for (let i = byteLength - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#window[start + i]);
    const signed = BigInt.asIntN(8 * byteLength, value);
    const exact = Number(signed);
    return Number.isSafeInteger(exact) ? exact : signed;
  }

  /** UTF-8 text of `byteLength` bytes; wait for it only where the return value is a promise. */
  text(byteLength: number): string | Promise<string> {
    if (byteLength > this.end - this.position) this.truncated(byteLength);
    if (this.has(byteLength)) return this.#decode(this.#take(byteLength), byteLength);
    return this.fill(byteLength).then(() => this.#decode(this.#take(byteLength), byteLength));
  }

  /** Text up to a line feed, which is taken too: of UTF-8, or of one character a byte. */
  async line({ mostBytes = MAX_LINE_BYTES, latin1 = false } = {}): Promise<string> {
    let end = this.#window.indexOf(0x0a, this.#at);
    if (end < 0 && !this.has(mostBytes + 1)) {
      await this.fill(mostBytes + 1);
      end = this.#window.indexOf(0x0a, this.#at);
    }
    if (end < 0 && this.position + mostBytes >= this.end) this.truncated(1);
    if (end < 0 || end - this.#at > mostBytes)
      this.fail(`a name has over ${mostBytes} bytes; the file is damaged or made to deceive`);
    const length = end - this.#at;
    const start = this.#take(length);
    this.#at++;
    if (!latin1) return this.#decode(start, length);
    let text = '';
    for (let i = start; i < start + length; i++) text += String.fromCharCode(this.#window[i]);
    return text;
  }

  truncated(count: number): never {
    return this.fail(
      `${count === Infinity ? 'more bytes than any file has' : `${count} bytes`} should follow byte ${this.position}, but the pickle ends at byte ${this.end}; ` +
        'the file is truncated or damaged, copy or download it again',
    );
  }

  /** Start in the window of `count` bytes, which are taken. */
  #take(count: number): number {
    if (!this.has(count)) this.truncated(count);
    const start = this.#at;
    this.#at += count;
    return start;
  }

  #decode(start: number, length: number): string {
    try {
      return utf8.decode(this.#window.subarray(start, start + length));
    } catch {
      return this.fail('a text is no valid UTF-8; the file is damaged');
    }
  }
}
