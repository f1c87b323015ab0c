// Torch's storage classes and the dtype of their elements, under the names that safetensors uses.
import type { SafetensorsDtype } from '@foreword/tensor';

/** `torch.<class>` → dtype. Complex, quantised and sparse storages have none here. */
export const storageDtypes = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
} as const satisfies Record<string, SafetensorsDtype>;

/** A dtype that torch files hold. */
export type TorchDtype = (typeof storageDtypes)[keyof typeof storageDtypes];

/** Array class of each dtype's elements; F16 and BF16 stay raw codes, as in the safetensors reader. */
export const elementArrays = {
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<TorchDtype, unknown>;
