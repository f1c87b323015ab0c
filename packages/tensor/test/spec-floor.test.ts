// The ops need nothing beyond WebGPU's core: they hold on SwiftShader with every optional feature left out.
// A process of its own, since the Vulkan loader reads its environment once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import * as ops from '../src/ops/index.ts';

const driver = process.env.SWIFTSHADER_ICD ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const test = suite('spec floor', { timeLimitSeconds: 180 });
const title = 'every op, first sample, forward, without optional features';

async function holdsOnSwiftShader(): Promise<void> {
  const script = fileURLToPath(new URL('spec-floor-checks.ts', import.meta.url));
  const env: NodeJS.ProcessEnv = { ...process.env, VK_DRIVER_FILES: driver };
  // It might ask for an adapter that this driver does not have.
  delete env.FOREWORD_ADAPTER;
  const flags = ['--import', 'tsx', '--conditions=foreword-source', script];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { env });
  const report = JSON.parse(stdout) as { adapter: string; kind: string; checked: number; failures: string[] };
  assert.match(report.adapter, /swiftshader/i);
  assert.is(report.kind, 'software');
  assert.equal(report.failures, []);
  assert.is(report.checked, new Set(Object.values(ops).map((op) => op.definition)).size);
}

if (existsSync(driver)) test(title, holdsOnSwiftShader);
else {
  console.log(`spec floor: skipped, there is no SwiftShader driver at ${driver}; set SWIFTSHADER_ICD`);
  test.skip(title);
}

test.run();
