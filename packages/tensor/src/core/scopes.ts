// Scopes free eager temporaries: what was made inside and is not returned is released at the end.
import type { Storage } from './storage.ts';

/** Anything that holds storages: tensors do; results are searched for them. */
interface Holder {
  readonly storage: Storage;
}

const isHolder = (x: object): x is Holder => 'storage' in x && 'shape' in x;

function collect(value: unknown, into: Set<Storage>, seen = new Set<object>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (isHolder(value)) into.add(value.storage);
  else if (value instanceof Map) for (const item of value.values()) collect(item, into, seen);
  else if (Array.isArray(value) || value instanceof Set) for (const item of value) collect(item, into, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collect(item, into, seen);
  }
}

export class ScopeStack {
  readonly #stack: Set<Storage>[] = [];

  /** False when no scope is open. */
  register(storage: Storage): boolean {
    return this.#stack.at(-1)?.add(storage) !== undefined;
  }

  /** Takes a storage out of every open scope: it now lives until it is disposed. */
  keep(storage: Storage): void {
    for (const scope of this.#stack) scope.delete(storage);
  }

  run<T>(fn: () => T): T {
    const scope = new Set<Storage>();
    this.#stack.push(scope);
    let result: T;
    try {
      result = fn();
    } catch (error) {
      this.#end(scope, undefined);
      throw error;
    }
    if (result instanceof Promise) {
      return result.then(
        (value: unknown) => {
          this.#end(scope, value);
          return value;
        },
        (error: unknown) => {
          this.#end(scope, undefined);
          throw error;
        },
      ) as T;
    }
    this.#end(scope, result);
    return result;
  }

  #end(scope: Set<Storage>, result: unknown): void {
    const at = this.#stack.indexOf(scope);
    if (at >= 0) this.#stack.splice(at, 1);
    const kept = new Set<Storage>();
    collect(result, kept);
    const parent = this.#stack.at(-1);
    for (const storage of scope) {
      if (kept.has(storage)) parent?.add(storage);
      else storage.release();
    }
  }
}
