// Checks of the losses of two tensors: the formulas in float64 and the samples that tests are made from.
import type { OpCheck, RefArray, Sample, SampleInput } from '../../check.ts';
import type { Tensor } from '../../tensor.ts';

interface LossAttrs {
  reduction?: 'mean' | 'sum' | 'none' | 'batchMean';
  delta?: number;
  beta?: number;
  margin?: number;
  logTarget?: boolean;
}

type Formula = (x: number, y: number, attrs: LossAttrs) => number;

const huber = (d: number, delta: number): number =>
  Math.abs(d) <= delta ? 0.5 * d * d : delta * (Math.abs(d) - 0.5 * delta);

/** Losses of one element by name. */
const formulas = {
  mseLoss: (x, y) => (x - y) ** 2,
  l1Loss: (x, y) => Math.abs(x - y),
  huberLoss: (x, y, { delta = 1 }) => huber(x - y, delta),
  smoothL1Loss: (x, y, { beta = 1 }) => (beta === 0 ? Math.abs(x - y) : huber(x - y, beta) / beta),
  binaryCrossEntropy: (x, y) => -y * Math.log(x) - (1 - y) * Math.log(1 - x),
  binaryCrossEntropyWithLogits: (x, y) => (1 - y) * x + Math.log1p(Math.exp(-Math.abs(x))) + Math.max(-x, 0),
  klDiv: (x, y, { logTarget }) => (logTarget ? Math.exp(y) * (y - x) : y * (Math.log(y) - x)),
  hingeEmbeddingLoss: (x, y, { margin = 1 }) => (y < 0 ? Math.max(0, margin - x) : x),
} satisfies Record<string, Formula>;

function reduced(losses: RefArray, rows: number, reduction: LossAttrs['reduction'] = 'mean'): RefArray[] {
  if (reduction === 'none') return [losses];
  const total = losses.data.reduce((a, b) => a + b, 0);
  const divisor = { mean: losses.data.length, batchMean: rows, sum: 1 }[reduction];
  return [{ shape: [], data: Float64Array.of(total / divisor) }];
}

interface LossCheck {
  /** Ranges of input and target. */
  x?: readonly [number, number];
  y?: Omit<SampleInput, 'shape'>;
  /** Inputs that get a gradient. */
  checkGrad?: readonly number[];
  attrs?: readonly LossAttrs[];
}

export function lossCheck(
  name: keyof typeof formulas,
  { x = [-2, 2], y = { range: [-2, 2] }, checkGrad, attrs = [{}] }: LossCheck = {},
): OpCheck<LossAttrs, readonly [Tensor, Tensor]> {
  const inputs = (shape: number[]): SampleInput[] => [
    { shape, range: x },
    { shape, ...y },
  ];
  const samples: Sample<LossAttrs>[] = [
    ...attrs.map((it) => ({ inputs: inputs([5, 17]), attrs: it, checkGrad })),
    { inputs: inputs([3, 4]), attrs: { ...attrs.at(-1), reduction: 'none' }, checkGrad },
    { inputs: inputs([1, 1]), attrs: { ...attrs.at(-1), reduction: 'sum' }, checkGrad },
    { inputs: inputs([0, 4]), attrs: { ...attrs.at(-1), reduction: 'sum' }, checkGrad },
  ];
  return {
    reference: ([input, target], attributes) =>
      reduced(
        {
          shape: input.shape,
          data: input.data.map((v, i) => formulas[name](v, target.data[i], attributes)),
        },
        input.shape[0],
        attributes.reduction,
      ),
    samples,
  };
}

/** Cosines of rows. */
function cosines({ shape, data: a }: RefArray, { data: b }: RefArray): RefArray {
  const C = shape.at(-1)!;
  const rows = shape.slice(0, -1);
  const out = new Float64Array(rows.reduce((x, y) => x * y, 1));
  for (let r = 0; r < out.length; r++) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = r * C; i < (r + 1) * C; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    out[r] = ab / Math.sqrt(aa * bb);
  }
  return { shape: rows, data: out };
}

export const cosineSimilarityCheck: OpCheck<{ eps: number }, readonly [Tensor, Tensor]> = {
  reference: ([a, b]) => [cosines(a, b)],
  samples: [
    [3, 5],
    [2, 3, 13],
    [1, 1],
    [0, 4],
  ].map((shape) => ({
    inputs: [{ shape }, { shape }],
    attrs: { eps: 1e-8 },
  })),
};

export const cosineEmbeddingLossCheck: OpCheck<LossAttrs, readonly [Tensor, Tensor, Tensor]> = {
  reference([a, b, y], { margin = 0, reduction }) {
    const { shape, data } = cosines(a, b);
    const losses = data.map((c, r) => (y.data[r] < 0 ? Math.max(0, c - margin) : 1 - c));
    return reduced({ shape, data: losses }, shape[0], reduction);
  },
  samples: [
    {
      inputs: [{ shape: [5, 17] }, { shape: [5, 17] }, { shape: [5], values: [1, -1, 1, -1, -1] }],
      attrs: { margin: 0.1 },
      checkGrad: [0, 1],
    },
    {
      inputs: [{ shape: [1, 3] }, { shape: [1, 3] }, { shape: [1], values: [1] }],
      attrs: { reduction: 'none' },
      checkGrad: [0, 1],
    },
    {
      inputs: [{ shape: [0, 3] }, { shape: [0, 3] }, { shape: [0], values: [] }],
      attrs: { reduction: 'sum' },
      checkGrad: [0, 1],
    },
  ],
};
