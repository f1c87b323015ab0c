// Command behind `pnpm test` and `pnpm conformance`: every package's tests, summed into one line.
//   node --import tsx packages/test-kit/src/test-all.ts [--conformance] [package…]
import { fileURLToPath } from 'node:url';
import { testPackages } from './test-packages.ts';

const timeLimitSeconds = 20 * 60;

const args = process.argv.slice(2).filter((arg) => arg !== '--');
const flags = args.filter((arg) => arg.startsWith('-'));
const unknown = flags.filter((flag) => flag !== '--conformance');
if (unknown.length > 0) {
  console.error(
    `unknown flag ${unknown.join(' ')}; usage: pnpm test [package…] or pnpm conformance [package…]`,
  );
  process.exitCode = 2;
} else {
  try {
    const counts = await testPackages({
      root: fileURLToPath(new URL('../../..', import.meta.url)),
      kind: flags.length > 0 ? 'conformance' : 'test',
      only: args.filter((arg) => !arg.startsWith('-')),
      timeLimitSeconds,
    });
    process.exitCode = counts.failed > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
