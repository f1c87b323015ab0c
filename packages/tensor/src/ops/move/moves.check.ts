// Checks of flip, roll, expand, repeat, repeatInterleave, tril, triu and diagonal: where each entry of the result comes from.
import type { OpCheck, Sample } from '../../check.ts';
import type { Shape } from '../../core/shape.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tensor } from '../../tensor.ts';
import { diagonalLength, type DiagonalAttrs } from './diagonal.ts';
import { expandedShape, padded, type RepeatAttrs, type RepeatInterleaveAttrs } from './expand.ts';
import { moved } from './move-reference.check.ts';
import type { FlipAttrs, RollAttrs } from './reverse.ts';
import type { TriangleAttrs } from './triangle.ts';

type MoveCheck<A> = OpCheck<A, readonly [Tensor]>;

const samplesOf = <A>(list: readonly (readonly [Shape, A])[]): Sample<A>[] =>
  list.map(([shape, attrs]) => ({ inputs: [{ shape }], attrs }));

export const flipCheck: MoveCheck<FlipAttrs> = {
  reference: ([x], { axes }) => [
    moved(x, x.shape, (at) => at.map((c, k) => (axes.includes(k) ? x.shape[k] - 1 - c : c))),
  ],
  samples: samplesOf<FlipAttrs>([
    [[3, 5], { axes: [1] }],
    [[2, 3, 8], { axes: [0, 1] }],
    [[1, 67], { axes: [1] }],
    [[0, 3], { axes: [0] }],
  ]),
};

export const rollCheck: MoveCheck<RollAttrs> = {
  reference: ([x], { shifts }) => [
    moved(x, x.shape, (at) => at.map((c, k) => (c + x.shape[k] - shifts[k]) % x.shape[k])),
  ],
  samples: samplesOf<RollAttrs>([
    [[3, 5], { shifts: [1, 3] }],
    [[5, 8], { shifts: [2, 0] }],
    [[1, 67], { shifts: [0, 66] }],
    [[0, 3], { shifts: [0, 1] }],
  ]),
};

export const expandCheck: MoveCheck<{ shape: Shape }> = {
  reference: ([x], { shape }) => {
    const out = expandedShape(x.shape, shape);
    const lead = out.length - x.shape.length;
    return [moved(x, out, (at) => at.slice(lead).map((c, k) => (x.shape[k] === 1 ? 0 : c)))];
  },
  samples: samplesOf<{ shape: Shape }>([
    [[3, 1], { shape: [2, -1, 5] }],
    [[2, 1, 8], { shape: [-1, 3, 8] }],
    [[1], { shape: [67] }],
    [[], { shape: [2, 3] }],
    [[0, 1], { shape: [0, 3] }],
    [[13, 1], { shape: [13, 7] }],
  ]),
};

export const repeatCheck: MoveCheck<RepeatAttrs> = {
  reference: ([x], { times }) => {
    const own = padded(x.shape, times);
    const out = own.map((n, k) => n * times[k]);
    return [moved({ ...x, shape: own }, out, (at) => at.map((c, k) => c % own[k]))];
  },
  samples: samplesOf<RepeatAttrs>([
    [[3, 2], { times: [2, 3] }],
    [[1, 4], { times: [2, 3, 1] }],
    [[67], { times: [3] }],
    [[0, 3], { times: [2, 2] }],
  ]),
};

export const repeatInterleaveCheck: MoveCheck<RepeatInterleaveAttrs> = {
  reference: ([x], { times, axis }) => {
    const out = x.shape.map((n, k) => (k === axis ? n * times : n));
    return [moved(x, out, (at) => at.map((c, k) => (k === axis ? Math.floor(c / times) : c)))];
  },
  samples: samplesOf<RepeatInterleaveAttrs>([
    [[3, 2], { times: 2, axis: 0 }],
    [[5, 1, 4], { times: 3, axis: 0 }],
    [[67], { times: 2, axis: 0 }],
    [[0, 3], { times: 2, axis: 1 }],
  ]),
};

export const triangleCheck = (isKept: (fromDiagonal: number) => boolean): MoveCheck<TriangleAttrs> => ({
  reference: ([x], { diagonal }) => [
    moved(x, x.shape, (at) => (isKept(at.at(-1)! - at.at(-2)! - diagonal) ? at : undefined)),
  ],
  samples: samplesOf<TriangleAttrs>([
    [[2, 3, 5], { diagonal: 1 }],
    [[5, 3], { diagonal: -2 }],
    [[1, 67], { diagonal: 0 }],
    [[0, 3], { diagonal: 0 }],
  ]),
});

export const diagonalCheck: MoveCheck<DiagonalAttrs> = {
  reference: ([x], { offset, axis1, axis2 }) => {
    const [first, second] = [axis1, axis2].map((axis) => (axis + x.shape.length) % x.shape.length);
    const others = x.shape.flatMap((_, k) => (k === first || k === second ? [] : [k]));
    const length = diagonalLength(x.shape[first], x.shape[second], offset);
    return [
      moved(x, [...others.map((k) => x.shape[k]), length], (at) =>
        x.shape.map((_, k) => {
          const d = at.at(-1)!;
          if (k === first) return d + Math.max(0, -offset);
          return k === second ? d + Math.max(0, offset) : at[others.indexOf(k)];
        }),
      ),
    ];
  },
  samples: samplesOf<DiagonalAttrs>([
    [[2, 5, 4], { offset: 1, axis1: -2, axis2: -1 }],
    [[5, 3], { offset: -1, axis1: 0, axis2: 1 }],
    [[3, 2, 4], { offset: 0, axis1: 0, axis2: 2 }],
    [[1, 67], { offset: 66, axis1: 0, axis2: 1 }],
    [[0, 3], { offset: 0, axis1: 0, axis2: 1 }],
  ]),
};

/** Stacking is concatenation of tensors with one axis more. */
export const stackCheck: OpCheck<{ axis: number }> = {
  reference(inputs, { axis }) {
    const { shape } = inputs[0];
    const at = axis < 0 ? axis + shape.length + 1 : axis;
    const inner = sizeOf(shape.slice(at));
    const data = Float64Array.from(
      { length: inputs.length * inputs[0].data.length },
      (_, i) =>
        inputs[Math.floor(i / inner) % inputs.length].data[
          Math.floor(i / (inner * inputs.length)) * inner + (i % inner)
        ],
    );
    return [{ shape: shape.toSpliced(at, 0, inputs.length), data }];
  },
  samples: (
    [
      [[3, 5], 3, 1],
      [[4], 2, -1],
      [[1, 67], 2, 0],
      [[0, 3], 2, 0],
    ] as const
  ).map(([shape, count, axis]) => ({
    inputs: Array.from({ length: count }, () => ({ shape })),
    attrs: { axis },
  })),
};
