// A module: parameters and modules in fields, named by their paths as in PyTorch.
import { Tensor, type SafetensorsEntry } from '@foreword/tensor';
import { readEntries, type EntryOptions } from './entries.ts';
import { loadValues, type StateValues } from './load-values.ts';

/** A module with one input and one output, as `Sequential` chains them. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** A module, or a tensor in a field of one, and its path. */
interface Member {
  path: string;
  module?: Module;
  tensor?: Tensor;
  isBuffer?: boolean;
}

/**
 * Base of all layers and models. Public fields that are tensors are parameters; fields that are modules, and arrays of
 * either, are walked. A field's name is its part of the path: `h.0.attn.weight`. Private fields (`#x`) are not seen.
 * @example
 * class Net extends Module {
 *   readonly fc1: Linear;
 *   readonly fc2: Linear;
 *   constructor(p: Parameters) {
 *     super();
 *     this.fc1 = new Linear(p.at('fc1'), 784, 128);
 *     this.fc2 = new Linear(p.at('fc2'), 128, 10);
 *   }
 *   forward(x: Tensor): Tensor {
 *     return this.fc2.forward(this.fc1.forward(x).relu()); // [B, 10]
 *   }
 * }
 */
export abstract class Module {
  #isTraining = true;

  /** Fields that hold no parameters but what is saved with them, such as running statistics. */
  protected get bufferFields(): readonly string[] {
    return [];
  }

  /** True until `eval()`: dropout drops, and batch normalisation uses the batch. */
  get training(): boolean {
    return this.#isTraining;
  }

  /** Sets training mode, here and below. */
  train(on = true): this {
    for (const [, m] of this.namedModules()) m.#isTraining = on;
    return this;
  }

  /** Sets evaluation mode, here and below. */
  eval(): this {
    return this.train(false);
  }

  /** This module ('') and all below, each once. */
  namedModules(): Map<string, Module> {
    const found = new Map<string, Module>();
    for (const { path, module } of this.#walk('', new Set())) if (module) found.set(path, module);
    return found;
  }

  /** Parameters by path, each once under its first path; what optimisers take. */
  namedParameters(): Map<string, Tensor> {
    return this.#named(false);
  }

  /** What is saved with the parameters but not trained, by path. */
  namedBuffers(): Map<string, Tensor> {
    return this.#named(true);
  }

  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /** Parameters and buffers by path: everything a checkpoint holds. */
  stateDict(): Map<string, Tensor> {
    return new Map([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /**
   * Overwrites all parameters and buffers, in place: plans and optimisers go on with the new values.
   * @throws CheckpointError listing everything that is missing, unexpected or of another shape; nothing is written then.
   */
  loadStateDict(state: StateValues): this {
    loadValues(this.stateDict(), state);
    return this;
  }

  /** Everything for `writeSafetensors`, under the paths as names. */
  entries(options: EntryOptions = {}): Promise<SafetensorsEntry[]> {
    return readEntries(this.stateDict(), options);
  }

  /** Makes all parameters trainable, or freezes them. */
  trainable(on = true): this {
    for (const p of this.parameters()) p.trainable(on);
    return this;
  }

  /** Number of elements of all parameters. */
  count(): number {
    return this.parameters().reduce((total, p) => total + p.size, 0);
  }

  /** Frees parameters, buffers, and what single modules keep besides. */
  dispose(): void {
    for (const t of this.stateDict().values()) t.dispose();
    for (const m of this.namedModules().values()) m.disposeOwn();
  }

  /** Frees what is in private fields. */
  protected disposeOwn(): void {}

  #named(buffers: boolean): Map<string, Tensor> {
    const seen = new Set<Tensor>();
    const found = new Map<string, Tensor>();
    for (const { path, tensor, isBuffer } of this.#walk('', new Set())) {
      if (!tensor || seen.has(tensor) || isBuffer !== buffers) continue;
      seen.add(tensor);
      found.set(path, tensor);
    }
    return found;
  }

  /** This module, and all that its fields hold, depth first in the order of the fields. */
  *#walk(path: string, seen: Set<Module>): Generator<Member> {
    if (seen.has(this)) return;
    seen.add(this);
    yield { path, module: this };
    for (const [field, value] of Object.entries(this) as [string, unknown][]) {
      const isBuffer = this.bufferFields.includes(field);
      const at = path === '' ? field : `${path}.${field}`;
      const parts: (readonly [string, unknown])[] = Array.isArray(value)
        ? value.map((part: unknown, i) => [`${at}.${i}`, part])
        : [[at, value]];
      for (const [place, part] of parts) {
        if (part instanceof Module) yield* part.#walk(place, seen);
        else if (part instanceof Tensor) yield { path: place, tensor: part, isBuffer };
      }
    }
  }
}
