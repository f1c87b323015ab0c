// Reverse-mode differentiation over the tape that applyOp writes.
import { assertFloat, assertTensor } from '../arguments.ts';
import { ShapeError, TensorError } from '../core/errors.ts';
import { formatShape, sameShape } from '../core/shape.ts';
import { add, affine } from '../ops/binary/arithmetic.ts';
import { copyInto } from '../ops/unary/cast.ts';
import { fill } from '../ops/create/fill.ts';
import type { Device } from '../core/device.ts';
import type { TapeNode, Tensor } from '../tensor.ts';

/** Runs `fn` without writing the tape: what it computes needs no gradient. */
export function noGrad<T>(device: Device, fn: () => T): T {
  const before = device.gradEnabled;
  device.gradEnabled = false;
  const restore = (): void => {
    device.gradEnabled = before;
  };
  try {
    const result = fn();
    if (result instanceof Promise) throw new TensorError('noGrad: the function must not be async');
    return result;
  } finally {
    restore();
  }
}

export interface GradOptions {
  /** Cotangent of `loss`, of its shape; default 1 (then `loss` must have one element). */
  seed?: Tensor;
  /** A tensor that the loss does not depend on gets zeros, instead of an error. */
  allowUnused?: boolean;
  /** Where each gradient must end up, by position (an optimiser's arena); made anew where undefined. */
  into?: readonly (Tensor | undefined)[];
  /** Called with each tensor of `wrt` that the loss does not depend on: its zeros stand for no gradient at all. */
  onUnused?: (leaf: Tensor) => void;
}

/** All nodes between `loss` and the wanted leaves, newest first, and which tensors lie on such a path. */
function pathsTo(
  loss: Tensor,
  wanted: ReadonlySet<Tensor>,
  since: number,
): { order: TapeNode[]; onPath: Set<Tensor> } {
  const seen = new Set<TapeNode>();
  const stack = loss.node ? [loss.node] : [];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node) || node.id <= since) continue;
    seen.add(node);
    for (const input of node.inputs) if (input?.node) stack.push(input.node);
  }
  const order = [...seen].sort((a, b) => b.id - a.id);
  const onPath = new Set<Tensor>(wanted);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    if (node.inputs.some((t) => t && onPath.has(t))) onPath.add(node.result);
  }
  return { order: order.filter((node) => onPath.has(node.result)), onPath };
}

/** @throws where the gradients asked for would be zeros, or no gradients of this loss, without a word. */
function assertDifferentiable(loss: Tensor, wrt: readonly Tensor[], { seed }: GradOptions): void {
  if (seed) {
    assertFloat('grad', 'seed', seed);
    if (!sameShape(seed.shape, loss.shape))
      throw new ShapeError(
        `grad: the seed ${formatShape(seed.shape)} has not the shape of the loss ${formatShape(loss.shape)}`,
      );
  } else if (loss.size !== 1) {
    throw new ShapeError(`grad: the loss ${formatShape(loss.shape)} is no scalar; reduce it or give a seed`);
  }
  wrt.forEach((t, i) => {
    assertTensor('grad', `tensor ${i}`, t);
    if (!t.requiresGrad)
      throw new TensorError(
        `grad: tensor ${i}, ${t.toString()}, is not trainable; make it with parameter(), or call trainable() before the ops that use it`,
      );
  });
  if (!loss.requiresGrad)
    throw new TensorError(
      `grad: the loss ${loss.toString()} depends on nothing trainable: it was computed inside noGrad, from detached tensors ` +
        'or whole numbers, or by grad itself, which keeps no tape (there are no second derivatives)',
    );
}

/**
 * Gradients of `loss` with respect to each tensor of `wrt` (leaves or intermediate results), in order.
 * @throws ShapeError when `loss` has more than one element and no seed is given, or the seed has another shape.
 * @throws TensorError for a tensor that is not trainable, or that the loss does not depend on (unless `allowUnused`).
 */
export function grad(loss: Tensor, wrt: readonly Tensor[], options: GradOptions = {}): Tensor[] {
  return gradSince(0, loss, wrt, options);
}

/** {@link grad} that goes back through nodes newer than `since` alone: what older ones made are leaves. */
export function gradSince(
  since: number,
  loss: Tensor,
  wrt: readonly Tensor[],
  options: GradOptions,
): Tensor[] {
  const { device } = loss;
  const { seed, into, allowUnused = false, onUnused } = options;
  assertDifferentiable(loss, wrt, options);
  const { order, onPath } = pathsTo(loss, new Set(wrt), since);
  const used = allowUnused ? undefined : new Set([loss, ...order.flatMap(({ inputs }) => inputs)]);
  const unused = used ? wrt.findIndex((t) => !used.has(t)) : -1;
  if (unused >= 0)
    throw new TensorError(
      `grad: the loss does not depend on tensor ${unused}, ${wrt[unused].toString()}; leave it out, or ask for zeros with allowUnused`,
    );
  const collect = (): Tensor[] => {
    const unit = seed ?? fill(device, loss.shape, 1);
    const grads = new Map<Tensor, Tensor>([[loss, unit]]);
    for (const node of order) {
      const { result, folds } = node;
      const cotangent = grads.get(result);
      if (!cotangent) continue;
      const needs = node.inputs.map((t) => t !== undefined && onPath.has(t));
      const partials = node.inputs.map((t, i) =>
        t && needs[i] && folds.includes(i) ? grads.get(t) : undefined,
      );
      const isUnit = !seed && cotangent === unit;
      const results = node.vjp({ grad: cotangent, isUnit, needs, partials });
      node.inputs.forEach((input, i) => {
        const part = results[i];
        if (!input || !needs[i] || !part) return;
        if (!sameShape(part.shape, input.shape)) {
          throw new ShapeError(
            `${node.name}: its VJP gave ${formatShape(part.shape)} for an input ${formatShape(input.shape)}`,
          );
        }
        const before = partials[i] ? undefined : grads.get(input);
        grads.set(input, before ? add(before, part) : part);
      });
      if (!wrt.includes(result)) grads.delete(result);
    }
    for (const leaf of wrt) if (!grads.has(leaf)) onUnused?.(leaf);
    return wrt.map((leaf, i) => deliver(leaf, grads.get(leaf), into?.[i]));
  };
  // The scope frees every gradient on the way that nobody asked for.
  return device.scope(() => noGrad(device, collect));
}

/** Puts a gradient where the caller wants it; inside a trace the producer writes there directly. */
function deliver(leaf: Tensor, found: Tensor | undefined, target: Tensor | undefined): Tensor {
  if (!target) return found ?? fill(leaf.device, leaf.shape, 0);
  if (!found) return copyInto(fill(leaf.device, leaf.shape, 0), target);
  const { trace } = leaf.device;
  if (trace?.redirect(found, target)) return target;
  // The same tensor may be the gradient of two leaves: one was redirected, the other is copied by way of a
  // temporary, since both places lie in one buffer.
  const source = found.storage.target === target.storage ? affine(found, 1) : found;
  return copyInto(source, target);
}
