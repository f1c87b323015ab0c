// Checks of arithmetic: the formula in float64 and the samples that tests are made from.
import type { OpCheck, Sample, SampleInput } from '../../check.ts';
import { broadcastShapes, sizeOf, stridesOf, type Shape } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';

export const affineCheck: OpCheck<{ scale: number; shift: number }, readonly [Tensor]> = {
  reference: ([x], { scale, shift }) => [{ shape: x.shape, data: x.data.map((v) => v * scale + shift) }],
  samples: [
    { inputs: [{ shape: [3, 4] }], attrs: { scale: 2.5, shift: -1 } },
    { inputs: [{ shape: [5] }], attrs: { scale: 1, shift: 3 } },
    { inputs: [{ shape: [0, 2] }], attrs: { scale: 2, shift: 3 } },
    { inputs: [{ shape: [1] }], attrs: { scale: -2, shift: 0 } },
    { inputs: [{ shape: [3, 67] }], attrs: { scale: 0.5, shift: 1 } },
  ],
};

/** Element of an operand of `shape` for element i of the result. */
export function referenceIndex(shape: Shape, out: Shape, i: number): number {
  const strides = stridesOf(shape);
  const outStrides = stridesOf(out);
  const lead = out.length - shape.length;
  return shape.reduce(
    (at, n, k) => at + (n === 1 ? 0 : (Math.floor(i / outStrides[lead + k]) % n) * strides[k]),
    0,
  );
}

/** Shapes of two operands that broadcast. */
const pairs: readonly (readonly [Shape, Shape])[] = [
  [
    [4, 6],
    [4, 6],
  ],
  [[3, 5], [5]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [[5], [2, 5]],
  [[1], [7]],
  [
    [3, 1],
    [1, 4],
  ],
  [[0, 3], [3]],
  [[2, 4], []],
  [[3, 67], [67]],
  [
    [2, 3, 8],
    [2, 1, 8],
  ],
  [
    [3, 1, 4],
    [2, 4],
  ],
];

/** A few of them, for ops that differ from others by their formula alone. */
const fewPairs: typeof pairs = [
  [[2, 36], [36]],
  [
    [3, 1],
    [1, 5],
  ],
  [[0, 3], [3]],
];

export interface BinarySamples {
  /** What the operands are drawn from. */
  a?: Omit<SampleInput, 'shape'>;
  b?: Omit<SampleInput, 'shape'>;
  /** Every way to broadcast, not only a few. */
  allPairs?: boolean;
}

/** The check of a function of two operands. */
export function binaryCheck(
  name: string,
  js: (a: number, b: number) => number,
  { a: inputA, b: inputB, allPairs = false }: BinarySamples = {},
): OpCheck<object, readonly [Tensor, Tensor]> {
  return {
    reference([a, b]) {
      const shape = broadcastShapes(name, a.shape, b.shape);
      const data = new Float64Array(sizeOf(shape));
      for (let i = 0; i < data.length; i++)
        data[i] = js(a.data[referenceIndex(a.shape, shape, i)], b.data[referenceIndex(b.shape, shape, i)]);
      return [{ shape, data }];
    },
    samples: (allPairs ? pairs : fewPairs).map(([a, b], i): Sample<object> => ({
      inputs: [
        { ...inputA, shape: a },
        { ...inputB, shape: b },
      ],
      attrs: {},
      ...(!allPairs && i > 0 && { checkGrad: [] }),
    })),
  };
}
