// The four element types of the engine and what JavaScript needs to know about each.
import { DTypeError, TensorError } from '../core/errors.ts';
import { f16ToF32Array, f32ToF16Array } from './half.ts';

/** `f16` is a storage type only: every kernel reads it into f32 and accumulates in f32. */
export type DType = 'f32' | 'f16' | 'i32' | 'u32';

export type NumericArray = Float32Array | Int32Array | Uint32Array | Uint16Array | Float64Array | number[];

export type HostArray = Float32Array | Int32Array | Uint32Array;

export const bytesPerElement: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u32: 4 };

/** @throws DTypeError naming the dtypes there are. */
export function assertDType(op: string, dtype: unknown): asserts dtype is DType {
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype))
    throw new DTypeError(
      `${op}: there is no dtype ${dtype as string}; there are ${Object.keys(bytesPerElement).join(', ')}`,
    );
}

export const isFloat = (dtype: DType): boolean => dtype === 'f32' || dtype === 'f16';

/** Bytes a buffer needs for `count` elements: WebGPU copies and bindings come in multiples of 4. */
export function byteLengthOf(dtype: DType, count: number): number {
  return Math.max(4, Math.ceil((count * bytesPerElement[dtype]) / 4) * 4);
}

/** Least and greatest whole number of an integer type. */
export const integerRange = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1] } as const;

/**
 * Whether an element of `dtype` can stand for `value`. Floats take any number, integers what lies in their range once its
 * fraction is cut off, as PyTorch does.
 */
export function isElement(value: number, dtype: DType): boolean {
  if (dtype === 'f32' || dtype === 'f16') return true;
  const [least, greatest] = integerRange[dtype];
  return Math.trunc(value) >= least && Math.trunc(value) <= greatest;
}

/** @throws TensorError for the first value that an integer type would wrap round. */
function assertElements(values: ArrayLike<number>, dtype: DType): void {
  for (let i = 0; i < values.length; i++) {
    if (!isElement(values[i], dtype))
      throw new TensorError(
        `value ${i} is ${values[i]}, which is no ${dtype} (${integerRange[dtype as 'i32'].join(' … ')})`,
      );
  }
}

/**
 * Host values as the bytes a buffer of `dtype` holds (f16 is rounded to nearest even). Typed arrays of the right kind are taken
 * as they are.
 * @throws TensorError for a value that is beyond an integer type.
 */
export function toBytes(values: ArrayLike<number>, dtype: DType): Uint8Array<ArrayBuffer> {
  let typed: Float32Array | Int32Array | Uint32Array | Uint16Array;
  if (dtype === 'f16') {
    typed =
      values instanceof Uint16Array
        ? values
        : f32ToF16Array(values instanceof Float32Array ? values : Float32Array.from(values));
  } else if (dtype === 'f32') typed = values instanceof Float32Array ? values : Float32Array.from(values);
  else {
    const Kind = dtype === 'i32' ? Int32Array : Uint32Array;
    if (values instanceof Kind) typed = values;
    else {
      assertElements(values, dtype);
      typed = Kind.from(values);
    }
  }
  const bytes = new Uint8Array(typed.buffer as ArrayBuffer, typed.byteOffset, typed.byteLength);
  if (bytes.byteLength % 4 === 0) return bytes;
  const padded = new Uint8Array(byteLengthOf(dtype, typed.length));
  padded.set(bytes);
  return padded;
}

/** The inverse of {@link toBytes}: `count` elements as f32, i32 or u32 (f16 widens exactly to f32). */
export function fromBytes(bytes: ArrayBuffer, dtype: DType, count: number): HostArray {
  if (dtype === 'f16') return f16ToF32Array(new Uint16Array(bytes, 0, count));
  if (dtype === 'f32') return new Float32Array(bytes, 0, count);
  if (dtype === 'i32') return new Int32Array(bytes, 0, count);
  return new Uint32Array(bytes, 0, count);
}
