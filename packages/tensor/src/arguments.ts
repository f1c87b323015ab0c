// Checks of arguments: each error names the op, the argument, what came and what is wanted.
import { DTypeError, ShapeError, TensorError } from './core/errors.ts';
import { formatShape, type Shape } from './core/shape.ts';
import { integerRange, isElement, isFloat, type DType } from './dtype/dtype.ts';
import { Tensor } from './tensor.ts';

/** An argument of the wrong kind: a text where a tensor is wanted, an unknown option. */
const wrongKind = (op: string, argument: string, value: unknown, wanted: string): TensorError =>
  new TensorError(`${op}: ${argument} is ${show(value)}, but ${wanted} is wanted`);

/** A value in an error message, cut where it is long. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `the text '${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (value instanceof Tensor) return value.toString();
  if (Array.isArray(value)) {
    const items = value.slice(0, 8).map((item: unknown) => (typeof item === 'number' ? item : '…'));
    return `the array [${items.join(', ')}${value.length > 8 ? ', …' : ''}]`;
  }
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === 'object' && value !== null)
    return `an object {${Object.keys(value).slice(0, 8).join(', ')}}`;
  return `${value as number}`;
}

/** @throws TensorError unless `value` is a tensor. */
export function assertTensor(op: string, argument: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) throw wrongKind(op, argument, value, 'a tensor');
}

/** @throws TensorError unless `value` is a tensor or a number. */
export function assertOperand(
  op: string,
  argument: string,
  value: unknown,
): asserts value is Tensor | number {
  if (!(value instanceof Tensor) && typeof value !== 'number')
    throw wrongKind(op, argument, value, 'a tensor or a number');
}

export interface NumberRule {
  /** Only whole numbers. */
  integer?: boolean;
  /** Smallest and largest value allowed. */
  min?: number;
  max?: number;
}

/** @throws TensorError unless `value` is a number (not NaN) that obeys the rule. */
export function assertNumber(
  op: string,
  argument: string,
  value: unknown,
  { integer = false, min = -Infinity, max = Infinity }: NumberRule = {},
): asserts value is number {
  if (typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value)))
    return;
  const range = [
    Number.isFinite(min) ? ` of at least ${min}` : '',
    Number.isFinite(max) ? `${Number.isFinite(min) ? ' and' : ' of'} at most ${max}` : '',
  ].join('');
  throw wrongKind(op, argument, value, `a ${integer ? 'whole ' : ''}number${range}`);
}

/** @throws TensorError unless `value` is a number that an element of `dtype` can hold; floats take NaN and ±∞ too. */
export function assertElement(
  op: string,
  argument: string,
  value: unknown,
  dtype: DType,
): asserts value is number {
  if (typeof value === 'number' && isElement(value, dtype)) return;
  const range = isFloat(dtype)
    ? ''
    : ` from ${integerRange[dtype as 'i32'].join(' to ')}, since the dtype is ${dtype},`;
  throw wrongKind(op, argument, value, `a number${range}`);
}

/** @throws TensorError unless `value` is one of the texts in `choices`. */
export function assertChoice<T extends string>(
  op: string,
  argument: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (!choices.includes(value as T)) throw wrongKind(op, argument, value, `one of '${choices.join("', '")}'`);
}

/**
 * The options of an op, which has no others than those in `known`: a mistyped name or a bare number would otherwise be
 * ignored without a word.
 * @throws TensorError naming the unknown option and the known ones.
 */
export function assertOptions(op: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || options instanceof Tensor)
    throw wrongKind(op, 'the options argument', options, `an object with ${known.join(', ')}`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TensorError(`${op}: there is no option '${key}'; there are ${known.join(', ')}`);
  }
}

/** Throws a {@link DTypeError} unless the tensor holds floats. */
export function assertFloat(op: string, argument: string, t: { dtype: DType }): void {
  if (!isFloat(t.dtype))
    throw new DTypeError(
      `${op}: ${argument} is ${t.dtype}, but floats (f32 or f16) are wanted; cast it first`,
    );
}

/** Throws a {@link DTypeError} unless the tensor holds whole numbers. */
export function assertInteger(op: string, argument: string, t: { dtype: DType }): void {
  if (isFloat(t.dtype))
    throw new DTypeError(
      `${op}: ${argument} is ${t.dtype}, but whole numbers (i32 or u32) are wanted; cast it first`,
    );
}

/** Throws a {@link ShapeError} with both sizes unless they agree. */
export function assertSizes(op: string, what: string, got: number, wanted: number): void {
  if (got !== wanted) throw new ShapeError(`${op}: ${what} is ${got}, but ${wanted} is wanted`);
}

/** Throws a {@link ShapeError} unless the tensor has as many axes as `letters` names. */
export function assertRank(
  op: string,
  argument: string,
  { shape }: { shape: Shape },
  letters: readonly string[],
): void {
  if (shape.length !== letters.length)
    throw new ShapeError(
      `${op}: ${argument} is ${formatShape(shape)}, but [${letters.join(', ')}] is wanted`,
    );
}
