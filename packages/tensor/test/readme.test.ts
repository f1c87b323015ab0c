// The README's program does what the README says.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const root = new URL('../', import.meta.url);
const test = suite('README', { timeLimitSeconds: 120 });

test('its program runs as it stands, and the loss falls', async () => {
  const [, program] = /```ts\n(.*?)```/s.exec(await readFile(new URL('README.md', root), 'utf8'))!;
  // Evaluated inside the package, so that its own name resolves to it.
  const flags = ['--import', 'tsx', '--conditions=foreword-source', '--input-type=module', '--eval', program];
  // The test runner asks for colours, which would stand between the numbers.
  const env = { ...process.env, FORCE_COLOR: '0' };
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: fileURLToPath(root), env });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  assert.equal(
    rows.map(([step]) => step),
    [1, 200],
    stdout,
  );
  const [[, first], [, last]] = rows;
  assert.ok(first > 0.1, `the first loss is ${first}`);
  assert.ok(last >= 0 && last < first / 20, `the loss went from ${first} to ${last}`);
});

test.run();
