// A plan: a step traced once with real shapes, laid out, compiled and bound, then replayed with one submit.
import type { Device } from '../core/device.ts';
import { DisposedError, ShapeError, TensorError } from '../core/errors.ts';
import { formatShape, sizeOf, type Shape } from '../core/shape.ts';
import type { Storage } from '../core/storage.ts';
import type { DType } from '../dtype/dtype.ts';
import { describeCall, type KernelCall } from '../kernel/kernel.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { pointwiseSpec } from '../kernel/pointwise.ts';
import { fusePointwise } from './fuse.ts';
import { layOut } from './layout.ts';
import { profileCalls, type ProfileRow } from './profile.ts';
import { Trace } from './trace.ts';

export interface InputSpec {
  shape: Shape;
  dtype?: DType;
}

type TensorsOf<S> = { [K in keyof S]: Tensor };
export type PlanValues<S> = { [K in keyof S]: ArrayLike<number> };

interface BoundCall {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  x: number;
  y: number;
}

export class Plan<S extends Record<string, InputSpec>, O extends Record<string, Tensor>> {
  readonly device: Device;
  /** Input tensors; they keep their values from replay to replay until written. */
  readonly inputs: TensorsOf<S>;
  /** Results of the last replay; owned by the plan. */
  readonly outputs: O;
  readonly calls: readonly KernelCall[];
  /** Bytes of step memory (activations and gradients), after reuse. */
  readonly arenaBytes: number;
  readonly #bound: BoundCall[];
  readonly #owned: readonly Storage[];
  /** Weights and state from outside, which must live as long as the plan is run. */
  readonly #captured: readonly Storage[];
  /** The plan in error messages. */
  readonly #what: string;
  #disposed = false;

  constructor(
    device: Device,
    inputs: TensorsOf<S>,
    outputs: O,
    calls: readonly KernelCall[],
    bound: BoundCall[],
    owned: readonly Storage[],
    arenaBytes: number,
  ) {
    this.device = device;
    this.inputs = inputs;
    this.outputs = outputs;
    this.calls = calls;
    this.#bound = bound;
    this.#owned = owned;
    const ours = new Set(owned);
    this.#captured = [
      ...new Set(calls.flatMap(({ bindings }) => bindings.map(({ storage }) => storage))),
    ].filter((storage) => !storage.isVirtual && !ours.has(storage));
    this.arenaBytes = arenaBytes;
    const [first, last] = [calls[0], calls.at(-1)];
    this.#what = `a plan of ${calls.length} kernels${first && last ? `, from ${describeCall(first)} to ${describeCall(last)}` : ''}`;
  }

  /** Kernels per replay. */
  get dispatches(): number {
    return this.calls.length;
  }

  /**
   * Writes the inputs and replays the step. Reading an output waits for it. Without an argument the inputs keep what was
   * last written to them, by `run` or by `plan.inputs.x.write`.
   * @throws TensorError for an input that is left out or unknown; DisposedError when something the step took from outside
   * was released.
   */
  run(values?: PlanValues<S>): O {
    if (this.#disposed) throw new DisposedError('plan: it was disposed');
    for (const storage of this.#captured) storage.assertLive();
    const inputs = this.inputs as Record<string, Tensor>;
    if (values) {
      for (const name of Object.keys(values)) {
        if (!Object.hasOwn(inputs, name))
          throw new TensorError(
            `plan: there is no input "${name}"; inputs: ${Object.keys(inputs).join(', ')}`,
          );
      }
      for (const [name, input] of Object.entries(inputs)) {
        if (!values[name])
          throw new TensorError(
            `plan: input "${name}" ${input.toString()} is left out; give every input, or none to replay with what they hold`,
          );
      }
      for (const [name, input] of Object.entries(inputs)) input.write(values[name]);
    }
    const encoder = this.device.gpu.createCommandEncoder({ label: 'plan' });
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, x, y } of this.#bound) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    this.device.submit(encoder.finish(), this.#bound.length, this.#what);
    return this.outputs;
  }

  /** Replays once with a timestamp around every kernel; rows in call order. Needs the timestamp feature. */
  async profile(): Promise<ProfileRow[]> {
    return await profileCalls(
      this.device,
      this.calls.map((call, i) => ({ call, ...this.#bound[i] })),
    );
  }

  /** Frees the plan's memory; parameters and optimiser state stay. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const storage of this.#owned) storage.release();
  }
}

/**
 * Traces `step` once and returns its plan. `step` must be synchronous and may use any op, `grad` and
 * optimisers; everything it takes from outside (weights, state) is used in place. What changes from replay
 * to replay belongs into `inputs`.
 * @example
 * const plan = await compile(device, { x: { shape: [4, 2] } }, ({ x }) => ({ loss: model(x).mean() }));
 * plan.run({ x: batch });
 * console.log(await plan.outputs.loss.item());
 */
export async function compile<S extends Record<string, InputSpec>, O extends Record<string, Tensor>>(
  device: Device,
  specs: S,
  step: (inputs: TensorsOf<S>) => O,
): Promise<Plan<S, O>> {
  if (device.trace) throw new TensorError('compile: another plan is being traced');
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => [
      name,
      emptyTensor(device, shape, { dtype, persistent: true }),
    ]),
  ) as TensorsOf<S>;
  const owned: Storage[] = Object.values(inputs).map((t) => t.storage);
  const trace = new Trace();
  try {
    const outputs = record(device, trace, () => step(inputs));
    owned.push(...trace.held);
    const pinned = new Set(Object.values(outputs).map((t) => t.storage));
    const calls = fusePointwise(trace.calls, {
      pinned,
      storageBuffers: device.kernelLimits.storageBuffers,
      bindingBytes: device.bindingLimit,
      build: (graph) => device.build('pointwise', { ...pointwiseSpec(graph), pointwise: graph })!,
    });
    const { slotOf, slotBytes, slotLabels } = layOut(calls, pinned);
    for (const [name, t] of Object.entries(outputs)) {
      if (t.size > 0 && t.storage.isVirtual && !t.storage.target && !slotOf.has(t.storage)) {
        throw new ShapeError(
          `compile: output "${name}" ${formatShape(t.shape)} (${sizeOf(t.shape)} elements) was never computed`,
        );
      }
    }
    const slots = slotBytes.map((bytes, i) => {
      const slot = device.allocatePersistent(bytes, `${slotLabels[i]} (plan slot ${i})`);
      owned.push(slot);
      return slot;
    });
    for (const [storage, slot] of slotOf) storage.buffer = slots[slot].buffer;
    // Released with the plan, so that a later look at its tensors is an error and not old memory.
    owned.push(...slotOf.keys());
    await device.pipelines.prepare(calls);
    const bound = calls.map((call) => ({
      pipeline: device.pipelines.get(call),
      group: device.bindGroup(call),
      x: call.grid[0],
      y: call.grid[1],
    }));
    const arenaBytes = slotBytes.reduce((a, b) => a + b, 0);
    return new Plan(device, inputs, outputs, calls, bound, owned, arenaBytes);
  } catch (error) {
    for (const storage of [...owned, ...trace.held]) storage.release();
    throw error;
  }
}

/** Runs `step` while its kernels go into `trace` instead of to the GPU. */
function record<O>(device: Device, trace: Trace, step: () => O): O {
  device.trace = trace;
  try {
    const outputs = step();
    if (outputs instanceof Promise) throw new TensorError('compile: the step must not be async');
    return outputs;
  } finally {
    device.trace = undefined;
  }
}
