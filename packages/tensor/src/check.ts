// What tests know about an op: its formula in float64 and the samples that all its tests are made from.
//
// An op's check stands in `x.check.ts` beside `x.ts`, and in the list ops/checks.ts; no code that ships imports either.
import type { Shape } from './core/shape.ts';
import type { DType } from './dtype/dtype.ts';
import type { Inputs } from './op.ts';
import type { Tensor } from './tensor.ts';

/** A plain float64 array, what references compute with. */
export interface RefArray {
  shape: Shape;
  data: Float64Array;
}

export type RefInputs<I extends Inputs> = {
  [K in keyof I]: undefined extends I[K] ? RefArray | undefined : RefArray;
};

/** Values for one generated test. */
export interface SampleInput {
  shape: Shape;
  dtype?: DType;
  /** Uniform range of random values; default [-1, 1]. Integers are drawn for i32/u32 (upper end excluded). */
  range?: readonly [number, number];
  values?: readonly number[];
}

export interface Sample<A> {
  name?: string;
  inputs: readonly (SampleInput | undefined)[];
  attrs: A;
  /** Inputs whose gradient is checked against central differences; default: all f32 inputs. */
  checkGrad?: readonly number[];
  /** Relative tolerance (of the largest magnitude) in f32; default 2e-5. */
  tolerance?: number;
}

export interface OpCheck<A, I extends Inputs = readonly Tensor[]> {
  /** The formula in plain float64 JavaScript. */
  reference(inputs: RefInputs<I>, attrs: A): RefArray[];
  samples: readonly Sample<A>[];
}

// The list of checks does not know A and I.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyCheck = OpCheck<any, any>;
