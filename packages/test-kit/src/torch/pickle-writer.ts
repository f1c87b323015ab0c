// Writes pickles for the tests, protocols 2 to 4, as Python and torch do: an emitter of its own, sharing nothing with the reader.

/** What can be pickled. A JavaScript array is a list, a Map a dict, a Uint8Array a bytes value. */
export type Node =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Node[]
  | Map<Node, Node>
  | Set<never>
  | Made;

/** What JavaScript has no value for. */
export class Made {
  readonly emit: (writer: PickleWriter) => void;
  constructor(emit: (writer: PickleWriter) => void) {
    this.emit = emit;
  }
}

export const float = (value: number): Made => new Made((w) => w.float(value));

export const tuple = (...items: Node[]): Made =>
  new Made((w) => {
    if (items.length === 0) return w.op(0x29);
    if (items.length > 3) w.op(0x28);
    for (const item of items) w.write(item);
    w.op(items.length > 3 ? 0x74 : 0x84 + items.length);
    w.memoize();
  });

export const named = (module: string, name: string): Made => new Made((w) => w.global(module, name));

export const reduced = (callee: Node, ...args: Node[]): Made =>
  new Made((w) => {
    w.write(callee);
    w.write(tuple(...args));
    w.op(0x52);
    w.memoize();
  });

export const persistent = (id: Node): Made =>
  new Made((w) => {
    w.write(id);
    w.op(0x51);
  });

/** An OrderedDict as torch's state dicts are, with `_metadata` as its state. */
export const ordered = (entries: Iterable<readonly [Node, Node]>, metadata?: Node): Made =>
  new Made((w) => {
    w.write(reduced(named('collections', 'OrderedDict')));
    w.items([...entries]);
    if (metadata === undefined) return;
    w.write(new Map<Node, Node>([['_metadata', metadata]]));
    w.op(0x62);
  });

/** A module of a TorchScript archive. */
export const scriptObject = (name: string, attributes: Iterable<readonly [Node, Node]>): Made =>
  new Made((w) => {
    w.global('__torch__', name);
    w.op(0x29, 0x81);
    w.write(new Map(attributes));
    w.op(0x62);
  });

export class PickleWriter {
  readonly #protocol: number;
  readonly #bytes: number[] = [];
  readonly #slots = new Map<unknown, number>();
  #used = 0;

  constructor(protocol: number) {
    this.#protocol = protocol;
  }

  op(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  little(value: number | bigint, byteLength: number): void {
    for (let i = 0; i < byteLength; i++) this.#bytes.push(Number((BigInt(value) >> BigInt(8 * i)) & 255n));
  }

  memoize(key?: unknown): void {
    const slot = this.#used++;
    if (key !== undefined) this.#slots.set(key, slot);
    if (this.#protocol >= 4) this.op(0x94);
    else if (slot < 256) this.op(0x71, slot);
    else {
      this.op(0x72);
      this.little(slot, 4);
    }
  }

  write(node: Node): void {
    if (node === null) return this.op(0x4e);
    if (typeof node === 'boolean') return this.op(node ? 0x88 : 0x89);
    if (typeof node === 'number' || typeof node === 'bigint') return this.#integer(node);
    const slot = this.#slots.get(node);
    if (slot !== undefined) {
      this.op(slot < 256 ? 0x68 : 0x6a);
      return this.little(slot, slot < 256 ? 1 : 4);
    }
    if (typeof node === 'string') this.#text(node);
    else if (node instanceof Uint8Array) this.#payload(node, { short: 0x43, long: 0x42, huge: 0x8e });
    else if (node instanceof Made) return node.emit(this);
    else if (Array.isArray(node)) this.op(0x5d);
    else this.op(node instanceof Set ? 0x8f : 0x7d);
    this.memoize(node);
    if (Array.isArray(node)) this.#list(node);
    else if (node instanceof Map) this.items([...node]);
  }

  items(entries: readonly (readonly [Node, Node])[]): void {
    if (entries.length === 0) return;
    if (entries.length > 1) this.op(0x28);
    for (const [key, value] of entries) {
      this.write(key);
      this.write(value);
    }
    this.op(entries.length > 1 ? 0x75 : 0x73);
  }

  global(module: string, name: string): void {
    const key = `${module}\n${name}\n`;
    const slot = this.#slots.get(key);
    if (slot !== undefined && slot < 256) return this.op(0x68, slot);
    if (this.#protocol >= 4) {
      this.write(module);
      this.write(name);
      this.op(0x93);
    } else {
      this.op(0x63, ...new TextEncoder().encode(key));
    }
    this.memoize(key);
  }

  float(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, false);
    this.op(0x47, ...bytes);
  }

  /** The whole pickle, between protocol and STOP; protocol 4 in one frame. */
  end(): Uint8Array {
    const body = [...this.#bytes, 0x2e];
    this.#bytes.length = 0;
    this.op(0x80, this.#protocol);
    if (this.#protocol >= 4) {
      this.op(0x95);
      this.little(body.length, 8);
    }
    return Uint8Array.from([...this.#bytes, ...body]);
  }

  #list(items: readonly Node[]): void {
    if (items.length > 1) this.op(0x28);
    for (const item of items) this.write(item);
    if (items.length > 0) this.op(items.length > 1 ? 0x65 : 0x61);
  }

  #integer(value: number | bigint): void {
    if (typeof value === 'number' && !Number.isInteger(value)) return this.float(value);
    const whole = BigInt(value);
    if (whole >= 0n && whole < 256n) return this.op(0x4b, Number(whole));
    if (whole >= 0n && whole < 65536n) {
      this.op(0x4d);
      return this.little(whole, 2);
    }
    if (BigInt.asIntN(32, whole) === whole) {
      this.op(0x4a);
      return this.little(whole, 4);
    }
    let byteLength = 5;
    while (BigInt.asIntN(8 * byteLength, whole) !== whole) byteLength++;
    this.op(0x8a, byteLength);
    this.little(whole, byteLength);
  }

  #text(text: string): void {
    this.#payload(new TextEncoder().encode(text), { short: 0x8c, long: 0x58, huge: 0x8d });
  }

  // Texts have their short form in protocol 4, bytes in both.
  #payload(bytes: Uint8Array, { short, long }: { short: number; long: number; huge: number }): void {
    const isShort = bytes.length < 256 && (short === 0x43 || this.#protocol >= 4);
    this.op(isShort ? short : long);
    this.little(bytes.length, isShort ? 1 : 4);
    for (const byte of bytes) this.#bytes.push(byte);
  }
}

export function pickle(node: Node, protocol = 2): Uint8Array {
  const writer = new PickleWriter(protocol);
  writer.write(node);
  return writer.end();
}
