// setup.sh and .ci/run: what they would do on each system, how they count, how they end.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const test = suite('shell scripts', { timeLimitSeconds: 120 });
const root = fileURLToPath(new URL('../../..', import.meta.url));
let folder = '';
test.before.each(() => void (folder = mkdtempSync(join(tmpdir(), 'foreword-scripts-'))));
test.after.each(() => rmSync(folder, { recursive: true }));

function writeScript(path: string, body: string): void {
  writeFileSync(path, `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(path, 0o755);
}

/** A dry run of setup.sh on a Linux that calls itself `id` `version` and has no Vulkan driver. */
function drySetup(id: string, version: string): { status: number | null; text: string } {
  const release = join(folder, 'os-release');
  writeFileSync(release, `PRETTY_NAME="x"\nID=${id}\nVERSION_ID="${version}"\n`);
  const noDriver = {
    VK_DRIVER_FILES: join(folder, 'none.json'),
    VK_ICD_FILENAMES: join(folder, 'none.json'),
  };
  const run = spawnSync('bash', [join(root, 'setup.sh'), '--dry-run'], {
    encoding: 'utf8',
    env: { ...process.env, ...noDriver, FOREWORD_OS_RELEASE: release },
  });
  return { status: run.status, text: run.stdout + run.stderr };
}

test('setup.sh refuses unknown words and says what it can do', () => {
  const run = spawnSync('bash', [join(root, 'setup.sh'), '--drive'], { encoding: 'utf8' });
  assert.is(run.status, 2);
  assert.match(run.stdout, '--dry-run');
});

test('setup.sh: a name that no adapter has is no reason to install a driver', () => {
  const env = { ...process.env, FOREWORD_ADAPTER: 'no such one' };
  const run = spawnSync('bash', [join(root, 'setup.sh'), '--dry-run'], { encoding: 'utf8', env });
  assert.is(run.status, 3, run.stderr);
  assert.match(run.stderr, 'FOREWORD_ADAPTER asks for "no such one", but only this one answers: ');
  assert.not.match(run.stdout, 'apt-get');
});

if (process.platform === 'linux') {
  test('setup.sh: the software driver through apt, on Debian 12 from backports', () => {
    const install = /apt-get install .*libvulkan1 mesa-vulkan-drivers/;
    const twelve = drySetup('debian', '12');
    assert.match(twelve.text, /apt-get install .*-t bookworm-backports libvulkan1 mesa-vulkan-drivers/);
    for (const [id, version] of [
      ['debian', '13'],
      ['debian', ''],
      ['ubuntu', '24.04'],
      ['ubuntu', '26.04'],
    ]) {
      const { text } = drySetup(id, version);
      assert.match(text, install, `${id} ${version}`);
      assert.not.match(text, 'backports', `${id} ${version}`);
    }
  });

  test('setup.sh: elsewhere it says what to install and ends with exit code 3', () => {
    const cures: [id: string, version: string, cure: RegExp][] = [
      ['ubuntu', '22.04', /use Ubuntu 24\.04, or add a newer Mesa/],
      ['debian', '11', /Debian 12 or newer is needed/],
      ['fedora', '42', /sudo dnf install/],
      ['arch', '', /sudo pacman -S/],
      ['nixos', '25.05', /install the Vulkan loader and Mesa's Vulkan drivers/],
    ];
    for (const [id, version, cure] of cures) {
      const { status, text } = drySetup(id, version);
      assert.is(status, 3, id);
      assert.match(text, cure);
      assert.not.match(text, 'apt-get install -y');
    }
  });
} else {
  test.skip('setup.sh on Linux systems');
}

/** Runs a copy of .ci/run in a folder where `pnpm` and setup.sh are stubs. */
function runCi(stubs: { setup?: string; pnpm: string; data?: boolean }): {
  status: number | null;
  lines: string[];
} {
  const clone = join(folder, 'clone');
  for (const path of ['clone/.ci', 'clone/bin', 'data']) mkdirSync(join(folder, path), { recursive: true });
  copyFileSync(join(root, '.ci/run'), join(clone, '.ci/run'));
  writeScript(join(clone, 'setup.sh'), stubs.setup ?? 'exit 0');
  writeScript(join(clone, 'bin/pnpm'), stubs.pnpm);
  const run = spawnSync('bash', [join(clone, '.ci/run')], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(clone, 'bin')}${delimiter}${process.env.PATH}`,
      FOREWORD_TEST_DATA: join(folder, stubs.data === false ? 'none' : 'data'),
    },
  });
  return { status: run.status, lines: run.stdout.trimEnd().split('\n') };
}

/** Steps whose counts these tests do not look at. */
const others = 'test:runtimes | test:outside) echo "0 passed, 0 failed";;';

const goodTraining =
  'out="${@: -1}"; mkdir -p "$out"; for f in config.json metrics.jsonl samples.jsonl summary.json; do echo x > "$out/$f"; done';

test('.ci/run: the last line is the sum of all steps', () => {
  const { status, lines } = runCi({
    pnpm: `case "$1" in test) echo "  tensor 9 passed, 0 failed"; echo "10 passed, 0 failed";;
      conformance) echo "5 passed, 0 failed";; train) ${goodTraining};; ${others} esac`,
  });
  assert.is(lines.at(-1), '17 passed, 0 failed');
  assert.is(status, 0);
});

test('.ci/run: failures are added up, later steps still run, and the exit code tells', () => {
  const { status, lines } = runCi({
    pnpm: `case "$1" in check) exit 1;; test) echo "10 passed, 2 failed"; exit 1;;
      conformance) echo "5 passed, 0 failed"; exit 1;; train) ${goodTraining};; ${others} esac`,
  });
  assert.is(lines.at(-1), '16 passed, 4 failed');
  assert.is(status, 1);
});

test('.ci/run: a step without a count and a training without results are failures', () => {
  const { status, lines } = runCi({
    pnpm: `case "$1" in conformance) echo "5 passed, 0 failed";; ${others} esac`,
  });
  assert.is(lines.at(-1), '6 passed, 2 failed');
  assert.ok(lines.includes('pnpm test printed no count'));
  assert.ok(lines.includes('the training left no config.json'));
  assert.is(status, 1);
});

test('.ci/run: without the data conformance is skipped and said to be; a failed setup ends it', () => {
  const without = runCi({
    data: false,
    pnpm: `case "$1" in test) echo "1 passed, 0 failed";; train) ${goodTraining};; ${others} esac`,
  });
  assert.is(without.lines.at(-1), '3 passed, 0 failed');
  assert.match(without.lines.join('\n'), 'conformance: skipped');
  const broken = runCi({ setup: 'exit 3', pnpm: 'echo "1 passed, 0 failed"' });
  assert.is(broken.lines.at(-1), '0 passed, 1 failed');
  assert.is(broken.status, 1);
});

test.run();
