// The pickle interpreter's state: a stack machine of data, which counts the memory that its values take.
import type { Fail } from '../torch-file-error.ts';
import type { PickleScope } from './pickle-globals.ts';
import type { PickleInput } from './pickle-input.ts';

/**
 * What the values of a pickle may take at most, by the rough costs in `instructions.ts`: in proportion to its size, so that a
 * small file cannot exhaust the memory, and 3 GiB in all. 566,747 captions as dicts, as many as COCO's, take 0.4 GB of it.
 */
const memoryLimit = (pickleBytes: number): number => Math.min(3 * 2 ** 30, 2 ** 20 + 40 * pickleBytes);

/** Memo slots that may be left out; writers count them one by one. */
const MAX_MEMO_GAP = 1024;

export interface PickleContext extends PickleScope {
  /** the value of a persistent id; without it there must be none */
  loadPersistent?: (id: unknown, fail: Fail) => unknown;
  /** default: by the pickle's size */
  memoryLimitBytes?: number;
  /** Protocols 0 and 1, which do not say so at their start. Default false. */
  mayBeOld?: boolean;
}

/** The state of a pickle that is being read. */
export class PickleMachine {
  readonly input: PickleInput;
  readonly context: PickleContext;
  stack: unknown[] = [];
  /** set by STOP */
  done = false;
  readonly memo: unknown[] = [];
  readonly #marks: unknown[][] = [];
  #memoryLeftBytes: number;

  constructor(input: PickleInput, context: PickleContext) {
    this.input = input;
    this.context = context;
    this.#memoryLeftBytes = context.memoryLimitBytes ?? memoryLimit(input.end - input.position);
  }

  readonly fail: Fail = (cause) => this.input.fail(cause);

  /** Counts memory; the pickle is refused when it asks for too much in all. */
  spend(bytes: number): void {
    this.#memoryLeftBytes -= bytes;
    if (this.#memoryLeftBytes < 0) {
      this.fail(
        'its values would take more memory than is allowed; it is made to exhaust it, or needs to be split into several files',
      );
    }
  }

  push(value: unknown, costBytes = 16): void {
    this.spend(costBytes);
    this.stack.push(value);
  }

  pop(): unknown {
    return this.stack.length > 0 ? this.stack.pop() : this.#underflow();
  }

  top(): unknown {
    return this.stack.length > 0 ? this.stack[this.stack.length - 1] : this.#underflow();
  }

  mark(): void {
    this.spend(64);
    this.#marks.push(this.stack);
    this.stack = [];
  }

  /** Everything above the last mark, which is gone after that. */
  popToMark(): unknown[] {
    const outer = this.#marks.pop();
    if (outer === undefined)
      return this.fail('an instruction needs a mark, and there is none; the pickle is damaged');
    const items = this.stack;
    this.stack = outer;
    return items;
  }

  remember(slot: number): void {
    const gap = slot - this.memo.length;
    if (gap > MAX_MEMO_GAP)
      this.fail(`memo slot ${slot} is used when there are ${this.memo.length}; the pickle is damaged`);
    for (let i = 0; i < gap; i++) this.memo.push(undefined);
    this.spend(16 * Math.max(1, gap + 1));
    this.memo[slot] = this.top();
  }

  recall(slot: number): void {
    const value = this.memo[slot];
    // None is null; undefined is a slot that nothing was put into.
    if (value === undefined) this.fail(`memo slot ${slot} is empty; the pickle is damaged`);
    this.push(value);
  }

  /** The one value that is left at the end. */
  result(): unknown {
    if (this.#marks.length > 0 || this.stack.length !== 1)
      this.fail('the pickle ends with other than one value on its stack; it is damaged');
    return this.stack[0];
  }

  #underflow(): never {
    return this.fail('an instruction needs a value, and the stack is empty; the pickle is damaged');
  }
}
