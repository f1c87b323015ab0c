// What the commands answer to bad input: a clear sentence, the cure, the exit code.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseFlags, UsageError } from '@foreword/cli-kit';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { toSettings, trainFlags } from '../src/train/settings.ts';
import { answer } from './run-trainer.ts';

const test = suite('commands', { timeLimitSeconds: 120 });

const refusals: [what: string, command: string, args: string[], code: number, ...words: string[]][] = [
  ['an unknown flag', 'train', ['--prefx', '20'], 2, '--prefx', '--prefix'],
  ['a wrong value', 'train', ['--mapper', 'mpl'], 2, 'mpl', 'mlp'],
  ['a prefix of 0', 'train', ['--prefix', '0'], 2, 'from 1', 'the nearest allowed value is 1'],
  ['--resume with --out', 'train', ['--resume', 'a', '--out', 'b'], 2, 'leave out --out'],
  ['a missing config file', 'train', ['--config', '/nowhere.json'], 1, '/nowhere.json'],
  ['a folder that is no run', 'train', ['--resume', '/nowhere'], 1, 'no folder of a training run'],
  ['a missing dataset', 'train', ['--dataset', '/nowhere'], 1, 'no such folder', 'captions_train'],
  ['a misspelt dataset', 'train', ['--dataset', 'scene'], 1, 'did you mean scenes?'],
  [
    'missing backbones',
    'train',
    ['--quick', '--backbones', '/nowhere'],
    1,
    '/nowhere/clip/config.json is missing',
  ],
  ['an unknown backbone', 'pretrain', ['gpt3'], 2, 'clip or gpt2'],
  ['a caption without picture', 'caption', [], 2, 'image'],
  ['an unknown decoding', 'caption', ['--decode', 'beem:5', 'x.png'], 2, 'no method "beem"', 'magic:45'],
  ['a wrong option of one', 'caption', ['--decode', 'beam:5,foo=1', 'x.png'], 2, 'no option "foo"', 'length'],
  ['--decode with --beam', 'caption', ['--decode', 'greedy', '--beam', '3', 'x.png'], 2, 'leave one of them'],
  ['a run that is not there', 'caption', ['--run', '/nowhere', 'x.png'], 1, 'config.json'],
];
for (const [what, command, args, code, ...words] of refusals) {
  test(`${command} refuses ${what}`, async () => {
    const got = await answer(command, args);
    assert.is(got.code, code, got.text);
    for (const word of words) assert.match(got.text, word);
  });
}

for (const command of ['train', 'caption', 'pretrain', 'doctor']) {
  test(`${command} --help describes its flags`, async () => {
    const got = await answer(command, ['--help']);
    assert.is(got.code, 0);
    assert.match(got.text, '--adapter');
  });
}

test('train --help names every flag there is', async () => {
  const { text } = await answer('train', ['--help']);
  const flags =
    'prefix prefix-length mapper tune-gpt2 epochs batch lr warmup seed max-steps out config resume dataset ' +
    'backbones clip gpt2 quick strict shuffle-features adapter help pictures test-on prefix-kind prompt visual lora ' +
    'lora-alpha clip-length ending label-smoothing objective init text-only noise text-space memory memory-temperature score-train';
  for (const flag of flags.split(' ')) assert.match(text, `--${flag}`);
  assert.match(text, 'mlp|linear|mlp-fixed|transformer');
});

const wrongValues: [args: string[], message: string, nearest: string | undefined][] = [
  [['--', '--prefix-length', '1.6'], '--prefix-length must be a whole number from 1 to 512', '2'],
  [['--prefix', '600'], '--prefix must be a whole number from 1 to 512', '512'],
  [['--mapper', 'transfomer'], '--mapper must be mlp, linear, mlp-fixed or transformer', 'transformer'],
  [['--batch', 'many'], '--batch must be a whole number from 1 to 4096', undefined],
  [['--lr', '0'], '--lr must be a number above 0', undefined],
  [['--lr', '3'], '--lr must be a number above 0', '1'],
  [['--epochs', '0'], '--epochs must be a whole number of at least 1', '1'],
  [['--max-steps', '0'], '--max-steps must be a whole number of at least 1', '1'],
  [['--warmup=-3'], '--warmup must be a whole number of at least 0', '0'],
  [['--seed=-3'], '--seed must be a whole number from 0', '0'],
  [['--quick=ture'], '--quick must be true or false', 'true'],
];
for (const [args, message, nearest] of wrongValues) {
  test(`train refuses ${args.join(' ')} and names the nearest right value`, () => {
    try {
      parseFlags(args, trainFlags);
      assert.unreachable('it was taken');
    } catch (error) {
      assert.instance(error, UsageError);
      assert.match((error as UsageError).message, message);
      assert.is((error as UsageError).cure, nearest && `the nearest allowed value is ${nearest}`);
    }
  });
}

test('train takes every flag, with `--` before them as `pnpm train -- --prefix 20` passes it', () => {
  const { values } = parseFlags(
    (
      '-- --prefix 20 --mapper transformer --tune-gpt2 --epochs 3 --batch 8 --lr 1e-4 --warmup 0 --seed 4 ' +
      '--max-steps 9 --out a --dataset b --backbones c --quick --strict --shuffle-features --adapter d'
    ).split(' '),
    trainFlags,
  );
  const { prefix, mapper, tuneGpt2, epochs, batch, lr, warmup, seed, maxSteps } = values;
  assert.equal([prefix, mapper, tuneGpt2, epochs, batch], [20, 'transformer', true, 3, 8]);
  assert.equal([lr, warmup, seed, maxSteps], [1e-4, 0, 4, 9]);
  const { out, dataset, backbones, quick, strict, shuffleFeatures, adapter } = values;
  assert.equal([out, dataset, backbones, adapter], ['a', 'b', 'c', 'd']);
  assert.equal([quick, strict, shuffleFeatures], [true, true, true]);
});

test('scenes are passed twice, other datasets ten times, unless one says otherwise', () => {
  const epochsOf = (...args: string[]): number =>
    toSettings(parseFlags(['--prefix', '1', ...args], trainFlags).values).epochs;
  assert.is(epochsOf(), 2);
  assert.is(epochsOf('--quick'), 2);
  assert.is(epochsOf('--dataset', 'coco'), 10);
  assert.is(epochsOf('--dataset', 'coco', '--epochs', '3'), 3);
});

test('`pnpm train -- --prefix 0` hands the flag and the exit code on', async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const run = promisify(execFile)('pnpm', ['train', '--', '--prefix', '0'], { cwd: root });
  const error = (await run.catch((e: unknown) => e)) as { code: number; stdout: string; stderr: string };
  assert.is(error.code, 2);
  assert.match(error.stdout + error.stderr, 'the nearest allowed value is 1');
});

test('a --config file sets flags, is checked like them, and is refused with --resume', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-config-'));
  const file = join(root, 'config.json');
  const given = async (text: string, ...more: string[]): Promise<string> => {
    await writeFile(file, text);
    const { code, stderr } = await answer('train', ['--config', file, ...more]);
    return `${code} ${stderr}`;
  };
  assert.match(
    await given('{"prefx": 3}'),
    /^2 .*unknown setting "prefx"\n {2}cure: did you mean "prefix"\?/,
  );
  assert.match(
    await given('{"prefix": 0}'),
    /^2 .*prefix must be .*\n {2}cure: the nearest allowed value is 1/,
  );
  assert.match(await given('[3]'), /^1 .*holds no object/);
  assert.match(await given('{"dataset": "/nowhere"}'), /^1 [\s\S]*dataset \/nowhere: .*no such folder/);
  const wins = await given('{"dataset": "/nowhere"}', '--dataset', '/elsewhere');
  assert.match(wins, /^1 [\s\S]*dataset \/elsewhere: /);
  assert.match(await given('{}', '--resume', root), /^2 .*leave out --config/);
  await rm(root, { recursive: true });
});

test('a run folder that cannot be made is refused before anything is computed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-out-'));
  await writeFile(join(root, 'file'), '');
  const inFile = await answer('train', ['--out', join(root, 'file/run')]);
  assert.is(inFile.code, 1);
  assert.match(
    inFile.stderr,
    /^error: the run folder .* a part of its path is a file\n {2}cure: give another --out\n$/,
  );
  const full = await answer('train', ['--out', root]);
  assert.is(full.code, 1);
  assert.match(full.stderr, /^error: the run folder .* is not empty\n {2}cure: .*\n$/);
  await rm(root, { recursive: true });
});

test('without an adapter every command ends with the cure and exit code 3', async () => {
  const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  const out = join(tmpdir(), `foreword-no-adapter-${process.pid}`);
  for (const [command, args] of [
    ['doctor', []],
    ['train', ['--quick', '--out', out]],
    ['pretrain', ['clip']],
    ['caption', ['x.png', '--run', '/nowhere']],
    ['features', ['--dataset', 'scenes', '--out', out]],
  ] as const) {
    const got = await answer(command, [...args], { env });
    assert.is(got.code, 3, `${command}: ${got.text}`);
    assert.match(got.text, 'No WebGPU adapter answers');
    assert.match(got.text, 'setup.sh');
  }
  assert.not.ok(existsSync(out), 'nothing is left behind');
});

test('empty captions and unusable caption files are named', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-data-'));
  await mkdir(join(root, 'annotations'));
  const image = { id: 1, file_name: 'a.png', width: 8, height: 8 };
  const empty = JSON.stringify({ images: [image], annotations: [{ id: 1, image_id: 1, caption: '  ' }] });
  await writeFile(join(root, 'annotations/captions_train.json'), empty);
  const bare = await answer('train', ['--dataset', root]);
  assert.is(bare.code, 1);
  assert.match(bare.text, 'train split has no usable picture with a caption');
  await writeFile(join(root, 'annotations/captions_train.json'), '{"images": 3');
  const broken = await answer('train', ['--dataset', root]);
  assert.is(broken.code, 1);
  assert.match(broken.text, 'is no COCO caption file');
  await rm(root, { recursive: true });
});

test.run();
