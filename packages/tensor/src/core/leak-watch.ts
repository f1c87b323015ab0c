// Counts tensors that live outside every scope: a loop that makes them without end fills the GPU without a word. When one op
// has a thousand alive, the watch says so once, with the line that made the last one.

/** Alive at once from one op before the watch speaks. */
const many = 1000;

/** The line that called the engine: the first of the stack that is not its own. */
function callerLine(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error('here');
  Error.stackTraceLimit = stackTraceLimit;
  const own = /\/(?:tensor|nn)\/(?:src|dist)\/|node:internal|<anonymous>$/;
  const line = stack.split('\n').find((text) => /:\d+:\d+\)?$/.test(text) && !own.test(text));
  return line?.trim().replace(/^at /, '') ?? 'an unknown line';
}

export class LeakWatch {
  readonly #alive = new Map<string, number>();
  readonly #reported = new Set<string>();
  readonly #remark: (text: string) => void;

  constructor(remark: (text: string) => void) {
    this.#remark = remark;
  }

  /** @param op what made the tensor */
  made(op: string): void {
    const count = (this.#alive.get(op) ?? 0) + 1;
    this.#alive.set(op, count);
    if (count < many || this.#reported.has(op)) return;
    this.#reported.add(op);
    this.#remark(
      `${count} tensors made by ${op} outside any scope are alive, and more are coming from ${callerLine()}; ` +
        'put the work into device.scope(() => …), which frees what it does not return, or call dispose()',
    );
  }

  gone(op: string): void {
    this.#alive.set(op, (this.#alive.get(op) ?? 1) - 1);
  }
}
