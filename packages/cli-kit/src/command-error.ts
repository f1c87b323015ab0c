// Errors meant for the person at the terminal: a message, a cure and an exit code.

/** An expected failure. `message` says what is wrong, `cure` what to do about it. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;
  readonly cure: string | undefined;

  constructor(message: string, options: { exitCode?: number; cure?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.cure = options.cure;
  }
}

/** The command line itself is wrong; exit code 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string, options: { cure?: string } = {}) {
    super(message, { exitCode: 2, cure: options.cure });
  }
}

/** The `exitCode` an error carries, when it is a whole number from 1 to 255; otherwise 1. */
export function exitCodeOf(error: unknown): number {
  const code = (error as { exitCode?: unknown } | null | undefined)?.exitCode;
  return typeof code === 'number' && Number.isInteger(code) && code >= 1 && code <= 255 ? code : 1;
}
