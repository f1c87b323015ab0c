// Every command of the root package.json: how it takes the choice of an adapter, and how it ends without one.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const test = suite('commands', { timeLimitSeconds: 180 });
const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** What each command, or command of a command, needs on its command line before it looks for an adapter. */
const commandLines: Record<string, string[]> = {
  doctor: [],
  pretrain: ['clip'],
  train: ['--quick'],
  caption: ['--run', 'no-such-run', 'no-such-picture.png'],
  bench: ['--only', 'matmul'],
  'bench peers': ['--only', 'matmul'],
  'bench gpu': [],
  profile: [],
  tune: ['--work', 'matmul-256'],
  features: ['--dataset', 'scenes', '--out', '.cache/no-such'],
  'zero-shot': ['no-such-picture.png', '--labels', 'a dog,a cat'],
};
/** Commands that compute nothing on a GPU themselves, and one that reads its run before it looks for one. */
const withoutAdapter = ['models', 'score', 'report', 'study', 'caption-test', 'bench scaling'];

interface Ending {
  code: number | null;
  text: string;
}

/** Runs the command as its script says. */
function run(command: string, args: readonly string[], env: Record<string, string>): Promise<Ending> {
  const [name, ...within] = command.split(' ');
  const [, ...script] = manifest.scripts[name].split(' ');
  const child = spawn(process.execPath, [...script, ...within, ...commandLines[command], ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => void (text += piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

const noDriver = { VK_DRIVER_FILES: '/none.json', VK_ICD_FILENAMES: '/none.json' };

test('the commands below are those of package.json', () => {
  const found = Object.entries(manifest.scripts).filter(([, script]) => script.includes('/src/commands/'));
  const listed = [...Object.keys(commandLines), ...withoutAdapter].map((command) => command.split(' ')[0]);
  assert.equal(found.map(([name]) => name).sort(), [...new Set(listed)].sort());
});

for (const command of Object.keys(commandLines)) {
  if (process.platform === 'linux') {
    test(`${command} without an adapter: the cure of this system and exit code 3`, async () => {
      const { code, text } = await run(command, [], noDriver);
      assert.is(code, 3, text);
      assert.match(text, 'error: No WebGPU adapter answers here; ');
      assert.match(text, 'run ./setup.sh');
    });
  }

  test(`${command} takes --adapter and FOREWORD_ADAPTER, and no other adapter instead`, async () => {
    for (const [args, env] of [
      [['--adapter', 'no such one'], {}],
      [[], { FOREWORD_ADAPTER: 'no such one' }],
    ] as const) {
      const { code, text } = await run(command, args, env);
      assert.is(code, 3, text);
      assert.match(text, 'error: No WebGPU adapter has "no such one" in its name');
    }
  });
}

test('doctor prints adapter, driver, features, limits and a cure for each missing thing', async () => {
  const { code, text } = await run('doctor', [], {});
  assert.is(code, 0, text);
  for (const row of [
    'adapter: ',
    '  driver  ',
    '  features  ',
    '  largest buffer  ',
    '  largest binding  ',
  ]) {
    assert.ok(text.includes(row), `${row} is missing in\n${text}`);
  }
  const remarks = text.split('\n').filter((line) => line.startsWith('- '));
  for (const remark of remarks) assert.match(remark, '. Cure: ');
});

test.run();
