// What an op is: shape rule, kernels, vector-Jacobian product, plain reference and samples, all in one object.
import type { Device } from './core/device.ts';
import { DTypeError, ShapeError, TensorError } from './core/errors.ts';
import type { Shape } from './core/shape.ts';
import { isFloat, type DType } from './dtype/dtype.ts';
import type { KernelSpec } from './kernel/kernel.ts';
import { emptyTensor, Tensor, type Cotangent } from './tensor.ts';

export interface TensorSpec {
  shape: Shape;
  dtype: DType;
}

/** Inputs of an op in order; optional ones may be undefined. */
export type Inputs = readonly (Tensor | undefined)[];

/** A plain float64 array, what references compute with. */
export interface RefArray {
  shape: Shape;
  data: Float64Array;
}

export interface LaunchContext {
  device: Device;
  run(spec: KernelSpec): void;
}

export interface VjpContext<A, I extends Inputs> extends Cotangent {
  inputs: I;
  /** What the forward launch made, hidden outputs included. */
  outputs: readonly Tensor[];
  attrs: A;
}

/** An op's call, as a tuner needs it to make the same call again. */
export interface OpCall {
  op: AnyOp;
  inputs: readonly (TensorSpec | undefined)[];
  attrs: unknown;
  needs: readonly boolean[];
}

/** Values for one generated test. */
export interface SampleInput {
  shape: Shape;
  dtype?: DType;
  /** Uniform range of random values; default [-1, 1]. Integers are drawn for i32/u32 (upper end excluded). */
  range?: readonly [number, number];
  values?: readonly number[];
}

export interface Sample<A> {
  name?: string;
  inputs: readonly (SampleInput | undefined)[];
  attrs: A;
  /** Inputs whose gradient is checked against central differences; default: all f32 inputs. */
  checkGrad?: readonly number[];
  /** Relative tolerance (of the largest magnitude) in f32; default 2e-5. */
  tolerance?: number;
}

export interface OpDefinition<A, I extends Inputs = readonly Tensor[]> {
  name: string;
  /** Shape and dtype rule; the first spec is the result, more are extra or hidden (saved) outputs. */
  infer(inputs: I, attrs: A, needs: readonly boolean[]): TensorSpec[];
  launch(
    context: LaunchContext,
    inputs: I,
    outputs: readonly Tensor[],
    attrs: A,
    needs: readonly boolean[],
  ): void;
  /** True when the result is the first input's memory under another shape; `launch` is then not called. */
  isView?: boolean;
  /** True when `launch` writes into the first input and that is the result. */
  isInPlace?: boolean;
  /** Gradients for the inputs, in order. Without it the op ends the tape. */
  vjp?(context: VjpContext<A, I>): readonly (Tensor | undefined)[];
  /** Inputs whose partial gradient the VJP adds by itself (saves the separate addition). */
  folds?: readonly number[];
  /** The formula in plain float64 JavaScript. */
  reference?(inputs: RefInputs<I>, attrs: A): RefArray[];
  samples: readonly Sample<A>[];
}

export type RefInputs<I extends Inputs> = {
  [K in keyof I]: undefined extends I[K] ? RefArray | undefined : RefArray;
};

// Heterogeneous collections of ops (the tape, the test loop) do not know A and I.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOp = OpDefinition<any, any>;

export type Apply<A, I extends Inputs> = (inputs: I, attrs: A, device?: Device) => Tensor[];

export type Op<F> = F & { readonly definition: AnyOp };

function deviceOf(name: string, inputs: Inputs, device: Device | undefined): Device {
  let found = device;
  for (const input of inputs) {
    if (!input) continue;
    if (found && input.device !== found) throw new TensorError(`${name}: its inputs live on two devices`);
    found = input.device;
  }
  if (!found) throw new TensorError(`${name}: no tensor and no device given`);
  return found;
}

/**
 * Allocates an op's outputs and launches its kernels.
 * @param needs which inputs want a gradient: an op saves for the backward pass what these take
 */
export function launchOp<A, I extends Inputs>(
  op: OpDefinition<A, I>,
  inputs: I,
  attrs: A,
  { device, needs }: { device: Device; needs: readonly boolean[] },
): Tensor[] {
  const specs = op.infer(inputs, attrs, needs);
  let outputs: Tensor[];
  if (op.isView || op.isInPlace) {
    const source = inputs[0]!;
    const place = { storage: source.storage, byteOffset: source.byteOffset };
    outputs = [new Tensor(device, specs[0].shape, specs[0].dtype, place)];
  } else outputs = specs.map(({ shape, dtype }) => emptyTensor(device, shape, { dtype, madeBy: op.name }));
  if (op.isView) return outputs;
  const described = (): OpCall => ({
    op,
    inputs: inputs.map((t) => t && { shape: t.shape, dtype: t.dtype }),
    attrs,
    needs,
  });
  const run = (spec: KernelSpec): void => device.run(op.name, spec);
  // A scope of its own: what a launch allocates for itself goes back to the pool when it is encoded.
  device.choices.during(described, () =>
    device.scope(() => op.launch({ device, run }, inputs, outputs, attrs, needs)),
  );
  return outputs;
}

let lastNode = 0;

/** Runs an op: outputs are allocated, kernels launched, the tape written. */
export function applyOp<A, I extends Inputs>(
  op: OpDefinition<A, I>,
  inputs: I,
  attrs: A,
  on?: Device,
): Tensor[] {
  const device = deviceOf(op.name, inputs, on);
  const needs = inputs.map((t) => device.gradEnabled && t !== undefined && t.requiresGrad);
  const outputs = launchOp(op, inputs, attrs, { device, needs });
  if (needs.includes(true) && op.vjp && isFloat(outputs[0].dtype)) {
    outputs[0].requiresGrad = true;
    outputs[0].node = {
      id: ++lastNode,
      name: op.name,
      inputs,
      result: outputs[0],
      folds: op.folds ?? [],
      vjp: (cotangent) => op.vjp!({ inputs, outputs, attrs, ...cotangent }),
    };
  }
  return outputs;
}

/**
 * Makes an op from its definition and the signature its users see.
 * @example
 * export const neg = defineOp(definition, (apply) => (x: Tensor): Tensor => apply([x], {})[0]);
 */
export function defineOp<A, I extends Inputs, F extends object>(
  definition: OpDefinition<A, I>,
  signature: (apply: Apply<A, I>) => F,
): Op<F> {
  const apply: Apply<A, I> = (inputs, attrs, device) => applyOp(definition, inputs, attrs, device);
  return Object.assign(signature(apply), { definition });
}

/** Throws a {@link DTypeError} unless the tensor holds floats. */
export function assertFloat(op: string, argument: string, t: Tensor): void {
  if (!isFloat(t.dtype))
    throw new DTypeError(`${op}: ${argument} is ${t.dtype}, but floats (f32 or f16) are needed`);
}

/** Throws a {@link ShapeError} with both sizes unless they agree. */
export function assertSizes(op: string, what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new ShapeError(`${op}: ${what} is ${got}, but ${wanted} is needed`);
}
