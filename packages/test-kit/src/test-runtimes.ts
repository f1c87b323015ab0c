// Command behind `pnpm test:runtimes`: the suites `packages/*/test/runtimes/*.runtime.ts` under Deno and in Firefox, whose
// numbers must be Node's. The last line is `N passed, N failed`.
//   node --import tsx packages/test-kit/src/test-runtimes.ts [--quick]
import { fileURLToPath } from 'node:url';
import { testRuntimes } from './runtimes/test-runtimes.ts';

const flags = process.argv.slice(2).filter((flag) => flag !== '--');
const [unknown] = flags.filter((flag) => flag !== '--quick');
if (unknown) {
  console.error(`unknown argument ${unknown}; usage: pnpm test:runtimes [--quick]`);
  process.exitCode = 2;
} else {
  const { failed } = await testRuntimes({
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    selection: flags.length > 0 ? 'quick' : 'all',
  });
  process.exitCode = failed > 0 ? 1 : 0;
}
