// `pnpm study` with two tiny trainings as processes: interrupted, gone on with, skipped, one failing; and its report.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { shellExitCode, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { ReportJson } from '../src/report/report-json.ts';
import { makeTinyWorld, type TinyWorld } from './tiny-world.ts';

const test = suite('study command', { timeLimitSeconds: 150 });
const commands = fileURLToPath(new URL('../src/commands', import.meta.url));
const [frozen, tuned] = ['prefix-2-seed-1', 'prefix-2-tune-gpt2-seed-1'];
let world: TinyWorld;
let out: string;

interface Answer {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(
  command: string,
  args: string[],
  onError?: (stderr: string, stop: (signal?: NodeJS.Signals) => void) => void,
): Promise<Answer> {
  const loader = ['--import', 'tsx', '--conditions=foreword-source'];
  const child = spawn(process.execPath, [...loader, join(commands, `${command}.ts`), ...args], {
    env: { ...process.env, FOREWORD_CACHE: world.cache },
  });
  const got: Answer = { code: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      got[name] += text;
      if (name === 'stderr') onError?.(got.stderr, (name = 'SIGINT') => child.kill(name));
    });
  }
  return new Promise((settle) =>
    child.on('close', (code, signal) => settle({ ...got, code: shellExitCode(code, signal) })),
  );
}

const study = (args: string[], onError?: Parameters<typeof run>[2]): Promise<Answer> => {
  const { dataset, backbones } = world;
  const own = [
    '--dataset',
    dataset,
    '--backbones',
    backbones,
    '--out',
    out,
    '--batch',
    '4',
    '--epochs',
    '30',
  ];
  return run('study', ['lengths', '--lengths', '2', '--seeds', '1', ...own, ...args], onError);
};

const linesOf = async (id: string): Promise<number> =>
  (await readFile(join(out, 'cells', id, 'metrics.jsonl'), 'utf8')).trim().split('\n').length;

test.before(async () => {
  world = await makeTinyWorld();
  out = join(world.root, 'study');
});
test.after(async () => await rm(world.root, { recursive: true }));

test('--list prints cells and costs, and begins nothing', async () => {
  const { code, stdout, stderr } = await study(['--list']);
  assert.is(code, 0, stderr);
  assert.match(stdout, new RegExp(`^${frozen} +to do +0:\\d\\d min, estimated$`, 'm'));
  assert.match(stdout, /^2 cells, 0 done; 2 to do: about \d:\d\d min/m);
  assert.not(existsSync(out));
});

test('Ctrl-C saves the current cell and begins no other', async () => {
  let sent = false;
  const { code, stderr } = await study([], (text, stop) => {
    if (sent || !/^train \d+\/120/m.test(text)) return;
    sent = true;
    stop();
  });
  assert.is(code, 130, stderr);
  assert.match(stderr, `[1/2] ${frozen}: begins`);
  assert.match(stderr, 'the current cell saves and stops');
  assert.match(stderr, 'interrupted; 2 cells remain. The same command goes on.');
  const done = await linesOf(frozen);
  assert.ok(done >= 1 && done < 120, `${done} steps`);
  assert.not(existsSync(join(out, 'cells', tuned)));
  assert.match((await study(['--list'])).stdout, new RegExp(`^${frozen} +interrupted`, 'm'));
});

test('a study that is killed leaves no training behind: it saves and stops', async () => {
  const checkpoint = join(out, 'cells', frozen, 'checkpoints/last.safetensors');
  const before = await readFile(checkpoint);
  let sent = false;
  const killed = await study([], (text, stop) => {
    if (sent || !/^train \d+\/120/m.test(text)) return;
    sent = true;
    stop('SIGKILL');
  });
  assert.is(killed.code, 137, killed.stderr);
  // The log ends with the study; this is what the training still writes.
  while (before.equals(await readFile(checkpoint))) await wait(50);
  const done = await linesOf(frozen);
  await wait(1000);
  assert.is(await linesOf(frozen), done);
  assert.ok(done < 120, `${done} steps`);
});

test('a failing cell is reported, the others go on, and the exit code is 1', async () => {
  const checkpoint = join(out, 'cells', frozen, 'checkpoints/last.safetensors');
  const whole = await readFile(checkpoint);
  await writeFile(checkpoint, whole.subarray(0, 100));
  const { code, stderr } = await study([]);
  await writeFile(checkpoint, whole);
  assert.is(code, 1, stderr);
  assert.match(stderr, new RegExp(`\\[1/2\\] ${frozen}: failed: the checkpoint .*cannot be read`));
  assert.match(stderr, `[2/2] ${tuned}: begins`);
  assert.match(stderr, new RegExp(`error: 1 of 2 cells failed: ${frozen}\\n {2}cure: `));
  assert.ok(existsSync(join(out, 'cells', tuned, 'summary.json')));
  assert.match(await readFile(join(out, 'cells', `${frozen}.log`), 'utf8'), 'error: the checkpoint');
});

test('the same command goes on where it stopped and skips what is done; the report has both', async () => {
  const before = await readFile(join(out, 'cells', tuned, 'summary.json'), 'utf8');
  const { code, stdout, stderr } = await study([]);
  assert.is(code, 0, stderr);
  assert.match(stderr, `[1/2] ${frozen}: goes on`);
  assert.match(stderr, `[2/2] ${tuned}: done before`);
  assert.is(await linesOf(frozen), 120);
  assert.is(await readFile(join(out, 'cells', tuned, 'summary.json'), 'utf8'), before);
  assert.match(stdout, 'Does a longer prefix caption better?');
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as ReportJson;
  assert.equal(
    report.rows.map(({ cells }) => cells),
    [[frozen], [tuned]],
  );
  // 16 → 32 → 64 with biases; the tuned one trains GPT-2 besides.
  assert.is(report.rows[0].trainedParameters, 17 * 32 + 33 * 64);
  assert.ok(report.rows[1].trainedParameters! > 10_000);
  assert.ok((await readdir(out)).every((name) => !name.endsWith('.tmp')));
});

test('cells with other settings are not taken for the same, and keep their plan', async () => {
  const { code, stderr } = await study(['--epochs', '31']);
  assert.is(code, 1);
  assert.match(
    stderr,
    `${frozen}: it was run with epochs 30 instead of 31 (and 1 more)\n  cure: give another --out`,
  );
});

test('another way of decoding captions a run anew, and the report is written again', async () => {
  const folder = join(world.root, 'beam');
  const cell = join(out, 'cells', frozen);
  const got = await run('../../../trainer/src/commands/caption-test', [
    '--run',
    cell,
    '--decode',
    'beam:2',
    '--out',
    folder,
  ]);
  assert.is(got.code, 0, got.stderr);
  assert.match(got.stdout, /^beam:2: BLEU-1\.\.4 [\d. ]+, CIDEr \S+ on 6 test pictures$/m);
  assert.is((await readFile(join(folder, 'samples.jsonl'), 'utf8')).trim().split('\n').length, 6);
  await rm(join(out, 'report.md'));
  const again = await run('report', [out]);
  assert.is(again.code, 0, again.stderr);
  assert.match(await readFile(join(out, 'report.md'), 'utf8'), '| P = 2, GPT-2 frozen |');
  assert.match((await run('report', [world.root])).stderr, /study\.json cannot be used.*\n {2}cure: /);
});

test.run();
