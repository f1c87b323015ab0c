// What flows between the nodes of an ONNX graph: a tensor on the GPU, and the ONNX type it stands for.
import { tensor, type Device, type DType, type Tensor } from '../../../src/node.ts';
import type { HostTensor, OnnxNode, RawAttribute } from './read-onnx.ts';
import { toHost } from './read-onnx.ts';

export interface Value {
  tensor: Tensor;
  /** ONNX's element type, such as `int64`. */
  type: string;
}

/** Why a test is left out; the text stands in the committed list. */
export class Skip extends Error {}

const dtypes: Record<string, DType> = {
  float: 'f32',
  double: 'f32',
  float16: 'f32',
  int8: 'i32',
  int16: 'i32',
  int32: 'i32',
  int64: 'i32',
  uint8: 'u32',
  uint16: 'u32',
  uint32: 'u32',
  uint64: 'u32',
  bool: 'u32',
};

/** The engine's dtype for an ONNX type. 64-bit integers of the suite fit 32 bits, or the test is left out. */
export function dtypeOf(type: string): DType {
  const dtype = dtypes[type];
  if (!dtype) throw new Skip(`element type ${type}`);
  return dtype;
}

export const isFloatType = (type: string): boolean => dtypeOf(type) === 'f32';

/** Values on the GPU; −2⁶³ and the like, which mean "no limit" in ONNX, are cut to 32 bits. */
export function fromHost(device: Device, { type, shape, data }: Omit<HostTensor, 'name'>): Value {
  const dtype = dtypeOf(type);
  const cut =
    dtype === 'f32'
      ? data
      : data.map((x) => Math.max(-(2 ** 31), Math.min(dtype === 'u32' ? 2 ** 32 - 1 : 2 ** 31 - 1, x)));
  return { tensor: tensor(device, cut, shape, { dtype }), type };
}

export const read = async (value: Value): Promise<number[]> => [...(await value.tensor.read())];

/** A node as rules see it. */
export class NodeCall {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly device: Device;
  readonly #attributes: Map<string, RawAttribute>;

  constructor(node: OnnxNode, opset: number, device: Device) {
    this.node = node;
    this.opset = opset;
    this.device = device;
    this.#attributes = new Map(node.attribute.map((a) => [a.name, a]));
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, otherwise: number): number {
    const found = this.#attributes.get(name);
    return found ? (found.i ?? 0) : otherwise;
  }

  float(name: string, otherwise: number): number {
    const found = this.#attributes.get(name);
    return found ? (found.f ?? 0) : otherwise;
  }

  text(name: string, otherwise: string): string {
    const found = this.#attributes.get(name);
    return found ? new TextDecoder().decode(found.s) : otherwise;
  }

  ints(name: string): number[] | undefined {
    return this.#attributes.get(name)?.ints;
  }

  floats(name: string): number[] | undefined {
    return this.#attributes.get(name)?.floats;
  }

  tensor(name: string): HostTensor | undefined {
    const raw = this.#attributes.get(name)?.t;
    return raw && toHost(raw);
  }
}

export type Inputs = readonly (Value | undefined)[];
export type Outputs = readonly (Value | undefined)[];
/** How one ONNX operator is computed with the engine's ops. */
export type Rule = (inputs: Inputs, call: NodeCall) => Outputs | Promise<Outputs>;
export type Rules = Readonly<Record<string, Rule>>;
