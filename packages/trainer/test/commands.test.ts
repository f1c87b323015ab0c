// What the commands answer to bad input: a clear sentence, the cure, the exit code.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const here = dirname(fileURLToPath(import.meta.url));

interface Answer {
  code: number | null;
  text: string;
}

function answer(command: string, args: string[], env: Record<string, string> = {}): Promise<Answer> {
  const file = join(here, '../src/commands', `${command}.ts`);
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=foreword-source', file, ...args], {
    env: { ...process.env, ...env },
    cwd: join(here, '..'),
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text += data.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })));
}

const test = suite('commands', { timeLimitSeconds: 120 });

const refusals: [what: string, command: string, args: string[], code: number, ...words: string[]][] = [
  ['an unknown flag', 'train', ['--prefx', '20'], 2, '--prefx', '--prefix'],
  ['a wrong value', 'train', ['--mapper', 'mpl'], 2, 'mpl', 'mlp'],
  ['a prefix of 0', 'train', ['--prefix', '0'], 2, 'from 1'],
  ['a missing config file', 'train', ['--config', '/nowhere.json'], 1, '/nowhere.json'],
  ['a folder that is no run', 'train', ['--resume', '/nowhere'], 1, 'no folder of a training run'],
  ['a missing dataset', 'train', ['--dataset', '/nowhere'], 1, 'no such folder', 'captions_train'],
  ['an unknown backbone', 'pretrain', ['gpt3'], 2, 'clip or gpt2'],
  ['a caption without picture', 'caption', [], 2, 'image'],
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

test('without an adapter every command ends with the cure and exit code 3', async () => {
  const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  for (const [command, args] of [
    ['doctor', []],
    ['train', ['--quick']],
    ['pretrain', ['clip']],
  ] as const) {
    const got = await answer(command, [...args], env);
    assert.is(got.code, 3, `${command}: ${got.text}`);
    assert.match(got.text, 'No WebGPU adapter answers');
    assert.match(got.text, 'setup.sh');
  }
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
