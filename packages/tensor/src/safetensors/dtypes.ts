// The dtypes of the safetensors format: widths and the typed arrays that hold them.

export type SafetensorsDtype = keyof typeof DTYPES;

/** Array of a dtype's elements. F16, BF16 and F8 stay raw codes; BOOL is one byte per element. */
export type SafetensorsData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Array class of each dtype; an element's width is its `BYTES_PER_ELEMENT`. */
export const DTYPES = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  F8_E5M2: Uint8Array,
  F8_E4M3: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(DTYPES, name);
}

/** A file that is no valid safetensors, or a tensor that cannot be had from it; names file, tensor and cause. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
}

/** Product of a shape's sizes; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
