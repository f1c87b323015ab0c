// Reads ONNX models and tensors (.onnx, .pb). Field numbers are those of onnx.proto3; only what the node tests use is named.
import { readFile } from 'node:fs/promises';
import protobuf from 'protobufjs/light.js';

type Field = [type: string, id: number, rule?: 'repeated'];

const messages: Record<string, Record<string, Field>> = {
  Model: {
    opsetImport: ['OperatorSet', 8, 'repeated'],
    graph: ['Graph', 7],
    functions: ['Function', 25, 'repeated'],
  },
  OperatorSet: { domain: ['string', 1], version: ['int64', 2] },
  Graph: {
    node: ['Node', 1, 'repeated'],
    initializer: ['Tensor', 5, 'repeated'],
    input: ['ValueInfo', 11, 'repeated'],
    output: ['ValueInfo', 12, 'repeated'],
  },
  Function: {
    name: ['string', 1],
    input: ['string', 4, 'repeated'],
    output: ['string', 5, 'repeated'],
    attribute: ['string', 6, 'repeated'],
    node: ['Node', 7, 'repeated'],
    domain: ['string', 10],
  },
  ValueInfo: { name: ['string', 1], type: ['Type', 2] },
  Type: { tensorType: ['TensorType', 1], sequenceType: ['bytes', 4], optionalType: ['bytes', 9] },
  TensorType: { elemType: ['int32', 1] },
  Node: {
    input: ['string', 1, 'repeated'],
    output: ['string', 2, 'repeated'],
    name: ['string', 3],
    opType: ['string', 4],
    domain: ['string', 7],
    attribute: ['Attribute', 5, 'repeated'],
  },
  Attribute: {
    name: ['string', 1],
    refAttrName: ['string', 21],
    f: ['float', 2],
    i: ['int64', 3],
    s: ['bytes', 4],
    t: ['Tensor', 5],
    g: ['Graph', 6],
    floats: ['float', 7, 'repeated'],
    ints: ['int64', 8, 'repeated'],
    strings: ['bytes', 9, 'repeated'],
    type: ['int32', 20],
  },
  Tensor: {
    dims: ['int64', 1, 'repeated'],
    dataType: ['int32', 2],
    floatData: ['float', 4, 'repeated'],
    int32Data: ['int32', 5, 'repeated'],
    stringData: ['bytes', 6, 'repeated'],
    int64Data: ['int64', 7, 'repeated'],
    name: ['string', 8],
    rawData: ['bytes', 9],
    doubleData: ['double', 10, 'repeated'],
    uint64Data: ['uint64', 11, 'repeated'],
  },
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      {
        fields: Object.fromEntries(
          Object.entries(fields).map(([field, [type, id, rule]]) => [
            field,
            { type, id, ...(rule && { rule }) },
          ]),
        ),
      },
    ]),
  ),
});

const decode = (type: string, bytes: Uint8Array): unknown =>
  root.lookupType(type).toObject(root.lookupType(type).decode(bytes), { longs: Number, arrays: true });

/** ONNX element types by number. */
export const elementTypes: Record<number, string> = {
  1: 'float',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'double',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
};

interface RawTensor {
  name?: string;
  dims: number[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  doubleData: number[];
  uint64Data: number[];
  stringData: Uint8Array[];
  rawData?: Uint8Array;
}

export interface RawAttribute {
  name: string;
  refAttrName?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: RawTensor;
  g?: unknown;
  floats: number[];
  ints: number[];
  strings: Uint8Array[];
  type?: number;
}

export interface OnnxNode {
  input: string[];
  output: string[];
  opType: string;
  domain?: string;
  attribute: RawAttribute[];
}

interface ValueInfo {
  name: string;
  type?: { tensorType?: { elemType: number } };
}

export interface OnnxGraph {
  node: OnnxNode[];
  initializer: RawTensor[];
  input: ValueInfo[];
  output: ValueInfo[];
}

export interface OnnxFunction {
  name: string;
  input: string[];
  output: string[];
  node: OnnxNode[];
}

export interface OnnxModel {
  opsetImport: { domain?: string; version: number }[];
  graph: OnnxGraph;
  functions: OnnxFunction[];
}

/** A tensor of the suite on the host: values as numbers, whatever their type. */
export interface HostTensor {
  name: string;
  shape: number[];
  type: string;
  data: number[];
}

const half = (bits: number): number => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
};

type Reader = (view: DataView, at: number) => number;
const readers: Record<string, [bytes: number, read: Reader]> = {
  float: [4, (v, at) => v.getFloat32(at, true)],
  double: [8, (v, at) => v.getFloat64(at, true)],
  float16: [2, (v, at) => half(v.getUint16(at, true))],
  uint8: [1, (v, at) => v.getUint8(at)],
  int8: [1, (v, at) => v.getInt8(at)],
  bool: [1, (v, at) => v.getUint8(at)],
  uint16: [2, (v, at) => v.getUint16(at, true)],
  int16: [2, (v, at) => v.getInt16(at, true)],
  int32: [4, (v, at) => v.getInt32(at, true)],
  uint32: [4, (v, at) => v.getUint32(at, true)],
  int64: [8, (v, at) => Number(v.getBigInt64(at, true))],
  uint64: [8, (v, at) => Number(v.getBigUint64(at, true))],
};

/** @throws Error for types that are no numbers. */
export function toHost(raw: RawTensor): HostTensor {
  const type = elementTypes[raw.dataType] ?? `type ${raw.dataType}`;
  const found = readers[type];
  if (!found) throw new Error(`type ${type}`);
  const [bytes, read] = found;
  const { rawData, dims: shape, name = '' } = raw;
  if (rawData && rawData.length > 0) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return {
      name,
      shape,
      type,
      data: Array.from({ length: rawData.length / bytes }, (_, i) => read(view, i * bytes)),
    };
  }
  const data =
    type === 'float16'
      ? raw.int32Data.map(half)
      : [raw.floatData, raw.int32Data, raw.int64Data, raw.doubleData, raw.uint64Data].find(
          (list) => list.length > 0,
        );
  return { name, shape, type, data: data ?? [] };
}

export const readModel = async (path: string): Promise<OnnxModel> =>
  decode('Model', await readFile(path)) as OnnxModel;
export const readTensor = async (path: string): Promise<HostTensor> =>
  toHost(decode('Tensor', await readFile(path)) as RawTensor);
