// Every pickle instruction that is understood, in one table by opcode (Python's pickletools has the meanings).
import { findGlobal, orderedDicts, PickleGlobal } from './pickle-globals.ts';
import {
  describe,
  PickledBytes,
  TorchScriptObject,
  type DictKey,
  type PickledValue,
} from './pickled-value.ts';
import type { PickleMachine } from './pickle-machine.ts';

type Instruction = (machine: PickleMachine) => void | Promise<void>;

/** Longest text or name; no state dict has one of a thousandth of this. */
const MAX_TEXT_BYTES = 100_000_000;

/** Most entries of a dict; a JavaScript Map throws at 2^24. */
const MAX_ENTRIES = 2 ** 23;

// Rough costs in bytes of what an instruction makes, for `spend`.
const CONTAINER_COST = 200;
const ENTRY_COST = 40;
const OBJECT_COST = 64;

const emptyTuple: readonly unknown[] = Object.freeze([]);

const byName: Record<string, readonly [opcode: number, run: Instruction]> = {
  PROTO: [
    0x80,
    ({ input, fail }) => {
      const version = input.u8();
      if (version < 2 || version > 5) fail(`pickle protocol ${version} is none of 0 to 5`);
    },
  ],
  FRAME: [
    0x95,
    ({ input }) => {
      const length = input.u64();
      if (length > input.end - input.position) input.truncated(length);
    },
  ],
  STOP: [0x2e, (machine) => void (machine.done = true)],
  MARK: [0x28, (machine) => machine.mark()],

  NONE: [0x4e, (machine) => machine.push(null)],
  NEWTRUE: [0x88, (machine) => machine.push(true)],
  NEWFALSE: [0x89, (machine) => machine.push(false)],
  BININT: [0x4a, (machine) => machine.push(machine.input.i32())],
  BININT1: [0x4b, (machine) => machine.push(machine.input.u8())],
  BININT2: [0x4d, (machine) => machine.push(machine.input.u16())],
  LONG1: [
    0x8a,
    async (machine) => {
      const { input } = machine;
      const length = input.u8();
      if (!input.has(length)) await input.fill(length);
      machine.push(input.integer(length), OBJECT_COST + length);
    },
  ],
  BINFLOAT: [0x47, (machine) => machine.push(machine.input.f64(), 32)],
  SHORT_BINUNICODE: [0x8c, (machine) => pushText(machine, machine.input.u8())],
  BINUNICODE: [0x58, (machine) => pushText(machine, machine.input.u32())],
  BINUNICODE8: [0x8d, (machine) => pushText(machine, machine.input.u64())],
  SHORT_BINBYTES: [0x43, (machine) => pushBytes(machine, machine.input.u8())],
  BINBYTES: [0x42, (machine) => pushBytes(machine, machine.input.u32())],
  BINBYTES8: [0x8e, (machine) => pushBytes(machine, machine.input.u64())],

  // What Python 2 wrote: protocol 0 is text, and its strings are bytes.
  INT: [0x49, (machine) => withLine(machine, (text) => integer(machine, text))],
  LONG: [0x4c, (machine) => withLine(machine, (text) => integer(machine, text.replace(/L$/, '')))],
  FLOAT: [0x46, (machine) => withLine(machine, (text) => float(machine, text))],
  STRING: [0x53, (machine) => withLine(machine, (text) => quoted(machine, text))],
  SHORT_BINSTRING: [0x55, (machine) => pushText(machine, machine.input.u8())],
  BINSTRING: [0x54, (machine) => pushText(machine, machine.input.u32())],
  UNICODE: [0x56, (machine) => withLine(machine, (text) => unescaped(machine, text))],
  LIST: [0x6c, (machine) => machine.push(machine.popToMark(), OBJECT_COST)],
  DICT: [
    0x64,
    (machine) => {
      const items = machine.popToMark();
      machine.push(new Map(), CONTAINER_COST);
      setItems(machine, items);
    },
  ],
  PUT: [0x70, async (machine) => machine.remember(slot(machine, await machine.input.line()))],
  GET: [0x67, async (machine) => machine.recall(slot(machine, await machine.input.line()))],

  EMPTY_TUPLE: [0x29, (machine) => machine.push(emptyTuple)],
  TUPLE1: [0x85, (machine) => pushTuple(machine, popped(machine, 1))],
  TUPLE2: [0x86, (machine) => pushTuple(machine, popped(machine, 2))],
  TUPLE3: [0x87, (machine) => pushTuple(machine, popped(machine, 3))],
  TUPLE: [0x74, (machine) => pushTuple(machine, machine.popToMark())],
  EMPTY_LIST: [0x5d, (machine) => machine.push([], OBJECT_COST)],
  EMPTY_DICT: [0x7d, (machine) => machine.push(new Map(), CONTAINER_COST)],
  EMPTY_SET: [0x8f, (machine) => machine.push(new Set(), CONTAINER_COST)],
  APPEND: [0x61, (machine) => append(machine, popped(machine, 1))],
  APPENDS: [0x65, (machine) => append(machine, machine.popToMark())],
  SETITEM: [0x73, (machine) => setItems(machine, popped(machine, 2))],
  SETITEMS: [0x75, (machine) => setItems(machine, machine.popToMark())],

  BINPUT: [0x71, (machine) => machine.remember(machine.input.u8())],
  LONG_BINPUT: [0x72, (machine) => machine.remember(machine.input.u32())],
  MEMOIZE: [0x94, (machine) => machine.remember(machine.memo.length)],
  BINGET: [0x68, (machine) => machine.recall(machine.input.u8())],
  LONG_BINGET: [0x6a, (machine) => machine.recall(machine.input.u32())],

  GLOBAL: [
    0x63,
    async (machine) => {
      const module = await machine.input.line();
      pushGlobal(machine, module, await machine.input.line());
    },
  ],
  STACK_GLOBAL: [
    0x93,
    (machine) => {
      const [module, name] = popped(machine, 2);
      if (typeof module !== 'string' || typeof name !== 'string')
        return machine.fail('STACK_GLOBAL needs two texts; the pickle is damaged');
      pushGlobal(machine, module, name);
    },
  ],
  REDUCE: [0x52, reduce],
  NEWOBJ: [
    0x81,
    (machine) => {
      const [made, args] = popped(machine, 2);
      if (!(made instanceof PickleGlobal) || !made.create || !Array.isArray(args) || args.length > 0)
        return machine.fail(`an object is made of ${describe(made)}, which is no TorchScript class`);
      machine.push(made.create(), OBJECT_COST);
    },
  ],
  BUILD: [0x62, build],
  BINPERSID: [
    0x51,
    (machine) => {
      const { loadPersistent } = machine.context;
      const id = machine.pop();
      if (!loadPersistent) return machine.fail('a persistent id stands in a pickle that has no storages');
      machine.push(loadPersistent(id, machine.fail), OBJECT_COST);
    },
  ],
};

/** By opcode; everything that is missing is refused. */
export const instructions: readonly (Instruction | undefined)[] = (() => {
  const table = new Array<Instruction | undefined>(256).fill(undefined);
  for (const [opcode, run] of Object.values(byName)) table[opcode] = run;
  return table;
})();

/** Python's names of the instructions that are refused. */
const refused: Readonly<Record<number, string>> = {
  0x30: 'POP',
  0x31: 'POP_MARK',
  0x32: 'DUP',
  0x50: 'PERSID',
  0x69: 'INST',
  0x6f: 'OBJ',
  0x82: 'EXT1',
  0x83: 'EXT2',
  0x84: 'EXT4',
  0x8b: 'LONG4',
  0x90: 'ADDITEMS',
  0x91: 'FROZENSET',
  0x92: 'NEWOBJ_EX',
  0x96: 'BYTEARRAY8',
  0x97: 'NEXT_BUFFER',
  0x98: 'READONLY_BUFFER',
};

/** An opcode for messages, with Python's name when there is one. */
export function instructionName(opcode: number): string {
  const code = `0x${opcode.toString(16).padStart(2, '0')}`;
  return refused[opcode] === undefined ? code : `${refused[opcode]} (${code})`;
}

function popped(machine: PickleMachine, count: number): unknown[] {
  const items = new Array<unknown>(count);
  for (let i = count - 1; i >= 0; i--) items[i] = machine.pop();
  return items;
}

function pushText(machine: PickleMachine, byteLength: number): void | Promise<void> {
  const { input } = machine;
  if (byteLength > MAX_TEXT_BYTES && byteLength <= input.end - input.position)
    return machine.fail(`a text of ${byteLength} bytes is over the limit of ${MAX_TEXT_BYTES}`);
  machine.spend(32 + Math.min(byteLength, input.end - input.position));
  const text = input.text(byteLength);
  if (typeof text === 'string') machine.stack.push(text);
  else return text.then((late) => void machine.stack.push(late));
}

/** Longest text of protocol 0. */
const MAX_LINE_BYTES = 1 << 15;

/** Pushes what the rest of the line says. */
async function withLine(machine: PickleMachine, read: (text: string) => unknown): Promise<void> {
  const text = await machine.input.line({ mostBytes: MAX_LINE_BYTES, latin1: true });
  machine.push(read(text), OBJECT_COST + text.length);
}

/** In decimal; `00` and `01` are False and True. */
function integer({ fail }: PickleMachine, text: string): unknown {
  if (text === '00' || text === '01') return text === '01';
  if (!/^-?\d{1,4096}$/.test(text))
    return fail(`${describe(text)} is no whole number; the pickle is damaged`);
  const exact = Number(text);
  return Number.isSafeInteger(exact) ? exact : BigInt(text);
}

function float({ fail }: PickleMachine, text: string): number {
  const special = /^(-?)(inf|nan)$/.exec(text);
  if (special) return special[2] === 'nan' ? NaN : special[1] ? -Infinity : Infinity;
  if (!/^-?\d+(\.\d*)?(e[-+]?\d+)?$/i.test(text))
    return fail(`${describe(text)} is no number; the pickle is damaged`);
  return Number(text);
}

const escapes: Readonly<Record<string, number>> = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
};
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A string as Python 2 shows it; its bytes are taken for UTF-8. */
function quoted({ fail }: PickleMachine, text: string): string {
  const [, , inner] = /^(['"])(.*)\1$/s.exec(text) ?? fail('a string is not quoted; the pickle is damaged');
  const bytes: number[] = [];
  for (const [, code, char, other = ''] of inner.matchAll(/\\x([0-9a-f]{2})|\\(.?)|([^\\]+)/gis)) {
    if (code !== undefined) bytes.push(parseInt(code, 16));
    else if (char === undefined) for (let i = 0; i < other.length; i++) bytes.push(other.charCodeAt(i));
    else
      bytes.push(escapes[char] ?? fail(`a string has the escape \\${char}, which Python 2 does not write`));
  }
  try {
    return utf8.decode(Uint8Array.from(bytes));
  } catch {
    return fail('a string of Python 2 is no UTF-8; only text is read');
  }
}

/** Python's raw-unicode-escape: \uXXXX and \UXXXXXXXX, everything else a character a byte. */
function unescaped({ fail }: PickleMachine, text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g, (_, short?: string, long?: string) => {
    const code = parseInt(short ?? long!, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : fail('a text names no character of Unicode');
  });
}

function slot({ fail }: PickleMachine, text: string): number {
  return /^\d{1,9}$/.test(text)
    ? Number(text)
    : fail(`${describe(text)} is no memo slot; the pickle is damaged`);
}

function pushBytes(machine: PickleMachine, byteLength: number): void {
  const { input } = machine;
  const begin = input.position;
  input.skip(byteLength);
  machine.push(new PickledBytes(input.source, { begin, end: begin + byteLength }), OBJECT_COST);
}

function pushTuple(machine: PickleMachine, items: unknown[]): void {
  machine.push(Object.freeze(items), OBJECT_COST);
}

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const list = machine.top();
  if (!Array.isArray(list) || Object.isFrozen(list))
    return machine.fail(`something is appended to ${describe(list)}; the pickle is damaged`);
  machine.spend(16 * items.length);
  for (const item of items) list.push(item);
}

function setItems(machine: PickleMachine, items: readonly unknown[]): void {
  const dict = machine.top();
  if (!(dict instanceof Map))
    return machine.fail(`entries are set in ${describe(dict)}, which is no dict; the pickle is damaged`);
  if (items.length % 2 !== 0) return machine.fail('a key has no value; the pickle is damaged');
  machine.spend(ENTRY_COST * (items.length / 2));
  if (dict.size + items.length / 2 > MAX_ENTRIES)
    return machine.fail(`a dict has over ${MAX_ENTRIES} entries; split it`);
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (!isScalar(key) && !(isTuple(key) && key.every(isScalar)))
      return machine.fail(
        `the key of a dict is ${describe(key)}; texts, numbers and tuples of them are read as keys`,
      );
    (dict as Map<unknown, unknown>).set(key, items[i + 1]);
  }
}

const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;
const isTuple = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && Object.isFrozen(value);

function pushGlobal(machine: PickleMachine, module: string, name: string): void {
  machine.push(findGlobal({ module, name }, machine.context, machine.fail), OBJECT_COST);
}

function reduce(machine: PickleMachine): void | Promise<void> {
  const [callee, args] = popped(machine, 2);
  if (!(callee instanceof PickleGlobal) || !callee.call)
    return machine.fail(`${describe(callee)} is called, which is no function of a torch file`);
  if (!Array.isArray(args) || !Object.isFrozen(args))
    return machine.fail(`${callee.name} is given ${describe(args)} for its arguments, not a tuple`);
  const made = callee.call(args, machine.fail);
  if (made instanceof Promise) return made.then((late) => machine.push(late, CONTAINER_COST));
  machine.push(made, CONTAINER_COST);
}

function build(machine: PickleMachine): void {
  const [target, state] = popped(machine, 2);
  if (target instanceof TorchScriptObject) {
    if (!(state instanceof Map))
      return machine.fail(
        `an object of ${target.className} is given ${describe(state)} for its attributes, not a dict; modules that are not plain (quantised ones) are not read`,
      );
    target.attributes = state as Map<DictKey, PickledValue>;
  } else if (!(target instanceof Map) || !orderedDicts.has(target)) {
    // An OrderedDict's state is `_metadata`, versions of modules: it is dropped.
    return machine.fail(`${describe(target)} is given a state, which it has not`);
  }
  machine.stack.push(target);
}
