// What of a tensor a kernel binds.
import { sizeOf, type Shape } from '../core/shape.ts';
import type { Storage } from '../core/storage.ts';
import type { DType } from '../dtype/dtype.ts';

export interface Bindable {
  readonly storage: Storage;
  readonly byteOffset: number;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
}

/** The same memory seen in another shape of the same size. */
export const seenAs = ({ storage, byteOffset, dtype }: Bindable, shape: Shape): Bindable => ({
  storage,
  byteOffset,
  dtype,
  shape,
  size: sizeOf(shape),
});
