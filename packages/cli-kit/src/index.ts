// What command line tools import: flags, the command runner, progress, atomic files, interrupts.
export { CommandError, UsageError, exitCodeOf } from './command-error.ts';
export { defineFlags, flagName } from './flag-spec.ts';
export type { FlagSpec, FlagSpecs, FlagValues, PositionalSpec } from './flag-spec.ts';
export { formatHelp } from './format-help.ts';
export type { CommandDescription } from './format-help.ts';
export { InterruptedError, interruptOnce } from './interrupt-once.ts';
export type { Interrupt, InterruptOptions } from './interrupt-once.ts';
export { editDistance, nearestWord } from './nearest-word.ts';
export { parseFlags } from './parse-flags.ts';
export type { ParsedFlags, ParseOptions } from './parse-flags.ts';
export { ProgressBar } from './progress-bar.ts';
export type { ProgressOptions, ProgressStream } from './progress-bar.ts';
export { runCommand } from './run-command.ts';
export type { Command } from './run-command.ts';
export { describeShard, parseShard, shardOfEnvironment } from './shard.ts';
export type { Shard } from './shard.ts';
export {
  assertWritable,
  FileWriteError,
  makeFolder,
  removeUnfinished,
  writeFileAtomic,
} from './write-file-atomic.ts';
