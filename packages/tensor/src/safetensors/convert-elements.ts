// Elements as they lie in a file → the f32 or i32 that the engine takes; shared by all readers of tensor files.
import { bf16ToF32Array, f16ToF32Array } from '../dtype/half.ts';
import type { SafetensorsData, SafetensorsDtype } from './dtypes.ts';

interface Elements {
  dtype: SafetensorsDtype;
  data: SafetensorsData;
}

export interface ConversionOptions {
  /** number of the first element, for messages; default 0 */
  first?: number;
  /** throws the reader's own error */
  fail: (cause: string) => never;
}

/** As f32: F16 and BF16 exactly, F64 rounded, integers only when f32 holds them exactly; F8 fails. */
export function elementsAsF32(
  { dtype, data }: Elements,
  { first = 0, fail }: ConversionOptions,
): Float32Array {
  if (dtype === 'F16') return f16ToF32Array(data as Uint16Array);
  if (dtype === 'BF16') return bf16ToF32Array(data as Uint16Array);
  if (data instanceof Float32Array) return data;
  if (data instanceof Float64Array) return Float32Array.from(data);
  if (dtype.startsWith('F8')) return fail(`${dtype} cannot be read as f32`);
  return exactIntegers({ dtype, data }, new Float32Array(data.length), { first, fail });
}

/** As i32: integers and bools that i32 holds; floats fail. */
export function elementsAsI32({ dtype, data }: Elements, { first = 0, fail }: ConversionOptions): Int32Array {
  if (data instanceof Int32Array) return data;
  if (/F/.test(dtype)) return fail(`${dtype} cannot be read as i32`);
  return exactIntegers({ dtype, data }, new Int32Array(data.length), { first, fail });
}

/** Integers into another array; a value that does not come out the same is an error, not a surprise. */
function exactIntegers<T extends Float32Array | Int32Array>(
  { dtype, data }: Elements,
  out: T,
  { first, fail }: { first: number; fail: (cause: string) => never },
): T {
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    out[i] = Number(value);
    if (typeof value === 'bigint' ? BigInt(out[i]) !== value : out[i] !== value) {
      const kind = out instanceof Float32Array ? 'f32' : 'i32';
      fail(`element ${first + i}, ${dtype} ${value}, has no exact ${kind}`);
    }
  }
  return out;
}
