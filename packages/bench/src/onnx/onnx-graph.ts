// Builds an ONNX graph node by node and writes it as an ONNX file. Weights may stay in a safetensors file beside it.
// Source: onnx/onnx.proto (field numbers), ONNX operators at opset 17.
import { bytesField, floatField, integerField, message, textField } from './protobuf.ts';

/** Where a safetensors file has a tensor's bytes. */
export interface StoredWeight {
  shape: readonly number[];
  /** From the beginning of the file. */
  offset: number;
  byteLength: number;
}

/** A number, a text or whole numbers; floats are told from whole numbers by `{ float }`. */
export type Attribute = number | string | readonly number[] | { float: number };

export interface NodeOptions {
  /** `com.microsoft` for ONNX Runtime's own operators. */
  domain?: 'com.microsoft';
  attributes?: Readonly<Record<string, Attribute>>;
  /** Results beyond the first. Default 1. */
  outputs?: number;
}

const elementTypes = { f32: 1, i64: 7 } as const;
const external = 1;
const irVersion = 9;
const opsetVersion = 17;
const microsoftVersion = 1;

export class OnnxGraph {
  readonly #nodes: Uint8Array<ArrayBuffer>[] = [];
  readonly #constants = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #inputs: Uint8Array<ArrayBuffer>[] = [];
  readonly #outputs: Uint8Array<ArrayBuffer>[] = [];
  #names = 0;

  /** A value given at each run. Dimensions are numbers, or names of sizes that vary. */
  input(name: string, shape: readonly (number | string)[], type: keyof typeof elementTypes = 'f32'): string {
    this.#inputs.push(valueInfo(name, shape, type));
    return name;
  }

  output(name: string, shape: readonly (number | string)[]): void {
    this.#outputs.push(valueInfo(name, shape, 'f32'));
  }

  /** A constant inside the file; the same shape and name twice is one. */
  constant(name: string, shape: readonly number[], values: Float32Array | BigInt64Array): string {
    const type = values instanceof BigInt64Array ? 'i64' : 'f32';
    const raw = new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
    this.#constants.set(name, message(...tensorHead(name, shape, type), bytesField(9, raw as never)));
    return name;
  }

  /** Whole numbers, as operators take shapes and sizes. */
  integers(...values: number[]): string {
    const name = `integers ${values.join(' ')}`;
    return this.constant(name, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** An f32 constant that lies in `location`, a file beside this one. */
  stored(name: string, { shape, offset, byteLength }: StoredWeight, location: string): string {
    const entry = (key: string, value: string) =>
      bytesField(13, message(textField(1, key), textField(2, value)));
    this.#constants.set(
      name,
      message(
        ...tensorHead(name, shape, 'f32'),
        entry('location', location),
        entry('offset', String(offset)),
        entry('length', String(byteLength)),
        integerField(14, external),
      ),
    );
    return name;
  }

  /** Applies an operator; the name of its first result, `NAME:1` is that of its second. */
  node(operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const { domain, attributes = {}, outputs = 1 } = options;
    const name = `${operator} ${this.#names++}`;
    const results = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}:${i}`));
    this.#nodes.push(
      message(
        ...inputs.map((input) => textField(1, input)),
        ...results.map((result) => textField(2, result)),
        textField(3, name),
        textField(4, operator),
        ...Object.entries(attributes).map(([key, value]) => bytesField(5, attribute(key, value))),
        ...(domain ? [textField(7, domain)] : []),
      ),
    );
    return name;
  }

  /** Gives a result the name of an output. */
  named(result: string, name: string): string {
    this.#nodes.push(
      message(
        textField(1, result),
        textField(2, name),
        textField(3, `name ${name}`),
        textField(4, 'Identity'),
      ),
    );
    return name;
  }

  /** The file's bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const graph = message(
      ...this.#nodes.map((node) => bytesField(1, node)),
      textField(2, 'foreword-bench'),
      ...[...this.#constants.values()].map((constant) => bytesField(5, constant)),
      ...this.#inputs.map((info) => bytesField(11, info)),
      ...this.#outputs.map((info) => bytesField(12, info)),
    );
    const opset = (domain: string, version: number) =>
      bytesField(8, message(textField(1, domain), integerField(2, version)));
    return message(
      integerField(1, irVersion),
      textField(2, 'foreword-bench'),
      bytesField(7, graph),
      opset('', opsetVersion),
      opset('com.microsoft', microsoftVersion),
    );
  }
}

const tensorHead = (name: string, shape: readonly number[], type: keyof typeof elementTypes) => [
  ...shape.map((size) => integerField(1, size)),
  integerField(2, elementTypes[type]),
  textField(8, name),
];

function valueInfo(name: string, shape: readonly (number | string)[], type: keyof typeof elementTypes) {
  const dimensions = shape.map((size) =>
    bytesField(1, typeof size === 'number' ? integerField(1, size) : textField(2, size)),
  );
  const tensorType = message(integerField(1, elementTypes[type]), bytesField(2, message(...dimensions)));
  return message(textField(1, name), bytesField(2, bytesField(1, tensorType)));
}

const attributeTypes = { float: 1, integer: 2, text: 3, integers: 7 } as const;

function attribute(name: string, value: Attribute) {
  const of = (type: keyof typeof attributeTypes, ...fields: Uint8Array<ArrayBuffer>[]) =>
    message(textField(1, name), ...fields, integerField(20, attributeTypes[type]));
  if (typeof value === 'number') return of('integer', integerField(3, value));
  if (typeof value === 'string') return of('text', textField(4, value));
  if ('float' in value) return of('float', floatField(2, value.float));
  return of('integers', ...value.map((n) => integerField(8, n)));
}
