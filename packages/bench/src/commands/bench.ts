// `pnpm bench` measures this engine alone, `pnpm bench peers` beside others, `pnpm bench gpu` what is set for GPUs;
// `pnpm bench scaling` computes how cost grows. Benchmarks, not tests: slow is no failure, wrong is.
import { runCommand } from '@foreword/cli-kit';
import { benchCommand } from './bench-command.ts';
import { gpuCommand } from './gpu-command.ts';
import { peersCommand } from './peers-command.ts';
import { scalingCommand } from './scaling-command.ts';

const [first, ...rest] = process.argv.slice(2).filter((word) => word !== '--');
switch (first) {
  case 'peers':
    await runCommand(peersCommand, rest);
    break;
  case 'gpu':
    await runCommand(gpuCommand, rest);
    break;
  case 'scaling':
    await runCommand(scalingCommand, rest);
    break;
  default:
    await runCommand(benchCommand);
}
