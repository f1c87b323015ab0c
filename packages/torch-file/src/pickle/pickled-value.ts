// What a pickle can hold once it is read, and the check that it is a tree of plain data and tensors.
import type { ByteSource } from '@foreword/tensor';
import { readExactly } from '../read-exactly.ts';
import type { Fail } from '../torch-file-error.ts';
import { TorchTensor } from '../torch-tensor.ts';

/**
 * Plain data and tensors. A dict is a Map (so its keys, `__proto__` included, are nothing but keys; one that is a tuple is
 * found by going through them), a tuple a frozen array; ints beyond 2^53 are bigints.
 */
export type PickledValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledBytes
  | TorchTensor
  | TorchScriptObject
  | readonly PickledValue[]
  | ReadonlyMap<DictKey, PickledValue>
  | ReadonlySet<PickledValue>;

export type DictKey = ScalarKey | readonly ScalarKey[];
type ScalarKey = string | number | bigint | boolean | null;

/** A `bytes` value; it stays in the file until it is asked for. */
export class PickledBytes {
  readonly #source: ByteSource;
  readonly begin: number;
  readonly end: number;

  constructor(source: ByteSource, { begin, end }: { begin: number; end: number }) {
    this.#source = source;
    this.begin = begin;
    this.end = end;
  }

  read(): Promise<Uint8Array> {
    return readExactly(this.#source, { begin: this.begin, end: this.end, of: 'a bytes value' });
  }
}

/** A module of a TorchScript archive: its attributes without its code. */
export class TorchScriptObject {
  readonly className: string;
  attributes: ReadonlyMap<DictKey, PickledValue> = new Map();

  constructor(className: string) {
    this.className = className;
  }
}

/** Deepest nesting that is accepted; modules nest some ten levels deep. */
export const MAX_DEPTH = 200;

/** The values right inside another one; empty for those that hold none. */
export function childrenOf(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof Map) return value.values();
  return value instanceof TorchScriptObject ? value.attributes.values() : [];
}

const isContainer = (value: unknown): boolean =>
  Array.isArray(value) || value instanceof Map || value instanceof Set || value instanceof TorchScriptObject;

const isPlain = (value: unknown): boolean =>
  value === null ||
  typeof value !== 'object' ||
  value instanceof PickledBytes ||
  value instanceof TorchTensor;

/**
 * The same value, known to be without cycles, not too deep, and free of what is no data. Takes time in proportion to the
 * pickle however often parts of it are shared.
 * @throws {TorchFileError} through `fail`
 */
export function assertPlain(root: unknown, fail: Fail): PickledValue {
  // Levels under each container that is done; 0 while its children are being looked at.
  const levels = new Map<unknown, number>();
  const path: { value: unknown; children: Iterator<unknown>; below: number }[] = [];
  const enter = (value: unknown): number => {
    if (!isContainer(value)) {
      if (isPlain(value)) return 0;
      return fail(`${describe(value)} stands among the data; only plain values and tensors are read`);
    }
    const known = levels.get(value);
    if (known === 0)
      return fail('a value contains itself; state dicts never do, so the file is damaged or made to deceive');
    if (known !== undefined) return known;
    levels.set(value, 0);
    path.push({ value, children: childrenOf(value)[Symbol.iterator](), below: 0 });
    return 0;
  };
  enter(root);
  while (path.length > 0) {
    const top = path[path.length - 1];
    const next = top.children.next();
    if (!next.done) {
      top.below = Math.max(top.below, enter(next.value));
    } else {
      path.pop();
      const height = top.below + 1;
      levels.set(top.value, height);
      const parent = path.at(-1);
      if (parent) parent.below = Math.max(parent.below, height);
    }
    const deepest = path.length + (path.at(-1)?.below ?? 0);
    if (deepest > MAX_DEPTH)
      fail(`its values are nested more than ${MAX_DEPTH} deep; the file is damaged or made to deceive`);
  }
  return root as PickledValue;
}

/** A value in words, for messages. */
export function describe(value: unknown): string {
  if (value === null) return 'None';
  if (Array.isArray(value)) return Object.isFrozen(value) ? 'a tuple' : 'a list';
  if (value instanceof Map) return 'a dict';
  if (value instanceof Set) return 'a set';
  if (value instanceof PickledBytes) return 'a bytes value';
  if (value instanceof TorchTensor) return 'a tensor';
  if (value instanceof TorchScriptObject) return `an object of ${value.className}`;
  if (typeof value === 'object') return (value as { inWords: string }).inWords; // PickleGlobal or TorchStorage
  const text = `${value as number}`;
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}
