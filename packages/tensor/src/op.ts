// What an op is: shape rule, kernels and vector-Jacobian product in one object. Its check stands beside it (check.ts).
import type { Device } from './core/device.ts';
import { assertTensor, show } from './arguments.ts';
import { TensorError } from './core/errors.ts';
import type { Shape } from './core/shape.ts';
import { isFloat, type DType } from './dtype/dtype.ts';
import type { KernelSpec } from './kernel/kernel.ts';
import { emptyTensor, Tensor, type Cotangent, type TapeNode } from './tensor.ts';

export interface TensorSpec {
  shape: Shape;
  dtype: DType;
}

/** Inputs of an op in order; optional ones may be undefined. */
export type Inputs = readonly (Tensor | undefined)[];

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

interface NamedOp {
  name: string;
  /** Names of the inputs in order, for error messages. */
  inputs?: readonly string[];
}

export interface OpDefinition<A, I extends Inputs = readonly Tensor[]> extends NamedOp {
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
  /** Gradients for the inputs, in order. Without it the op refuses inputs that want one, unless its result is integer. */
  vjp?(context: VjpContext<A, I>): readonly (Tensor | undefined)[];
  /** Inputs whose partial gradient the VJP adds by itself (saves the separate addition). */
  folds?: readonly number[];
}

/** An op that calls others: its gradient is theirs. */
export interface CompositeDefinition<A, I extends Inputs = readonly Tensor[]> extends NamedOp {
  compose(inputs: I, attrs: A, device: Device): Tensor[];
}

// Heterogeneous collections of ops (the tape, the test loop) do not know A and I.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOp = OpDefinition<any, any>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyComposite = CompositeDefinition<any, any>;

export type Apply<A, I extends Inputs> = (inputs: I, attrs: A, device?: Device) => Tensor[];

export type Op<F> = F & { readonly definition: AnyOp | AnyComposite };

/** The inputs as an op's author names them, checked: tensors, and all on one device. */
function deviceOf({ name, inputs: names = [] }: NamedOp, inputs: Inputs, device: Device | undefined): Device {
  let found = device;
  if (!Array.isArray(inputs))
    throw new TensorError(`${name}: the tensors are ${show(inputs)}, but a list of tensors is wanted`);
  inputs.forEach((input, i) => {
    if (input === undefined) return;
    assertTensor(name, names[i] ?? `input ${i}`, input);
    if (found && input.device !== found) throw new TensorError(`${name}: its inputs live on two devices`);
    found = input.device;
  });
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

/** Id of the newest node on the tape; later ones have larger ids. */
export const newestNode = (): number => lastNode;

/** Writes on the tape how gradients go back from `result`. */
export function record(result: Tensor, node: Omit<TapeNode, 'id' | 'result'>): void {
  result.requiresGrad = true;
  result.node = { id: ++lastNode, result, ...node };
}

/**
 * Runs an op: outputs are allocated, kernels launched, the tape written.
 * @throws TensorError for an input that is no tensor, and for an op without a gradient where one is wanted.
 */
export function applyOp<A, I extends Inputs>(
  op: OpDefinition<A, I> | CompositeDefinition<A, I>,
  inputs: I,
  attrs: A,
  on?: Device,
): Tensor[] {
  const device = deviceOf(op, inputs, on);
  if ('compose' in op) return op.compose(inputs, attrs, device);
  const wants = inputs.map((t) => device.gradEnabled && t !== undefined && t.requiresGrad);
  const { captured } = device;
  const needs = captured ? wants.map(() => false) : wants;
  const outputs = launchOp(op, inputs, attrs, { device, needs });
  if (captured && isFloat(outputs[0].dtype)) inputs.forEach((t, i) => wants[i] && captured.add(t!));
  if (needs.includes(true) && isFloat(outputs[0].dtype)) {
    if (!op.vjp) {
      const which = op.inputs?.[needs.indexOf(true)] ?? `input ${needs.indexOf(true)}`;
      throw new TensorError(
        `${op.name}: it has no gradient, but ${which} ${inputs[needs.indexOf(true)]!.toString()} wants one; ` +
          `run it inside noGrad, or detach() that input`,
      );
    }
    const vjp: TapeNode['vjp'] = (cotangent) => op.vjp!({ inputs, outputs, attrs, ...cotangent });
    record(outputs[0], { name: op.name, inputs, folds: op.folds ?? [], vjp });
  }
  return outputs;
}

/**
 * Makes an op from its definition and the signature its users see.
 * @example
 * export const neg = defineOp(definition, (apply) => (x: Tensor): Tensor => apply([x], {})[0]);
 */
export function defineOp<A, I extends Inputs, F extends object>(
  definition: OpDefinition<A, I> | CompositeDefinition<A, I>,
  signature: (apply: Apply<A, I>) => F,
): Op<F> {
  const apply: Apply<A, I> = (inputs, attrs, device) => applyOp(definition, inputs, attrs, device);
  return Object.assign(signature(apply), { definition });
}

/**
 * The kernels of a backward pass: called with inputs and attributes, gives all outputs, has no gradient of its own.
 * @example
 * const reluBackward = kernelOp('reluBackward', ([x]: readonly [Tensor, Tensor]) => [x], (context, [x, g], [out]) => …);
 */
export function kernelOp<A, I extends Inputs>(
  name: string,
  infer: (inputs: I, attrs: A) => TensorSpec[],
  launch: (context: LaunchContext, inputs: I, outputs: readonly Tensor[], attrs: A) => void,
): (inputs: I, attrs: A) => Tensor[] {
  const definition: OpDefinition<A, I> = { name, infer, launch };
  return (inputs, attrs) => applyOp(definition, inputs, attrs);
}
