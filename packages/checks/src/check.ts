// Command behind `pnpm check`: every check, one line each, problems below; exit code 1 when any failed.
//   node --import tsx packages/checks/src/check.ts [name…]
import { fileURLToPath } from 'node:url';
import { ownChecks } from './own-checks.ts';
import { openRepository } from './repository.ts';
import { runTool, toolChecks } from './tool-checks.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const wanted = process.argv.slice(2).filter((arg) => arg !== '--');
const names = [...ownChecks, ...toolChecks].map((check) => check.name);
const unknown = wanted.filter((name) => !names.includes(name));

if (unknown.length > 0) {
  console.error(`no check is called ${unknown.join(', ')}; there are: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  process.exitCode = (await runChecks()) ? 0 : 1;
}

async function runChecks(): Promise<boolean> {
  const isWanted = ({ name }: { name: string }): boolean => wanted.length === 0 || wanted.includes(name);
  let passed = 0;
  let failed = 0;
  const report = (name: string, problems: readonly string[], seconds: number): void => {
    if (problems.length === 0) passed++;
    else failed++;
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
    for (const problem of problems) console.log(`       ${problem}`);
  };
  const repository = openRepository(root);
  for (const check of ownChecks.filter(isWanted)) {
    const started = performance.now();
    report(check.name, check.find(repository), (performance.now() - started) / 1000);
    for (const remark of check.remark?.(repository) ?? []) console.log(`       note: ${remark}`);
  }
  for (const tool of toolChecks.filter(isWanted)) {
    const started = performance.now();
    const outcome = await runTool(tool, root);
    const problems = outcome.passed ? [] : outcome.output.trim().split('\n');
    report(tool.name, problems, (performance.now() - started) / 1000);
  }
  if (failed > 0) console.log('\npnpm format repairs the format; pnpm check <name> runs one check alone.');
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}
