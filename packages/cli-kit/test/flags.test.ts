// Flags: types, names, bounds, refusals with the nearest right one, config files, help.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { defineFlags, formatHelp, parseFlags, UsageError } from '../src/index.ts';

const test = suite('flags');

const flags = defineFlags({
  prefix: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 400,
    alias: ['prefix-length', 'p'],
    describe: 'prefix length',
  },
  mapper: { type: 'choices', choices: ['mlp', 'transformer'], default: 'mlp', describe: 'kind of mapper' },
  lr: { type: 'number', default: 1e-4, above: 0, describe: 'learning rate' },
  maxSteps: { type: 'integer', min: 1, describe: 'stop after this many steps' },
  tuneGpt2: { type: 'boolean', describe: 'train GPT-2 as well' },
  shuffle: { type: 'boolean', default: true, describe: 'shuffle the pairs' },
  out: { type: 'string', placeholder: 'DIR', describe: 'run folder' },
  tag: { type: 'string', repeated: true, describe: 'label of the run' },
});

function refusal(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    assert.instance(error, UsageError);
    return error as UsageError;
  }
  return assert.unreachable('nothing was refused') as never;
}

test('defaults, and the types that follow from the declaration', () => {
  const { values, given, positionals, help } = parseFlags([], flags);
  const typed: {
    prefix: number;
    mapper: 'mlp' | 'transformer';
    maxSteps: number | undefined;
    tag: string[];
  } = values;
  assert.equal(typed, {
    prefix: 10,
    mapper: 'mlp',
    lr: 1e-4,
    maxSteps: undefined,
    tuneGpt2: false,
    shuffle: true,
    out: undefined,
    tag: [],
  });
  assert.equal([given.size, positionals, help], [0, [], false]);
});

test('every way to write a flag', () => {
  const same = [
    ['--prefix', '20'],
    ['--prefix=20'],
    ['--prefix-length', '20'],
    ['-p', '20'],
    ['-p20'],
    ['--', '--prefix', '20'],
  ];
  for (const argv of same) {
    const { values, given } = parseFlags(argv, flags);
    assert.is(values.prefix, 20, argv.join(' '));
    assert.ok(given.has('prefix'));
  }
  const { values } = parseFlags(
    ['--max-steps', '7', '--tune-gpt2', '--no-shuffle', '--tag', 'a', '--tag=b'],
    flags,
  );
  assert.equal([values.maxSteps, values.tuneGpt2, values.shuffle, values.tag], [7, true, false, ['a', 'b']]);
  assert.is(parseFlags(['--tune-gpt2=false'], flags).values.tuneGpt2, false);
  assert.is(parseFlags(['--prefix', '1', '--prefix', '2'], flags).values.prefix, 2);
  assert.is(parseFlags(['--lr', '3e-4'], flags).values.lr, 3e-4);
});

test('unknown flags are refused with the nearest name', () => {
  const near = (argv: string[]): [string, string | undefined] => {
    const { message, cure } = refusal(() => parseFlags(argv, flags));
    return [message, cure];
  };
  assert.equal(near(['--mappre', 'mlp']), ['unknown flag --mappre', 'did you mean --mapper?']);
  assert.equal(near(['--prefix_length=3']), [
    'unknown flag --prefix_length',
    'did you mean --prefix-length?',
  ]);
  assert.equal(near(['--max-step', '3'])[1], 'did you mean --max-steps?');
  assert.equal(near(['--zzzzzz'])[1], 'see --help for the flags there are');
  assert.equal(near(['--no-mapper'])[0], 'unknown flag --no-mapper');
  assert.is(refusal(() => parseFlags(['-x'], flags)).exitCode, 2);
});

test('wrong values are refused with the rule and the nearest right one', () => {
  const told = (...argv: string[]): string => {
    const { message, cure } = refusal(() => parseFlags(argv, flags));
    return cure === undefined ? message : `${message} | ${cure}`;
  };
  assert.is(
    told('--prefix', '0'),
    '--prefix must be a whole number from 1 to 400, got "0" | the nearest allowed value is 1',
  );
  assert.is(
    told('--prefix', '-5'),
    '--prefix must be a whole number from 1 to 400, got "-5" | the nearest allowed value is 1',
  );
  assert.is(
    told('-p', '9000'),
    '-p must be a whole number from 1 to 400, got "9000" | the nearest allowed value is 400',
  );
  assert.match(told('--prefix', '2.6'), 'the nearest allowed value is 3');
  assert.is(told('--prefix', 'twenty'), '--prefix must be a whole number from 1 to 400, got "twenty"');
  assert.match(told('--prefix='), 'got ""');
  assert.is(told('--lr', '0'), '--lr must be a number above 0, got "0"');
  assert.match(told('--lr', 'Infinity'), '--lr must be a number above 0');
  assert.is(
    told('--mapper', 'transfomer'),
    '--mapper must be mlp or transformer, got "transfomer" | the nearest allowed value is transformer',
  );
  assert.match(
    told('--tune-gpt2=ture'),
    '--tune-gpt2 must be true or false, got "ture" | the nearest allowed value is true',
  );
  assert.is(told('--prefix'), '--prefix needs a whole number from 1 to 400 after it');
  assert.is(told('--out', ''), '--out must not be empty, got ""');
  assert.is(told('--out', '--lr', '1'), '--out needs a text after it, but --lr follows');
});

test('words without dashes are refused unless declared', () => {
  assert.match(refusal(() => parseFlags(['20'], flags)).message, 'unexpected argument "20"');
  const images = { name: 'image', describe: 'pictures to caption', min: 1, max: 2 };
  assert.equal(parseFlags(['a.png', '--lr', '1', 'b.png'], flags, { positionals: images }).positionals, [
    'a.png',
    'b.png',
  ]);
  assert.match(refusal(() => parseFlags([], flags, { positionals: images })).message, 'image is missing');
  assert.match(
    refusal(() => parseFlags(['a', 'b', 'c'], flags, { positionals: images })).message,
    'unexpected argument "c"',
  );
});

test('a required flag', () => {
  const required = defineFlags({ run: { type: 'string', required: true, describe: 'run folder' } });
  assert.is(refusal(() => parseFlags([], required)).message, '--run is missing: run folder');
  assert.is(parseFlags(['--run', 'x'], required).values.run, 'x');
});

test('settings stand behind the command line and are checked as strictly', () => {
  const base = { prefix: 40, 'max-steps': 5, lr: 0.01, tag: 'one', out: null };
  const { values, given } = parseFlags(['--prefix', '20'], flags, { base });
  assert.equal(
    [values.prefix, values.maxSteps, values.lr, values.tag, values.out],
    [20, 5, 0.01, ['one'], undefined],
  );
  assert.equal([...given], ['prefix']);
  const refuse = (bad: Record<string, unknown>): UsageError =>
    refusal(() => parseFlags([], flags, { base: bad, baseLabel: 'run.json' }));
  assert.is(refuse({ prefx: 1 }).message, 'run.json: unknown setting "prefx"');
  assert.is(refuse({ prefx: 1 }).cure, 'did you mean "prefix"?');
  assert.is(
    refuse({ prefix: '20' }).message,
    'run.json: prefix must be a whole number from 1 to 400, got "20"',
  );
  assert.match(refuse({ tuneGpt2: 1 }).message, 'tuneGpt2 must be true or false');
});

test('declarations that contradict themselves are refused', () => {
  const twice = (): unknown =>
    defineFlags({
      a: { type: 'boolean', alias: 'x', describe: '' },
      b: { type: 'boolean', alias: 'x', describe: '' },
    });
  assert.throws(twice, /the name x is used twice/);
  assert.throws(
    () => defineFlags({ a: { type: 'integer', min: 1, default: 0, describe: '' } }),
    /default of a must be/,
  );
});

test('--help is recognised beside anything else and shows names, rules and defaults', () => {
  assert.is(parseFlags(['--nonsense', '-h'], flags).help, true);
  const text = formatHelp({ name: 'pnpm train', summary: 'Trains a mapper.', flags, notes: ['A note.'] }, 80);
  assert.match(text, 'Usage: pnpm train [flags]');
  assert.match(text, '-p, --prefix, --prefix-length N');
  assert.match(text.replace(/\s+/g, ' '), 'prefix length (a whole number from 1 to 400; default 10)');
  assert.match(text, '--mapper mlp|transformer');
  assert.match(text, '--out DIR');
  assert.match(text, '\n\nA note.');
  const widest = Math.max(...text.split('\n').map((line) => line.length));
  assert.ok(widest <= 80, `widest line has ${widest} columns`);
});

test.run();
