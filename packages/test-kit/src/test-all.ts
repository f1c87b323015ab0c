// Command behind `pnpm test`, `pnpm conformance`, `pnpm test:outside` and `pnpm test:full`: every package's tests, summed into one line.
//   node --import tsx packages/test-kit/src/test-all.ts [--conformance | --outside | --full] [package…]
import { fileURLToPath } from 'node:url';
import { testPackages, type TestKind } from './test-packages.ts';

const timeLimitSeconds = 30 * 60;

const args = process.argv.slice(2).filter((arg) => arg !== '--');
const flags = args.filter((arg) => arg.startsWith('-'));
const unknown = flags.filter((flag) => !['--conformance', '--outside', '--full'].includes(flag));
if (unknown.length > 0 || flags.length > 1) {
  console.error(
    `${unknown.length > 0 ? `unknown flag ${unknown.join(' ')}` : 'one kind of test at a time'}; ` +
      'usage: pnpm test [package…], and so pnpm conformance, pnpm test:outside and pnpm test:full',
  );
  process.exitCode = 2;
} else {
  try {
    const counts = await testPackages({
      root: fileURLToPath(new URL('../../..', import.meta.url)),
      kind: flags.length > 0 ? (flags[0].slice(2) as TestKind) : 'test',
      only: args.filter((arg) => !arg.startsWith('-')),
      timeLimitSeconds,
    });
    process.exitCode = counts.failed > 0 ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
