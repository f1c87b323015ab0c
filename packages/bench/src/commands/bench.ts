// `pnpm bench` measures this engine alone, `pnpm bench peers` beside others. Benchmarks, not tests: slow is no
// failure, wrong is.
import { runCommand } from '@foreword/cli-kit';
import { benchCommand } from './bench-command.ts';
import { peersCommand } from './peers-command.ts';

const [first, ...rest] = process.argv.slice(2).filter((word) => word !== '--');
await (first === 'peers' ? runCommand(peersCommand, rest) : runCommand(benchCommand));
