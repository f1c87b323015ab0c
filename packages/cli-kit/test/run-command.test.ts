// Exit codes, messages, long output through a pipe and interrupts of real processes.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellExitCode, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const test = suite('run command', { timeLimitSeconds: 60 });
const fixture = fileURLToPath(new URL('./command.fixture.ts', import.meta.url));

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the fixture command; `onOutput` sees stdout so far after every piece. */
function run(
  args: string[],
  env: Record<string, string> = {},
  onOutput: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Outcome> {
  const flags = ['--import', 'tsx', '--conditions=foreword-source'];
  const child = spawn(process.execPath, [...flags, fixture, ...args], { env: { ...process.env, ...env } });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.stdout += text;
    onOutput(outcome.stdout, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (outcome.stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...outcome, code: shellExitCode(code, signal) }));
  });
}

test('a command that is done ends with 0 although a timer is still running', async () => {
  const { code, stdout, stderr } = await run(['--do', 'hold-open']);
  assert.equal([code, stdout, stderr], [0, 'done\n', '']);
});

test('an exit code may be returned', async () => {
  assert.is((await run(['--do', 'return-4'])).code, 4);
});

test('stdout is not cut, however much was written', async () => {
  const { code, stdout } = await run(['--do', 'long-output']);
  assert.is(code, 1);
  assert.is(stdout.length, 5_000_000);
});

test('--help', async () => {
  const { code, stdout } = await run(['--help']);
  assert.is(code, 0);
  assert.match(stdout, 'Usage: pnpm fixture [flags]');
});

test('a wrong command line: exit code 2, message, cure, where help is', async () => {
  const { code, stderr } = await run(['--dou', 'x']);
  assert.is(code, 2);
  assert.is(
    stderr,
    'error: unknown flag --dou\n  cure: did you mean --do?\n  all flags: pnpm fixture --help\n',
  );
});

test('an error with an exit code of its own: message and cure, no stack', async () => {
  const { code, stderr } = await run(['--do', 'no-adapter']);
  assert.is(code, 3);
  assert.is(stderr, 'error: no WebGPU adapter answers\n  cure: install a Vulkan driver\n');
});

test('a defect: exit code 1, causes; the stack only on request', async () => {
  const quiet = await run(['--do', 'defect']);
  assert.is(quiet.code, 1);
  assert.match(quiet.stderr, 'error: wrong turn\n  because: the map is old\n  FOREWORD_DEBUG=1 shows where');
  assert.not.match(quiet.stderr, /^ {4}at /m);
  const loud = await run(['--do', 'defect'], { FOREWORD_DEBUG: '1' });
  assert.match(loud.stderr, /^ {4}at /m);
});

test('work that can never go on is an error, not a silent end', async () => {
  const { code, stderr } = await run(['--do', 'starve']);
  assert.is(code, 1);
  assert.match(stderr, 'ended before its work was done');
});

/** The fixture's exit code, and stderr, with its output redirected by bash. */
async function redirected(args: string, to: string): Promise<[code: unknown, stderr: string]> {
  const flags = `--import tsx --conditions=foreword-source "${fixture}" ${args}`;
  const child = spawn('bash', ['-c', `set -o pipefail; "${process.execPath}" ${flags} ${to}`]);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  return [await new Promise((resolve) => child.on('close', resolve)), stderr];
}

test('a reader that closes the pipe ends the command quietly, with the code of SIGPIPE', async () => {
  assert.equal(await redirected('--do long-output', '| head -c 10'), [141, '']);
});

test('a log that cannot be written ends nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-log-'));
  const endings: [to: string, code: number][] = [['2>&1 | head -1', 141]];
  if (existsSync('/dev/full')) endings.push(['2>/dev/full', 0]);
  for (const [i, [to, code]] of endings.entries()) {
    const file = join(folder, String(i));
    assert.equal((await redirected(`--do log-and-save --file ${file}`, to))[0], code, to);
    assert.is(readFileSync(file, 'utf8'), 'saved', to);
  }
  rmSync(folder, { recursive: true });
});

test('a stdout that is closed or full lets the work save first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-output-'));
  const endings: [to: string, code: number, stderr: RegExp][] = [['| head -2', 141, /^$/]];
  if (existsSync('/dev/full'))
    endings.push(['>/dev/full', 1, /^error: stdout cannot be written \(ENOSPC\)\n {2}.*\n {2}cure: .*\n$/]);
  for (const [i, [to, code, wanted]] of endings.entries()) {
    const file = join(folder, String(i));
    const [got, stderr] = await redirected(`--do print-and-save --file ${file}`, to);
    assert.is(got, code, to);
    assert.match(stderr, wanted);
    assert.is(readFileSync(file, 'utf8'), 'saved early: true', to);
  }
  rmSync(folder, { recursive: true });
});

test('first Ctrl-C lets the step finish and exits 130', async () => {
  let sent = false;
  const { code, stdout, stderr } = await run(['--do', 'steps'], {}, (text, kill) => {
    if (!sent && text.includes('step 2')) kill('SIGINT');
    sent ||= text.includes('step 2');
  });
  assert.is(code, 130);
  assert.match(stdout, /saved after step \d+\n$/);
  assert.is(stderr, '\nfinishing the current step; Ctrl-C again quits at once\ninterrupted\n');
});

test('a command whose starter is gone saves and ends like one that is interrupted', async () => {
  const flags = ['--import', 'tsx', '--conditions=foreword-source', fixture, '--do', 'steps'];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  let stdout = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (child.connected && stdout.includes('step 2')) child.disconnect();
  });
  const ended = new Promise((resolve) => child.stdout!.on('end', resolve));
  assert.is(await new Promise((resolve) => child.on('exit', resolve)), 130);
  await ended;
  assert.match(stdout, /saved after step \d+\n$/);
});

test('an echo of the first signal is ignored, a second one quits at once', async () => {
  let echoed = false;
  const twice = await run(['--do', 'steps'], {}, (text, kill) => {
    if (echoed || !text.includes('step 2')) return;
    echoed = true;
    kill('SIGINT');
    kill('SIGTERM');
  });
  assert.equal([twice.code, /saved after/.test(twice.stdout)], [130, true]);

  let first = false;
  const second = await run(['--do', 'stubborn'], {}, (text, kill) => {
    if (!first) kill('SIGINT');
    first = true;
    if (text.includes('later')) kill('SIGINT');
  });
  assert.equal([second.code, /never ends/.test(second.stdout)], [130, false]);
});

test('a second Ctrl-C in the middle of writing leaves the old file and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-quit-'));
  const file = join(folder, 'last.safetensors');
  writeFileSync(file, 'old');
  const { code } = await run(['--do', 'write-for-ever', '--file', file], {}, (text, kill) => {
    if (/piece [15]\n$/.test(text)) kill('SIGINT');
  });
  assert.is(code, 130);
  assert.equal(readdirSync(folder), ['last.safetensors']);
  assert.is(readFileSync(file, 'utf8'), 'old');
  rmSync(folder, { recursive: true });
});

test.run();
