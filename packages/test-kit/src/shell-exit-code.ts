// How a process ended, as shells tell it.
import { constants } from 'node:os';

/** The exit code of a child process; of one that a signal ended, 128 and the signal's number. */
export const shellExitCode = (code: number | null, signal: NodeJS.Signals | null): number | null =>
  signal === null ? code : 128 + constants.signals[signal];
