// A tensor of a torch file: a strided view of a storage, read when it is asked for and made contiguous then.
import { elementsAsF32, elementsAsI32, type ElementRange, type TensorData } from '@foreword/tensor';
import { readExactly } from './read-exactly.ts';
import { elementArrays, type TorchDtype } from './torch-dtypes.ts';
import { failFor, type Fail } from './torch-file-error.ts';
import { isCount, TorchStorage } from './torch-storage.ts';

/** Most axes of a tensor; torch's own kernels stop there too. */
const MAX_AXES = 64;

export interface TensorView {
  /** in elements of the storage */
  offset: number;
  shape: readonly number[];
  /** in elements of the storage, per axis */
  strides: readonly number[];
}

export class TorchTensor {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** number of elements */
  readonly count: number;
  /** Tied tensors have one storage. */
  readonly storage: TorchStorage;
  readonly #offset: number;

  /** Use `torchTensor`, which checks. */
  constructor(storage: TorchStorage, { offset, shape, strides }: TensorView) {
    this.storage = storage;
    this.dtype = storage.dtype;
    this.shape = shape;
    this.strides = strides;
    this.count = elementCount(shape);
    this.#offset = offset;
  }

  /** First byte of its elements in the file. */
  get begin(): number {
    return this.storage.begin + (this.count === 0 ? 0 : this.#offset) * this.#width;
  }

  /** One past its last byte; between the two lie other elements too when the tensor is not contiguous. */
  get end(): number {
    return this.begin + span(this.shape, this.strides) * this.#width;
  }

  get isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== expected) return this.count === 0;
      expected *= this.shape[axis];
    }
    return true;
  }

  /**
   * Elements in row-major order; F16 and BF16 as codes, I64 as BigInt.
   * @param label what the tensor is called, for messages
   * @throws {TorchFileError} when the range is none of the tensor's, or the file has changed
   */
  async read({ begin = 0, end = this.count }: ElementRange = {}, label = 'a tensor'): Promise<TensorData> {
    if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || begin > end || end > this.count)
      return this.#fail(label)(`elements ${begin} to ${end} are not within its ${this.count}`);
    const { dtype, shape } = this;
    const data = this.isContiguous
      ? await this.#load({ first: this.#offset + begin, count: end - begin, label })
      : await this.#gather(begin, end, label);
    return { dtype, shape, data };
  }

  /** Elements as f32: F16 and BF16 exactly, F64 rounded, integers only when f32 holds them exactly. */
  async readAsF32(range: ElementRange = {}, label = 'a tensor'): Promise<Float32Array> {
    const data = await this.read(range, label);
    return elementsAsF32(data, { first: range.begin, fail: this.#fail(label) });
  }

  /** Integers and bools as i32. */
  async readAsI32(range: ElementRange = {}, label = 'a tensor'): Promise<Int32Array> {
    const data = await this.read(range, label);
    return elementsAsI32(data, { first: range.begin, fail: this.#fail(label) });
  }

  get #width(): number {
    return elementArrays[this.dtype].BYTES_PER_ELEMENT;
  }

  #fail(label: string): Fail {
    return failFor(this.storage.source.name, label);
  }

  /** Elements of the storage as they lie there. */
  async #load({ first, count, label }: { first: number; count: number; label: string }) {
    const ArrayType = elementArrays[this.dtype];
    if (count === 0) return new ArrayType(0);
    const begin = this.storage.begin + first * this.#width;
    let bytes = await readExactly(this.storage.source, {
      begin,
      end: begin + count * this.#width,
      of: label,
    });
    // A source may hand out part of a larger buffer, where typed arrays cannot start anywhere.
    if (bytes.byteOffset % this.#width !== 0) bytes = new Uint8Array(bytes);
    return new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
  }

  /** Elements `begin` to `end` in row-major order out of the rows that hold them. */
  async #gather(begin: number, end: number, label: string) {
    const { shape, strides } = this;
    const rowSize = this.count / shape[0];
    const firstRow = Math.floor(begin / rowSize);
    const rows = begin === end ? 0 : Math.ceil(end / rowSize) - firstRow;
    const raw = await this.#load({
      first: this.#offset + firstRow * strides[0],
      count: span([rows, ...shape.slice(1)], strides),
      label,
    });
    const out = new elementArrays[this.dtype](end - begin);
    // The index of each axis and, in step with it, the place in `raw`.
    const index = new Array<number>(shape.length).fill(0);
    let rest = begin - firstRow * rowSize;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = axis === 0 ? Math.max(rows, 1) : shape[axis];
      index[axis] = rest % size;
      rest = Math.floor(rest / size);
      at += index[axis] * strides[axis];
    }
    for (let i = 0; i < out.length; i++) {
      (out as Uint8Array)[i] = (raw as Uint8Array)[at];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis];
        if (++index[axis] < shape[axis]) break;
        at -= index[axis] * strides[axis];
        index[axis] = 0;
      }
    }
    return out;
  }
}

/**
 * A tensor from what `torch._utils._rebuild_tensor_v2` is given.
 * @throws {TorchFileError} through `fail` when the view leaves its storage, or would be larger than the whole file
 */
export function torchTensor(args: readonly unknown[], fail: Fail): TorchTensor {
  const [storage, offset, shape, strides] = args;
  // Behind the strides stand requires_grad, hooks and, since torch 2.0, metadata.
  if (args.length < 6 || args.length > 7 || !(storage instanceof TorchStorage))
    return fail('a tensor is not rebuilt from (storage, offset, size, stride, requires_grad, hooks)');
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length)
    return fail(`${storage.inWords}: offset, size or stride of its tensor are no whole numbers from 0`);
  if (shape.length > MAX_AXES)
    return fail(`a tensor has ${shape.length} axes; more than ${MAX_AXES} are a sign of damage`);
  const tensor = new TorchTensor(storage, { offset, shape, strides });
  const says = `a tensor of size [${shape.join(', ')}] and stride [${strides.join(', ')}] from element ${offset}`;
  if (tensor.count > 0 && !(offset + span(shape, strides) <= storage.count))
    return fail(`${says} leaves its storage "${storage.key}" of ${storage.count} elements`);
  const { size } = storage.source;
  if (!(tensor.count * elementArrays[storage.dtype].BYTES_PER_ELEMENT <= size)) {
    return fail(
      `${says} has more bytes than the file, ${size}: it repeats elements; save a contiguous() copy of it`,
    );
  }
  return tensor;
}

const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

const elementCount = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);

/** Elements from the first of a view to its last. */
function span(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], 1);
}
