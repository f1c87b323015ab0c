// PyTorch's OpInfo samples with gradients, where a Python with torch 1.13 is there (FOREWORD_PYTHON, or a python3): other
// versions have other samples, and the list of skips is that of these.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice, openSafetensorsPath } from '../../src/node.ts';
import { differs, readSkips, reasonsOf } from './skips.ts';
import { elementwise } from './torch/elementwise-rules.ts';
import { notMapped } from './torch/not-mapped.ts';
import { more } from './torch/more-rules.ts';
import { runTorchCase } from './torch/run-torch-case.ts';
import { shaped } from './torch/shape-rules.ts';
import type { TorchCase } from './torch/torch-call.ts';

interface Written {
  torch: string;
  names: string[];
  cases: TorchCase[];
  others: { op: string; why: string }[];
}

const rules = { ...elementwise, ...shaped, ...more };
// The list of skips is that of these samples.
const samplesOfOp = '4';
const only = new RegExp(process.env.FOREWORD_OUTSIDE ?? '');

function pythonWithTorch(): string | undefined {
  const named = process.env.FOREWORD_PYTHON;
  return (named ? [named] : ['python3', '/usr/bin/python3']).find((python) => {
    try {
      execFileSync(python, ['-c', 'import torch; assert torch.__version__.startswith("1.13")'], {
        stdio: 'ignore',
      });
      return true;
    } catch {
      return false;
    }
  });
}

const python = process.env.FOREWORD_TORCH === 'none' ? undefined : pythonWithTorch();
if (python) {
  const folder = mkdtempSync(join(tmpdir(), 'foreword-torch-'));
  const script = fileURLToPath(new URL('torch/write-cases.py', import.meta.url));
  const wanted = Object.keys(rules).filter((name) => only.test(name));
  execFileSync(python, [script, folder, samplesOfOp, ...wanted], { stdio: ['ignore', 'inherit', 'ignore'] });
  const { torch, names, cases, others } = JSON.parse(
    readFileSync(join(folder, 'cases.json'), 'utf8'),
  ) as Written;
  const file = await openSafetensorsPath(join(folder, 'cases.safetensors'));
  const device = await openDevice();
  const skips = readSkips<string[]>(new URL('torch-skips.json', import.meta.url));
  const leftOut: string[] = [];
  let passed = 0;

  const test = suite(`PyTorch ${torch} OpInfo`, { timeLimitSeconds: 120 });
  test.after.each(failOnGpuErrors(device));
  for (const op of wanted) {
    const listed = skips[op] ?? [];
    const isListed = listed.length > 0 ? ` (listed: ${listed.join('; ')})` : '';
    test(`${op}${isListed}`, async () => {
      const whys = others.filter((one) => one.op === op).map(({ why }) => why);
      for (const each of cases.filter((one) => one.op === op)) {
        const outcome = await runTorchCase(device, file, rules[op], each);
        if (outcome.kind === 'pass') passed++;
        else if (outcome.kind === 'skip') whys.push(outcome.why);
        // A difference that is not listed stands here with its figures.
        else
          whys.push(listed.find((why) => why.startsWith(differs)) ?? `sample ${each.sample}: ${outcome.why}`);
      }
      leftOut.push(...whys);
      // Neither a new failure, nor a listed reason that holds no more.
      assert.equal([...new Set(whys)].sort(), listed);
    });
  }
  test('device closes', async () => {
    await file.close();
    device.close();
    rmSync(folder, { recursive: true });
    console.log(
      `\nPyTorch's OpInfo: ${wanted.length} of ${names.length} ops mapped; ${passed} of ${passed + leftOut.length} samples pass`,
    );
    for (const [reason, count] of reasonsOf(leftOut)) console.log(`  ${count} left out: ${reason}`);
    const whys = names
      .filter((name) => !(name in rules))
      .map((name) => notMapped.find(([pattern]) => pattern.test(name))![1]);
    console.log('Ops that are not mapped:');
    for (const [reason, count] of reasonsOf(whys)) console.log(`  ${count}: ${reason}`);
  });
  test.run();
} else {
  const test = suite('PyTorch OpInfo');
  test.skip('skipped: no python3 can import torch 1.13 (FOREWORD_PYTHON names another)');
  console.log(
    "PyTorch's OpInfo is left out: no python3 can import torch 1.13 (FOREWORD_PYTHON names another).",
  );
  test.run();
}
