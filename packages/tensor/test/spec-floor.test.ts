// The ops need nothing beyond WebGPU's core: they hold on SwiftShader with every optional feature left out. And they
// take subgroups as they are: SwiftShader's have 4 invocations.
// A process of its own, since the Vulkan loader reads its environment once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { checkedOps } from './op-check.ts';

const driver = process.env.SWIFTSHADER_ICD ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const test = suite('spec floor', { timeLimitSeconds: 900 });

interface Report {
  adapter: string;
  kind: string;
  f16: boolean;
  subgroups?: { min: number; max: number };
  invocations: number;
  checked: number;
  failures: string[];
}

async function checkOnSwiftShader(without: readonly string[]): Promise<Report> {
  const script = fileURLToPath(new URL('spec-floor-checks.ts', import.meta.url));
  const env: NodeJS.ProcessEnv = { ...process.env, VK_DRIVER_FILES: driver };
  // It might ask for an adapter that this driver does not have.
  delete env.FOREWORD_ADAPTER;
  const flags = ['--import', 'tsx', '--conditions=foreword-source', script, ...without];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { env });
  const report = JSON.parse(stdout) as Report;
  assert.match(report.adapter, /swiftshader/i);
  assert.is(report.kind, 'software');
  assert.is(report.f16, false);
  assert.is(report.invocations, 256);
  assert.equal(report.failures, []);
  assert.is(report.checked, checkedOps.length);
  return report;
}

const onSwiftShader = (title: string, body: () => Promise<void>): void => {
  if (existsSync(driver)) test(title, body);
  else {
    console.log(`spec floor: skipped, there is no SwiftShader driver at ${driver}; set SWIFTSHADER_ICD`);
    test.skip(title);
  }
};

onSwiftShader('every op, first sample, without optional features', async () => {
  const { subgroups } = await checkOnSwiftShader(['shader-f16', 'subgroups', 'timestamp-query']);
  assert.is(subgroups, undefined);
});

onSwiftShader('every op, first sample, with subgroups of 4', async () => {
  assert.equal((await checkOnSwiftShader([])).subgroups, { min: 4, max: 4 });
});

test.run();
