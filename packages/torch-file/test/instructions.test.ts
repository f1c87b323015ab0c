// Pickle instructions byte by byte: what each gives, and how each is refused when it does not fit.
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { PickleInput } from '../src/pickle/pickle-input.ts';
import { instructions } from '../src/pickle/instructions.ts';
import { runPickle } from '../src/pickle/run-pickle.ts';
import { readPickle } from '../src/index.ts';
import { refuses } from './refuses.ts';
import { ascii, joined } from '@foreword/test-kit/torch';

const test = suite('pickle instructions');

/** A pickle of protocol 2 from opcodes as numbers or ASCII, with STOP. */
const program = (...parts: (string | number)[]): Uint8Array =>
  joined([
    Uint8Array.of(0x80, 2),
    ...parts.map((part) => (typeof part === 'string' ? ascii(part) : Uint8Array.of(part))),
    ascii('.'),
  ]);

const read = (bytes: Uint8Array) => readPickle(bytesSource(bytes, 'x.pkl'));

const values: [what: string, parts: (string | number)[], value: unknown][] = [
  ['NONE', ['N'], null],
  ['NEWTRUE', [0x88], true],
  ['NEWFALSE', [0x89], false],
  ['BININT', ['J', 0xfe, 0xff, 0xff, 0xff], -2],
  ['BININT1', ['K', 0xfe], 254],
  ['BININT2', ['M', 0xfe, 0x01], 510],
  ['LONG1 of no bytes', [0x8a, 0], 0],
  ['LONG1 of one byte', [0x8a, 1, 0x80], -128],
  ['LONG1 of 2^53 - 1', [0x8a, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 2 ** 53 - 1],
  ['LONG1 of 2^53', [0x8a, 7, 0, 0, 0, 0, 0, 0, 0x20], 2n ** 53n],
  ['BINFLOAT', ['G', 0xc0, 0x04, 0, 0, 0, 0, 0, 0], -2.5],
  ['BINUNICODE', ['X', 3, 0, 0, 0, 'a', 0xc3, 0xa9], 'aé'],
  ['SHORT_BINUNICODE', [0x8c, 2, 'ab'], 'ab'],
  ['BINUNICODE8', [0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 'z'], 'z'],
  ['a byte order mark stays', [0x8c, 3, 0xef, 0xbb, 0xbf], '\ufeff'],
  ['EMPTY_TUPLE', [')'], []],
  ['TUPLE1', ['N', 0x85], [null]],
  ['TUPLE2', ['K', 1, 'K', 2, 0x86], [1, 2]],
  ['TUPLE3', ['K', 1, 'K', 2, 'K', 3, 0x87], [1, 2, 3]],
  ['TUPLE', ['(', 'K', 1, 't'], [1]],
  ['TUPLE of nothing', ['(t'], []],
  ['APPEND', [']', 'K', 1, 'a'], [1]],
  ['APPENDS', ['](', 'K', 1, 'K', 2, 'e'], [1, 2]],
  ['SETITEM', ['}', 'K', 1, 'N', 's'], new Map([[1, null]])],
  ['SETITEMS, the last of equal keys', ['}(', 'K', 1, 'N', 'K', 1, 0x88, 'u'], new Map([[1, true]])],
  ['EMPTY_SET', [0x8f], new Set()],
  ['BINPUT and BINGET', ['](', 'K', 7, 'q', 0, 'h', 0, 'e'], [7, 7]],
  ['LONG_BINPUT and LONG_BINGET', ['](', 'K', 7, 'r', 1, 2, 0, 0, 'j', 1, 2, 0, 0, 'e'], [7, 7]],
  ['MEMOIZE', ['](', 'K', 7, 0x94, 'K', 8, 0x94, 'h', 0, 'h', 1, 'e'], [7, 8, 7, 8]],
  ['None in the memo', ['](', 'N', 0x94, 'h', 0, 'e'], [null, null]],
  ['FRAME', [0x95, 2, 0, 0, 0, 0, 0, 0, 0, 'N'], null],
  ['OrderedDict', ['ccollections\nOrderedDict\n)R'], new Map()],
  ['torch.device', ['ctorch\ndevice\n', 0x8c, 3, 'cpu', 0x85, 'R'], 'cpu'],
  ['INT', ['I-12\n'], -12],
  ['INT of True', ['I01\n'], true],
  ['INT of False', ['I00\n'], false],
  [
    'INT and LONG beyond 2^53',
    ['I9007199254740993\nL-9007199254740993L\n', 0x86],
    [2n ** 53n + 1n, -(2n ** 53n) - 1n],
  ],
  ['FLOAT', ['F-2.5e-3\n'], -0.0025],
  ['FLOAT of infinity', ['F-inf\n'], -Infinity],
  ['STRING', ["S'caf\\xc3\\xa9 \\'\"\\\\\\n\\t'\n"], 'café \'"\\\n\t'],
  ['STRING in other quotes', ['S"don\'t"\n'], "don't"],
  ['BINSTRING', ['T', 3, 0, 0, 0, 'a', 0xc3, 0xa9], 'aé'],
  ['SHORT_BINSTRING', ['U', 2, 'ab'], 'ab'],
  ['UNICODE', ['Vcaf', 0xe9, ' \\u732b\\U0001f600\\n', '\n'], 'café 猫😀\\n'],
  ['LIST', ['(', 'K', 1, 'l'], [1]],
  ['DICT', ['(', 'K', 1, 'Nd'], new Map([[1, null]])],
  ['PUT and GET', ['](', 'K', 7, 'p0\ng0\ne'], [7, 7]],
  [
    'defaultdict',
    ['ccollections\ndefaultdict\nc__builtin__\nfloat\n', 0x85, 'R', 'K', 1, 'Ns'],
    new Map([[1, null]]),
  ],
  ['a tuple as key', ['}', 'K', 1, 'N', 0x86, 'K', 2, 's'], new Map([[[1, null], 2]])],
  ['a state of an OrderedDict is dropped', ['ccollections\nOrderedDict\n)R}b'], new Map()],
];

for (const [what, parts, value] of values) {
  test(what, async () => {
    const got = await read(program(...parts));
    assert.is(typeof got, typeof value);
    assert.equal(got, value);
  });
}

test('bytes values of three lengths', async () => {
  for (const length of [
    ['C', 2],
    ['B', 2, 0, 0, 0],
    [0x8e, 2, 0, 0, 0, 0, 0, 0, 0],
  ]) {
    const got = (await read(program(...length, 'hi'))) as { read(): Promise<Uint8Array>; end: number };
    assert.equal(await got.read(), ascii('hi'));
    assert.is(got.end, 2 + length.length + 2);
  }
});

const refusals: [what: string, parts: (string | number)[], message: RegExp][] = [
  ['an unknown instruction', ['N', 0x01], /^x\.pkl: pickle, byte 3: the instruction 0x01 is not among those/],
  ['POP', ['N0'], /byte 3: the instruction POP \(0x30\)/],
  ['INST', ['(ios\nsystem\n'], /the instruction INST \(0x69\)/],
  ['OBJ', ['(cos\nsystem\no'], /byte 3: names "os\.system"/],
  ['EXT1', [0x82, 1], /the instruction EXT1/],
  ['a string of Python 2 that is no text', ['U', 1, 0xff], /a text is no valid UTF-8/],
  ['the same of protocol 0', ["S'\\xff'\n"], /a string of Python 2 is no UTF-8/],
  ['a string without quotes', ['Sa\n'], /a string is not quoted/],
  ['an escape that is none', ["S'\\q'\n"], /the escape \\q, which Python 2 does not write/],
  ['an escape at the end', ["S'a\\'\n"], /the escape \\, which/],
  ['a word for a number', ['Ione\n'], /"one" is no whole number/],
  ['a number with an end', ['F1.5x\n'], /"1\.5x" is no number/],
  ['no character', ['V\\Uffffffff\n'], /names no character/],
  ['a slot that is no number', ['Np-1\n'], /"-1" is no memo slot/],
  ['a line too long', ['S', 'x'.repeat(70_000)], /over 32768 bytes/],
  ['a dict of protocol 0 with a key alone', ['(Nd'], /a key has no value/],
  ['a call of int', ['c__builtin__\nint\n)R'], /is called, which is no function/],
  ['a defaultdict with more', ['ccollections\ndefaultdict\nNN', 0x86, 'R'], /made with more than a default/],
  ['another protocol', [0x80, 6], /pickle protocol 6 is none of 0 to 5/],
  ['nothing at all', [], /byte 2: the pickle ends with other than one value/],
  ['two values', ['NN'], /other than one value/],
  ['a mark left', ['N('], /other than one value/],
  ['an empty stack', ['a'], /needs a value, and the stack is empty/],
  ['a tuple of nothing', [0x85], /the stack is empty/],
  ['a value below a mark', ['N(', 0x85], /the stack is empty/],
  ['no mark', ['Nt'], /needs a mark, and there is none/],
  ['a memo of nothing', ['q', 0], /the stack is empty/],
  ['an empty memo slot', ['h', 5], /memo slot 5 is empty/],
  ['a memo slot left out', ['Nq', 2, 'h', 1], /memo slot 1 is empty/],
  ['a far memo slot', ['Nr', 0, 0, 0, 0x7f], /memo slot 2130706432 is used when there are 0/],
  ['append to a tuple', [')Na'], /appended to a tuple/],
  ['append to a dict', ['}Na'], /appended to a dict/],
  ['entries in a list', [']NNs'], /entries are set in a list/],
  ['a key without value', ['}(Nu'], /a key has no value/],
  ['a tuple with a list as key', ['}]', 0x85, 'Ns'], /the key of a dict is a tuple/],
  [
    'a text cut off',
    ['X', 9, 0, 0, 0, 'abc'],
    /9 bytes should follow byte 7, but the pickle ends at byte 11/,
  ],
  ['a text of 4 GB', ['X', 0xff, 0xff, 0xff, 0xff], /4294967295 bytes should follow byte 7/],
  [
    'a text of 2^64 bytes',
    [0x8d, ...new Array<number>(8).fill(0xff)],
    /more bytes than any file has should follow/,
  ],
  ['bytes of 2^64', [0x8e, ...new Array<number>(8).fill(0xff)], /more bytes than any file has/],
  ['a frame beyond the end', [0x95, 9, 0, 0, 0, 0, 0, 0, 0, 'N'], /9 bytes should follow/],
  ['no UTF-8', [0x8c, 1, 0xff], /a text is no valid UTF-8/],
  ['half an integer', ['J', 1], /4 bytes should follow/],
  ['a name without end', ['ctorch'], /should follow byte 3/],
  ['a name too long', ['c', 'x'.repeat(3000)], /a name has over 1024 bytes/],
  ['a global of two numbers', ['K', 1, 'K', 2, 0x93], /STACK_GLOBAL needs two texts/],
  [
    'a dotted name',
    [0x8c, 5, 'torch', 0x8c, 20, '_utils._rebuild_para', 0x93],
    /names "torch\._utils\._rebuild_para"/,
  ],
  [
    'a known name split elsewhere',
    ['ctorch\nstorage.UntypedStorage\n'],
    /names "torch\.storage\.UntypedStorage"/,
  ],
  ['names of Object', ['cconstructor\nconstructor\n'], /names "constructor\.constructor"/],
  ['__proto__', ['ctorch\n__proto__\n'], /names "torch\.__proto__"/],
  ['a TorchScript class in a plain pickle', ['c__torch__\nNet\n'], /names "__torch__\.Net"/],
  [
    '_load_from_bytes of a text',
    ['ctorch.storage\n_load_from_bytes\nX', 0, 0, 0, 0, 0x85, 'R'],
    /not given one bytes value/,
  ],
  [
    '_load_from_bytes of other bytes',
    ['ctorch.storage\n_load_from_bytes\nC', 4, 0x80, 2, 'N.', 0x85, 'R'],
    /are no torch\.save of the old layout/,
  ],
  ['a call of a text', [0x8c, 1, 'f', ')R'], /"f" is called, which is no function/],
  ['a call of a storage class', ['ctorch\nFloatStorage\n)R'], /the class torch\.FloatStorage is called/],
  ['arguments in a list', ['ccollections\nOrderedDict\n]R'], /is given a list for its arguments/],
  ['an OrderedDict of arguments', ['ccollections\nOrderedDict\nN', 0x85, 'R'], /made with arguments/],
  ['a new object of a dict', ['})', 0x81], /an object is made of a dict, which is no TorchScript class/],
  ['a state of a dict', ['}}b'], /a dict is given a state, which it has not/],
  ['a state of a list', [']}b'], /a list is given a state/],
  ['a persistent id', ['NQ'], /a persistent id stands in a pickle that has no storages/],
  [
    'a class as the result',
    ['ctorch\nFloatStorage\n'],
    /the class torch\.FloatStorage stands among the data/,
  ],
  ['a dict in itself', ['}', 0x94, 'Nh', 0, 's'], /a value contains itself/],
  ['nesting of 201', [']'.repeat(201), 'a'.repeat(200)], /nested more than 200 deep/],
  ['bytes behind the end', ['N.N'], /2 bytes follow the end of the pickle/],
];

for (const [what, parts, message] of refusals)
  test(`refuses ${what}`, () => refuses(() => read(program(...parts)), message));

test('a pickle that does not stop, and one without protocol', async () => {
  await refuses(
    () => read(Uint8Array.of(0x80, 2, 0x4e)),
    /1 bytes should follow byte 3, but the pickle ends at byte 3/,
  );
  const bytes = ascii('N.');
  const input = new PickleInput(bytesSource(bytes, 'x.pkl'), { begin: 0, end: 2, of: 'pickle' });
  await refuses(() => runPickle(input, {}), /does not begin with its protocol/);
});

test('nesting of 200, shared a thousand times, is read', async () => {
  const deep = program(']', ']'.repeat(199), 'a'.repeat(199));
  assert.ok(Array.isArray(await read(deep)));
  // Each list holds the one before it twice: 2^150 paths, but 150 lists.
  const parts: (string | number)[] = [']', 0x94];
  for (let i = 1; i <= 150; i++) parts.push('](', 'h', i - 1, 'h', i - 1, 'e', 0x94);
  await refuses(() => read(program(...parts)), /other than one value/);
  const doubling = program('](', ...parts, 'e');
  assert.is(((await read(doubling)) as unknown[]).length, 151);
});

test('memory is bounded: containers, texts, memo and dict entries count', async () => {
  const many = 5000;
  const programs = [
    program('](', '}'.repeat(many), 'e'),
    program('](', 'N'.repeat(20 * many), 'e'),
    program('](', 'Nq\u0000'.repeat(10 * many), 'e'),
    program('](', 'X', 0x80, 0x84, 0x1e, 0, 'x'.repeat(2_000_000), 'e'),
    program('}(', ...Array.from({ length: 4 * many }, (_, i) => ['M', i & 255, i >> 8, 'N']).flat(), 'u'),
  ];
  for (const bytes of programs) {
    const run = (memoryLimitBytes: number) => {
      const input = new PickleInput(bytesSource(bytes, 'x'), { begin: 0, end: bytes.length, of: 'pickle' });
      return runPickle(input, { memoryLimitBytes });
    };
    await run(10_000_000);
    await refuses(() => run(800_000), /would take more memory than is allowed/);
  }
});

test('a pickle cannot ask for many times its own size', async () => {
  await refuses(
    () => read(program('](', '}'.repeat(100_000), 'e')),
    /would take more memory than is allowed/,
  );
  const some = (await read(program('](', '}'.repeat(4000), 'e'))) as unknown[];
  assert.is(some.length, 4000);
});

test('exactly the 52 instructions of the formats are known', () => {
  const known = instructions.flatMap((instruction, opcode) => (instruction ? [opcode] : []));
  const ascii7 = String.fromCharCode(...known.filter((opcode) => opcode < 0x80));
  assert.is(ascii7, '().BCFGIJKLMNQRSTUVX]abcdeghjlpqrstu}');
  assert.equal(
    known.filter((opcode) => opcode >= 0x80),
    [0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x8d, 0x8e, 0x8f, 0x93, 0x94, 0x95],
  );
});

test('nothing global changes', async () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  const key = [0x8c, 9, '__proto__'];
  const dict = (await read(program('}', ...key, '}', 0x8c, 8, 'polluted', 0x88, 's', 's'))) as Map<
    string,
    unknown
  >;
  assert.equal([...dict.keys()], ['__proto__']);
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(Object.getOwnPropertyNames(Object.prototype), before);
});

test.run();
