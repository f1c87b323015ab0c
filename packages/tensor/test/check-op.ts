// Command behind `pnpm check:op softmax topK`: the generated checks of these ops alone.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const names = process.argv.slice(2).filter((name) => name !== '--');
if (names.length === 0) {
  console.error('which ops? For example: pnpm check:op softmax topK');
  process.exitCode = 2;
} else {
  const tests = fileURLToPath(new URL('./ops.test.ts', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=foreword-source', tests];
  const env = { ...process.env, FOREWORD_OPS: names.join(',') };
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
}
