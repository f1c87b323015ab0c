// Two-stage Ctrl-C: the first asks the work to stop at a good place, the second ends the process at once.
import { CommandError } from './command-error.ts';

/** Work ended early because somebody asked for it; exit code 130. */
export class InterruptedError extends CommandError {
  override readonly name = 'InterruptedError';

  constructor(message = 'interrupted') {
    super(message, { exitCode: 130 });
  }
}

/** Nobody reads stdout any more; exit code 141, as after SIGPIPE. */
export class OutputClosedError extends CommandError {
  override readonly name = 'OutputClosedError';

  constructor() {
    super('stdout was closed', { exitCode: 141 });
  }
}

/** Of the interrupts that are listened for. */
const listening = new Set<AbortController>();

/** Asks the work to save and stop, as a first Ctrl-C does; false when nothing listens. */
export function stopWork(reason: CommandError): boolean {
  for (const controller of listening) controller.abort(reason);
  return listening.size > 0;
}

/** Settings of `interruptOnce`. */
export interface InterruptOptions {
  /** Called at the first interrupt. Default: a line on stderr that says what happens next. */
  onFirst?: () => void;
  /** What the default line says will happen. Default "finishing the current step". */
  finishing?: string;
  /** A second signal within this time is taken for an echo of the first. Default 250 ms. */
  echoMs?: number;
}

/** The state of the interrupt. */
export interface Interrupt {
  /** Aborted by the first interrupt, with an `InterruptedError` as reason, or when stdout takes nothing more. */
  readonly signal: AbortSignal;
  readonly interrupted: boolean;
  /** Gives Ctrl-C its usual meaning back. */
  dispose(): void;
}

/**
 * Listens for SIGINT and SIGTERM. First signal: `signal` aborts and the work may finish its step, save and
 * exit 130. Second signal: the process ends at once by SIGINT, after its `exit` listeners; shells report that as 130 too.
 *
 * Signals that follow within `echoMs` are ignored: a terminal sends Ctrl-C to every process in front, and
 * package managers pass their own copy on, so one key press can arrive twice. The end of a parent process that holds an
 * IPC channel counts as a first signal.
 */
export function interruptOnce(options: InterruptOptions = {}): Interrupt {
  const { finishing = 'finishing the current step', echoMs = 250 } = options;
  const onFirst =
    options.onFirst ?? (() => void process.stderr.write(`\n${finishing}; Ctrl-C again quits at once\n`));
  const controller = new AbortController();
  listening.add(controller);
  let firstAt = -Infinity;
  const onSignal = (): void => {
    const now = performance.now();
    if (controller.signal.aborted) {
      if (now - firstAt > echoMs) quit();
      return;
    }
    firstAt = now;
    controller.abort(new InterruptedError());
    onFirst();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, onSignal);
  // A process that was started over a channel and outlives its starter would go on unseen.
  const onDisconnect = (): void => controller.abort(new InterruptedError());
  process.on('disconnect', onDisconnect);
  process.channel?.unref();
  // Undefined where there never was a channel, whatever its type says.
  if ((process as { connected?: boolean }).connected === false) onDisconnect();
  return {
    signal: controller.signal,
    get interrupted() {
      return controller.signal.aborted;
    },
    dispose() {
      listening.delete(controller);
      for (const name of signals) process.off(name, onSignal);
      process.off('disconnect', onDisconnect);
    },
  };
}

/** Ends the process without its libraries' exit code: a driver that still compiles in its threads crashes in it. */
function quit(): never {
  process.once('exit', () => {
    process.removeAllListeners('SIGINT');
    // Windows has no signals; there the process goes on to its exit code.
    if (process.platform !== 'win32') process.kill(process.pid, 'SIGINT');
  });
  process.exit(130);
}
