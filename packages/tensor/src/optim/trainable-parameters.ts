// What an optimiser may be given, and the checks that come before anything is moved.
import { DTypeError, TensorError } from '../core/errors.ts';
import type { Storage } from '../core/storage.ts';
import { isFloat } from '../dtype/dtype.ts';
import { Tensor } from '../tensor.ts';
import { isInArena } from './arena.ts';

/** Parameters to train: by name (a module's `namedParameters()`, a record), or a list, which is named 0, 1, 2 … */
export type TrainableParameters =
  | ReadonlyMap<string, Tensor>
  | Readonly<Record<string, Tensor>>
  | readonly Tensor[];

/**
 * The parameters by name.
 * @throws TensorError, DTypeError naming the first that no optimiser `of` this kind can train.
 */
export function trainableParameters(of: string, given: TrainableParameters): Map<string, Tensor> {
  const entries: Iterable<[string, Tensor]> =
    given instanceof Map
      ? given
      : Array.isArray(given)
        ? given.map((t: Tensor, i): [string, Tensor] => [String(i), t])
        : Object.entries(given as Readonly<Record<string, Tensor>>);
  const found = new Map<string, Tensor>(entries);
  const places = new Map<Storage, Map<number, string>>();
  const [first] = found.values();
  for (const [name, p] of found) {
    const refuse = (why: string): never => {
      throw new TensorError(`${of}: ${name} ${why}`);
    };
    if (!(p instanceof Tensor)) refuse(`is no tensor; parameters are tensors by name, a Map, or a list`);
    if (!isFloat(p.dtype))
      throw new DTypeError(`${of}: ${name} is ${p.dtype}; trainable parameters must be f32 or f16`);
    if (p.device !== first.device) refuse('lives on another device than the first parameter');
    if (p.storage.isReleased) refuse('was released; give a parameter that is alive');
    if (p.node) refuse(`is a result of ${p.node.name} and no leaf; train what it was computed from`);
    if (!p.requiresGrad) refuse('is frozen; call trainable() before the optimiser is made');
    if (isInArena(p))
      refuse('is already trained by another optimiser; release() that one first, or give it to one only');
    const inStorage = places.get(p.storage) ?? new Map<number, string>();
    const twin = inStorage.get(p.byteOffset);
    if (twin !== undefined) refuse(`has the same memory as ${twin}; give a shared parameter once`);
    places.set(p.storage, inStorage.set(p.byteOffset, name));
  }
  if (!first) throw new TensorError(`${of}: there are no parameters to train`);
  if (first.device.trace)
    throw new TensorError(`${of}: made inside compile; make the optimiser before the plan`);
  return found;
}
