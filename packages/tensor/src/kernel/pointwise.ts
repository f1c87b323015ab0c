// Pointwise kernels: each element of the result is a function of one element of each operand. They are kept as small graphs
// beside their text, so that a plan can join a chain of them into one kernel (plan/fuse.ts).
import type { LaunchContext } from '../op.ts';
import { sameShape, sizeOf, stridesOf, type Shape } from '../core/shape.ts';
import { isFloat, type DType } from '../dtype/dtype.ts';
import { windowElements } from './flat.ts';
import type { Bindable } from './bindable.ts';
import { window, type KernelSpec, type OperandLike } from './kernel.ts';
import {
  isSameOperand,
  type PlacedOperand,
  type PointwiseGraph,
  type PointwiseOperand,
  type Stage,
  type StageInput,
} from './pointwise-graph.ts';
import { f32Literal, wgsl } from './wgsl.ts';

/** Type of a value of this dtype in pointwise expressions. */
export const registerType = (dtype: DType): string => (isFloat(dtype) ? 'V' : dtype === 'i32' ? 'VI' : 'VU');

/** A number as a value of this dtype in pointwise expressions. */
export function numberLiteral(number: number, dtype: DType): string {
  const digits = isFloat(dtype) ? f32Literal(number) : `${number}${dtype === 'u32' ? 'u' : ''}`;
  return `${registerType(dtype)}(${digits})`;
}

const aliases = {
  1: 'alias V = f32;\nalias VI = i32;\nalias VU = u32;\nalias VB = bool;\nfn nanV(x: V) -> VB { return isNan(x); }\nfn infV(x: V) -> VB { return isInf(x); }',
  4: 'alias V = vec4f;\nalias VI = vec4i;\nalias VU = vec4u;\nalias VB = vec4<bool>;\nfn nanV(x: V) -> VB { return isNan4(x); }\nfn infV(x: V) -> VB { return isInf4(x); }',
};

/** The kernel of a graph over `count` elements from `first` on. */
export function pointwiseSpec(
  { operands, stages, out, widest }: PointwiseGraph,
  { first = 0, count = out.size }: { first?: number; count?: number } = {},
): KernelSpec {
  const vec = widest === 4 && count % 4 === 0 ? 4 : 1;
  const item = first === 0 ? 'i' : `(i + ${first / vec}u)`;
  const read: Record<string, OperandLike> = {};
  const loads = operands.map(({ tensor, index, isSplat, inside, outside }, k) => {
    const type = registerType(tensor.dtype);
    if (isSplat) {
      read[`a${k}`] = window(tensor, 0, 1, 1);
      return `let v${k} = ${type}(${isFloat(tensor.dtype) ? `f32(a${k}[0])` : `a${k}[0]`});`;
    }
    read[`a${k}`] = index ? window(tensor, 0, tensor.size, vec) : window(tensor, first, count, vec);
    const value = `${type}(a${k}[${index ? index(item, vec) : 'i'}])`;
    return inside
      ? `var v${k} = ${outside ?? `${type}()`}; if (${inside(item, vec)}) { v${k} = ${value}; }`
      : `let v${k} = ${value};`;
  });
  const dtypeOf = (input: StageInput): DType =>
    'operand' in input ? operands[input.operand].tensor.dtype : stages[input.stage].dtype;
  const functions = stages.map(({ params, inputs, value, dtype }, k) => {
    const list = params.map((param, j) => `${param}: ${registerType(dtypeOf(inputs[j]))}`).join(', ');
    return `fn stage${k}(${list}) -> ${registerType(dtype)} { return ${value}; }`;
  });
  const valueOf = (input: StageInput): string =>
    'operand' in input ? `v${input.operand}` : `r${input.stage}`;
  const last = stages.length - 1;
  const calls = stages.map(({ inputs }, k) => `let r${k} = stage${k}(${inputs.map(valueOf).join(', ')});`);
  const preludes = [...new Set(stages.flatMap(({ prelude }) => prelude))];
  return {
    name: stages.length === 1 ? stages[0].name : stages.map(({ name }) => name).join(' + '),
    read,
    write: { out: window(out, first, count, vec) },
    threads: count / vec,
    flops: stages.length * count,
    code: wgsl`${aliases[vec]}
${preludes}
${functions}
fn thread(i: u32) {
  ${loads}
  ${calls}
  out[i] = out_t(r${last});
}`,
  };
}

/** Item of an operand of `shape` for item i of the result of shape `out`, by NumPy's rule, and whether vec4s may be used. */
export function broadcastOperand(tensor: Bindable, out: Shape): PlacedOperand {
  const { shape } = tensor;
  const size = sizeOf(shape);
  if (sameShape(shape, out)) return { tensor, widest: 4 };
  if (size === 1) return { tensor, isSplat: true, widest: 4 };
  const lead = out.length - shape.length;
  if (size === sizeOf(out) && shape.every((n, i) => n === out[lead + i])) return { tensor, widest: 4 };
  const isSuffix = shape.every((n, i) => n === out[lead + i]);
  if (isSuffix) return { tensor, index: (i, vec) => `${i} % ${size / vec}u`, widest: size % 4 === 0 ? 4 : 1 };
  const strides = stridesOf(shape);
  const outStrides = stridesOf(out);
  // Vectors serve where the last axis is the operand's own and a multiple of 4 in both.
  const own = shape.at(-1) === out.at(-1) && shape.at(-1)! % 4 === 0;
  const index = (i: string, vec: 1 | 4): string =>
    shape
      .map((n, k) => {
        const step = (all: number[]): number => (k === shape.length - 1 ? 1 : all[k] / vec);
        const length = k === shape.length - 1 ? n / vec : n;
        const outStep = k === shape.length - 1 ? 1 : outStrides[lead + k] / vec;
        return n === 1 ? '' : `((${i} / ${outStep}u) % ${length}u) * ${step(strides)}u`;
      })
      .filter(Boolean)
      .join(' + ') || '0u';
  return { tensor, index, widest: own ? 4 : 1 };
}

export interface PointwiseCall {
  name: string;
  /** Operands by their names in `value`, of shapes that broadcast to the result's or with their own places (read-at.ts). */
  read: Record<string, Bindable | PlacedOperand>;
  out: Bindable;
  prelude?: readonly string[];
  /** See {@link Stage.value}. */
  value: string;
}

/** Runs one pointwise kernel, in windows where a tensor is over the binding limit. */
export function runPointwise(
  { device, run }: LaunchContext,
  { name, read, out, prelude = [], value }: PointwiseCall,
): void {
  const operands: PointwiseOperand[] = [];
  let widest: 1 | 4 = out.size % 4 === 0 ? 4 : 1;
  const inputs = Object.values(read).map((like): StageInput => {
    const { widest: width, ...operand } = 'tensor' in like ? like : broadcastOperand(like, out.shape);
    if (width === 1) widest = 1;
    // One tensor in two places is bound once: x∘x.
    const known = operands.findIndex((other) => isSameOperand(other, operand));
    return { operand: known >= 0 ? known : operands.push(operand) - 1 };
  });
  const stage: Stage = { name, prelude, params: Object.keys(read), inputs, value, dtype: out.dtype };
  const graph: PointwiseGraph = { operands, stages: [stage], out, widest };
  const step = windowElements(device.bindingLimit, [out, ...operands.map(({ tensor }) => tensor)]);
  if (out.size <= step) {
    run({ ...pointwiseSpec(graph), pointwise: graph });
    return;
  }
  for (let first = 0; first < out.size; first += step)
    run(pointwiseSpec(graph, { first, count: Math.min(step, out.size - first) }));
}
