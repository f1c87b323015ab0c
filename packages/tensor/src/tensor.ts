// The tensor: a shape and a dtype over a piece of GPU memory, and the node that made it.
// Every op of ops/index.ts is also a method (see methods.ts).
import type { Device } from './core/device.ts';
import { ShapeError } from './core/errors.ts';
import { formatTensor } from './format-tensor.ts';
import { assertShape, formatShape, sizeOf, type Shape } from './core/shape.ts';
import type { Storage } from './core/storage.ts';
import {
  assertDType,
  byteLengthOf,
  bytesPerElement,
  fromBytes,
  toBytes,
  type DType,
  type HostArray,
} from './dtype/dtype.ts';

export interface TensorPlace {
  storage: Storage;
  byteOffset?: number;
}

/** What a VJP is given on the way back. */
export interface Cotangent {
  /** Of the op's first output. */
  grad: Tensor;
  /** True when `grad` is the constant 1 (the loss itself): a VJP may skip a multiplication. */
  isUnit: boolean;
  /** Which inputs want a gradient; a VJP launches nothing for the others. */
  needs: readonly boolean[];
  /** Gradients already collected for the inputs that `folds` lists. */
  partials: readonly (Tensor | undefined)[];
}

/** One op on the tape: where its result came from, and how gradients go back. */
export interface TapeNode {
  /** Grows with creation: a node's inputs have smaller ids, so descending order is a reverse topological one. */
  readonly id: number;
  readonly name: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly result: Tensor;
  readonly folds: readonly number[];
  vjp(cotangent: Cotangent): readonly (Tensor | undefined)[];
}

export class Tensor {
  readonly device: Device;
  readonly shape: Shape;
  readonly dtype: DType;
  /** May be replaced once, when an optimiser gathers parameters into its arena. */
  storage: Storage;
  byteOffset: number;
  /** True for trainable leaves and for everything computed from them while gradients are enabled. */
  requiresGrad = false;
  /** What computed this tensor; undefined for leaves. */
  node: TapeNode | undefined;

  constructor(device: Device, shape: Shape, dtype: DType, place: TensorPlace) {
    this.device = device;
    this.shape = shape;
    this.dtype = dtype;
    this.storage = place.storage;
    this.byteOffset = place.byteOffset ?? 0;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  get byteLength(): number {
    return this.size * bytesPerElement[this.dtype];
  }

  /** Size along `axis`; a negative axis counts from the end. */
  dim(axis: number): number {
    const n = this.shape.at(axis);
    if (n === undefined) throw new ShapeError(`dim ${axis} of a tensor ${formatShape(this.shape)}`);
    return n;
  }

  /** All elements on the host, row-major: f32 and f16 as Float32Array, i32 and u32 as their own arrays. */
  async read(): Promise<HostArray> {
    if (this.size === 0) {
      this.storage.assertLive();
      return fromBytes(new ArrayBuffer(0), this.dtype, 0);
    }
    const bytes = await this.device.download(
      this.storage,
      this.byteOffset,
      byteLengthOf(this.dtype, this.size),
    );
    return fromBytes(bytes, this.dtype, this.size);
  }

  /** The only element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: the tensor ${formatShape(this.shape)} has ${this.size} elements`);
    return (await this.read())[0];
  }

  /** Overwrites all elements from host values (f16 is rounded to nearest even). */
  write(values: ArrayLike<number>): this {
    if (values.length !== this.size) {
      throw new ShapeError(`write: ${values.length} values for a tensor ${formatShape(this.shape)}`);
    }
    if (this.size > 0) this.device.upload(this.storage, this.byteOffset, toBytes(values, this.dtype));
    return this;
  }

  /**
   * Overwrites the elements from `begin` on; f16 takes numbers or codes (Uint16Array), and an even `begin`.
   * @throws ShapeError when the values go beyond the tensor, or f16 ones begin at an odd place.
   */
  writeRange(begin: number, values: ArrayLike<number>): this {
    const byteOffset = begin * bytesPerElement[this.dtype];
    if (!(begin >= 0) || begin + values.length > this.size || byteOffset % 4 !== 0) {
      throw new ShapeError(
        `writeRange: ${values.length} values from element ${begin} on do not fit the tensor ${formatShape(this.shape)} ${this.dtype}`,
      );
    }
    if (values.length > 0)
      this.device.upload(this.storage, this.byteOffset + byteOffset, toBytes(values, this.dtype));
    return this;
  }

  /** Marks a leaf as trainable. */
  trainable(on = true): this {
    this.requiresGrad = on;
    return this;
  }

  /** The same memory without history. */
  detach(): Tensor {
    return new Tensor(this.device, this.shape, this.dtype, {
      storage: this.storage,
      byteOffset: this.byteOffset,
    });
  }

  /** Takes the tensor out of all open scopes: it lives until {@link dispose}. */
  keep(): this {
    this.device.scopes.keep(this.storage);
    this.device.settle(this.storage);
    return this;
  }

  /** Releases the memory, for every view of it. Inside a scope this is never needed. */
  dispose(): void {
    this.device.scopes.keep(this.storage);
    this.storage.release();
  }

  /** `Tensor [2, 3] f32`; the values lie on the GPU, see {@link Tensor.print}. */
  toString(): string {
    return `Tensor ${formatShape(this.shape)} ${this.dtype}`;
  }

  /** What `console.log` and `util.inspect` show in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /**
   * Reads the tensor and writes its values to the console, long axes cut.
   * @example
   * await tensor(device, [1, 2, 3, 4], [2, 2]).print(); // [[1., 2.],
   *                                                     //  [3., 4.]]
   */
  async print(): Promise<void> {
    console.log(formatTensor(await this.read(), this.shape, this.dtype));
  }
}

export interface CreateOptions {
  dtype?: DType;
  /** Weights and state: outside scopes and traces, until disposed. */
  persistent?: boolean;
  /** What makes the tensor, for error messages; default 'tensor'. */
  madeBy?: string;
}

/** A tensor of undefined contents. */
export function emptyTensor(
  device: Device,
  shape: Shape,
  { dtype = 'f32', persistent = false, madeBy = 'tensor' }: CreateOptions = {},
): Tensor {
  assertShape(shape, madeBy);
  assertDType(madeBy, dtype);
  const bytes = byteLengthOf(dtype, sizeOf(shape));
  const label = `${madeBy} ${formatShape(shape)} ${dtype}`;
  const storage = persistent ? device.allocatePersistent(bytes, label) : device.allocate(bytes, label);
  return new Tensor(device, shape, dtype, { storage });
}

/** Numbers in lists of lists: one level for each axis. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** The shape of nested lists and their numbers in order. */
function unnest(values: NestedNumbers): { shape: number[]; flat: number[] } {
  const shape: number[] = [];
  for (let at = values; Array.isArray(at); at = at[0] as NestedNumbers) {
    shape.push(at.length);
    if (at.length === 0) break;
  }
  const flat: number[] = [];
  const walk = (value: NestedNumbers, depth: number): void => {
    const isList = Array.isArray(value);
    if (isList ? value.length !== shape[depth] : typeof value !== 'number' || depth !== shape.length)
      throw new ShapeError(
        `tensor: the lists are of unequal lengths or hold other than numbers; [${shape.join(', ')}] is the shape of the first ones`,
      );
    if (isList) for (const item of value as readonly NestedNumbers[]) walk(item, depth + 1);
    else flat.push(value as number);
  };
  walk(values, 0);
  return { shape, flat };
}

/**
 * A tensor from host values: in row-major order with a shape, or as numbers, lists and lists of lists, whose shape it takes.
 * Values become f32 unless `dtype` says otherwise: f16 rounds to nearest even, integers lose their fraction.
 * @throws ShapeError when the number of values is not the product of the shape, or lists are of unequal lengths; TensorError
 * for values beyond an integer type.
 * @example
 * tensor(device, [[1, 2], [3, 4]]); // [2, 2]
 * tensor(device, new Float32Array(6), [2, 3]);
 * tensor(device, [7, 8], { dtype: 'i32' });
 */
export function tensor(
  device: Device,
  values: ArrayLike<number> | NestedNumbers,
  shape?: Shape | CreateOptions,
  options: CreateOptions = {},
): Tensor {
  if (!Array.isArray(shape))
    return fromLists(device, values, (shape as CreateOptions | undefined) ?? options);
  assertShape(shape, 'tensor');
  const given = (typeof values === 'number' ? [values] : values) as ArrayLike<number>;
  if (given.length !== sizeOf(shape)) {
    throw new ShapeError(`tensor: ${given.length} values for shape ${formatShape(shape)}`);
  }
  // A constant made while tracing is uploaded once and kept by the plan, so it must not be traced memory.
  const persistent = options.persistent ?? device.trace !== undefined;
  const made = emptyTensor(device, shape, { ...options, persistent });
  device.trace?.hold(made.storage);
  return made.write(given);
}

function fromLists(
  device: Device,
  values: ArrayLike<number> | NestedNumbers,
  options: CreateOptions,
): Tensor {
  if (ArrayBuffer.isView(values))
    return tensor(device, values, [(values as ArrayLike<number>).length], options);
  const { shape, flat } = unnest(values as NestedNumbers);
  return tensor(device, flat, shape, options);
}

/** A trainable leaf from host values; lives until disposed. */
export const parameter = (device: Device, values: ArrayLike<number> | NestedNumbers, shape?: Shape): Tensor =>
  tensor(device, values, shape, { persistent: true }).trainable();
