// checkpoint: a part of a model whose activations are not kept for the backward pass, but computed again there
// (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
import { assertTensor } from '../arguments.ts';
import type { Device } from '../core/device.ts';
import { TensorError } from '../core/errors.ts';
import { newestNode, record } from '../op.ts';
import type { Cotangent, Tensor } from '../tensor.ts';
import { gradSince } from './grad.ts';

/** Runs `fn` with the tape on (`captured` undefined), or off and gathering the trainable tensors that ops take. */
function runWith<T>(device: Device, captured: Set<object> | undefined, fn: () => T): T {
  const before = { captured: device.captured, gradEnabled: device.gradEnabled };
  Object.assign(device, { captured, gradEnabled: true });
  try {
    return fn();
  } finally {
    Object.assign(device, before);
  }
}

/**
 * `fn(...inputs)`, whose result is the same, but what it computes on the way is freed and computed again when its gradients
 * are wanted: less memory for one more forward pass. Gradients reach `inputs` and whatever trainable tensors `fn` uses, and
 * are the same bits. Works eagerly and in plans.
 *
 * `fn` runs twice and must compute the same both times: random numbers come from a seed tensor and a stream, as `dropout`'s
 * do, not from a state on the host. It must not be async, nor keep tensors that it makes.
 * @throws TensorError without inputs, or when the result of `fn` is no tensor.
 * @example
 * for (const block of blocks) x = checkpoint((x) => block(x), [x]);
 */
export function checkpoint<I extends readonly [Tensor, ...Tensor[]]>(
  fn: (...inputs: I) => Tensor,
  inputs: I,
): Tensor {
  const given: readonly Tensor[] = inputs;
  if (!Array.isArray(given) || given.length === 0)
    throw new TensorError('checkpoint: no inputs; give the tensors that fn takes as a list');
  given.forEach((t, i) => assertTensor('checkpoint', `input ${i}`, t));
  const { device } = inputs[0];
  const run = (): Tensor => {
    const made = fn(...inputs);
    assertTensor('checkpoint', 'the result of fn', made);
    return made;
  };
  // Within another checkpoint's first pass there is no tape to write on.
  if (!device.gradEnabled || device.captured) return run();
  const found = new Set<object>();
  const made = device.scope(() => runWith(device, found, run));
  if (made.requiresGrad) found.add(made);
  // A tensor of its own, also where fn gives back one of its inputs.
  const result = made.detach();
  if (found.size === 0) return result;
  const captured = [...found] as Tensor[];
  const vjp = ({ grad: seed, needs }: Cotangent): (Tensor | undefined)[] => {
    const wanted = captured.filter((_, i) => needs[i]);
    const since = newestNode();
    // What is computed again lives until its gradients are there.
    const grads = device.scope(() => {
      const again = runWith(device, undefined, run);
      return gradSince(since, again, wanted, { seed, allowUnused: true });
    });
    return captured.map((_, i) => (needs[i] ? grads.shift() : undefined));
  };
  record(result, { name: 'checkpoint', inputs: captured, folds: [], vjp });
  return result;
}
