// The one error of this package: what is wrong, what to do about it, and a code for programs.

/**
 * `name`: a model, file or revision name that is refused. `not-found`, `access`, `server`, `network`: what the hub or
 * the way to it says. `offline`: not cached, and requests are forbidden. `integrity`: other bytes than the hub
 * announced. `disk`: the cache cannot be written.
 */
export type HubErrorCode =
  | 'name'
  | 'not-found'
  | 'access'
  | 'server'
  | 'network'
  | 'offline'
  | 'integrity'
  | 'disk';

/** `message` names the cause, `cure` what to do about it. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: HubErrorCode;
  readonly cure: string;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    options: { code: HubErrorCode; cure: string; cause?: unknown; retryAfterMs?: number },
  ) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.cure = options.cure;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Whether another try may go better. */
export function isPassing(error: unknown): boolean {
  return error instanceof HubError && (error.code === 'network' || error.code === 'server');
}
