// The seed of a draw: what the caller gives, or the device's own generator.
import { assertNumber } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import type { Device } from '../../core/device.ts';
import { emptyTensor, Tensor, tensor } from '../../tensor.ts';
import { advanceSeed } from './advance-seed.ts';

/** (seed, step) of each device that has drawn without a seed. */
const states = new WeakMap<Device, Tensor>();

function stateOf(device: Device): Tensor {
  let state = states.get(device);
  if (!state) {
    // Not tensor(): while a plan is traced that would belong to the plan.
    state = emptyTensor(device, [2], { dtype: 'u32', persistent: true, madeBy: 'generator' }).write([0, 0]);
    states.set(device, state);
  }
  return state;
}

function assertSeedNumber(op: string, seed: unknown): asserts seed is number {
  assertNumber(op, 'seed', seed, { integer: true, min: 0, max: 2 ** 32 - 1 });
}

/**
 * Begins the device's generator anew: draws without a `seed` follow from this number and their order. Without a call it is 0,
 * so that a program draws the same numbers on each run. The generator's state lies on the device and moves on in plans too: each
 * replay of a draw without a seed gives new numbers.
 * @throws TensorError while a plan is traced, since a replay would not begin anew; and for what is no whole number below 2³².
 * @example
 * manualSeed(device, 42);
 * const noise = randn(device, [2, 3]);
 */
export function manualSeed(device: Device, seed: number): void {
  assertSeedNumber('manualSeed', seed);
  if (device.trace)
    throw new TensorError(
      'manualSeed: a plan is being traced, and its replays would not begin anew; call it before compile',
    );
  stateOf(device).write([seed, 0]);
}

/** What an op draws from: u32 [2] (seed, step). Made inside the caller's scope. */
export function seedTensor(op: string, device: Device, seed: number | Tensor | undefined): Tensor {
  if (seed === undefined) return advanceSeed(stateOf(device));
  if (seed instanceof Tensor) return seed;
  assertSeedNumber(op, seed);
  return tensor(device, [seed, 0], [2], { dtype: 'u32' });
}

export interface SeedOptions {
  /**
   * A whole number below 2³², which gives the same numbers at every call and on every replay of a plan; or u32 [2]
   * (seed, step), which may change from replay to replay. Default: the device's generator, see {@link manualSeed}.
   */
  seed?: number | Tensor;
  /** Keeps several draws with one seed apart; default 0. */
  stream?: number;
}
