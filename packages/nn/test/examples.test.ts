// The programs in examples/ do what they say: each runs as it stands, in a process of its own.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';

const folder = new URL('../../../examples/', import.meta.url);
const test = suite('examples', { timeLimitSeconds: 300 });

async function outputOf(program: string): Promise<string> {
  const args = ['--import', 'tsx', '--conditions=foreword-source', program];
  // The test runner asks for colours, which would stand between the numbers.
  const env = { ...process.env, FORCE_COLOR: '0' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(folder), env });
  return stdout;
}

test('programs have at most 60 lines', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const lines = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n').length;
    assert.ok(lines <= 60, `${file} has ${lines} lines`);
  }
});

test('xor.ts learns it', async () => {
  const output = await outputOf('xor.ts');
  const [, last] = /step 200: loss (\S+)/.exec(output)!;
  assert.ok(Number(last) < 1e-3, output);
});

test('digits.ts reads 97 % of digits it has not seen', async () => {
  const output = await outputOf('digits.ts');
  const [, share] = /(\S+) % of 500 digits/.exec(output)!;
  assert.ok(Number(share) >= 97, output);
});

/** Entropy of a character given the one before it, in nats: what no count of pairs can go below on this text. */
function bigramEntropy(text: string): number {
  const [pairs, singles] = [new Map<string, number>(), new Map<string, number>()];
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = text.slice(i, i + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    singles.set(pair[0], (singles.get(pair[0]) ?? 0) + 1);
  }
  let total = 0;
  for (const [pair, count] of pairs) total -= count * Math.log(count / singles.get(pair[0])!);
  return total / (text.length - 1);
}

test('characters.ts learns more than pairs of characters', async () => {
  const output = await outputOf('characters.ts');
  const [, last] = /step 300: loss (\S+)/.exec(output)!;
  const pairs = bigramEntropy(readFileSync(new URL('../README.md', folder), 'utf8'));
  assert.ok(Number(last) < pairs, `${output}\nentropy of pairs: ${pairs}`);
});

test.run();
