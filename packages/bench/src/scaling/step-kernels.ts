// Every kernel of a frozen training step on a GPU, by formula: how often it runs, what it computes, what it binds.
//
// GPT-2 is frozen, so that its linear maps cost 2 operations per weight and row forward and 2 backward, where trained
// ones would cost 4. Attention is causal: half of its T² pairs count. Names are those of the plan's calls.
//
// Legend: L layers, C width, H heads, V vocabulary, P prefix rows, R caption tokens, T = P + R, B batch, N = B·T rows,
// F image features, M mapper's hidden units.
import type { StepSizes } from '../training-step/step-values.ts';

export interface KernelCost {
  name: string;
  /** Calls per step. */
  count: number;
  /** Operations of all calls. */
  flops: number;
  /** Numbers bound by all calls, read or written: 4 bytes each. */
  numbers: number;
}

/** Bytes of logits that a GPU holds at once. */
export const logitsBytes = 64 * 2 ** 20;

/** The mapper's hidden units. */
const hiddenOf = ({ P, C }: StepSizes): number => (P * C) / 2;

/** Numbers that the mapper trains. */
export function mapperNumbers(sizes: StepSizes): number {
  const { P, C, F } = sizes;
  const M = hiddenOf(sizes);
  return F * M + M + M * P * C + P * C;
}

export function stepKernels(sizes: StepSizes): KernelCost[] {
  const { P, R, B, V, C, F } = sizes;
  const N = B * (P + R);
  const M = hiddenOf(sizes);
  const out = P * C;
  const kernels = [
    // The mapper.
    product('mlp up', { rows: B, from: F, to: M }, { bias: M, also: B * M }),
    product('mlp down', { rows: B, from: M, to: out }, { bias: out }),
    // Inputs: tokens behind the prefix, positions.
    kernel('embedding', 0, V * C + B * R + B * R * C),
    kernel('concat', 0, 2 * N * C),
    kernel('slice', 0, 2 * (P + R) * C),
    kernel('add', N * C, 2 * N * C + (P + R) * C),
    ...blockKernels(sizes),
    // Caption rows meet the vocabulary.
    kernel('slice', 0, N * C + B * R * C),
    kernel('layerNorm', 8 * B * R * C, 2 * B * R * C + 2 * B * R + 2 * C),
    ...lossKernels(sizes),
    kernel('fill', 1, 1),
    kernel('layerNormBackward', 12 * B * R * C, 3 * B * R * C + 2 * B * R + C),
    kernel('sliceBackward', 0, B * R * C + N * C),
    // Back into the mapper.
    kernel('slice', 0, N * C + B * out),
    product('mlp down backward', { rows: B, from: out, to: M }, { also: B * M }),
    product('matmul TN', { rows: M, from: B, to: out }),
    product('matmul TN', { rows: F, from: B, to: M }),
    kernel('sum', B * (out + M), B * (out + M) + out + M, 2),
    ...updateKernels(mapperNumbers(sizes)),
  ];
  return merged(kernels);
}

/** Sums over kernels. */
export function totalOf(kernels: readonly KernelCost[]): {
  dispatches: number;
  flops: number;
  bytes: number;
} {
  const sum = (of: (kernel: KernelCost) => number): number => kernels.reduce((n, k) => n + of(k), 0);
  return { dispatches: sum((k) => k.count), flops: sum((k) => k.flops), bytes: 4 * sum((k) => k.numbers) };
}

/** Forward and backward through all blocks. */
function blockKernels({ L, C, H, P, R, B }: StepSizes): KernelCost[] {
  const T = P + R;
  const N = B * T;
  const pairs = B * T * T * C; // twice the causal ones
  const perRowAndHead = B * H * T;
  const linear = (name: string, from: number, to: number, extra: Extra = {}): KernelCost =>
    product(name, { rows: N, from, to }, extra);
  const block = [
    kernel('layerNorm', 2 * 8 * N * C, 2 * (2 * N * C + 2 * N + 2 * C), 2),
    linear('linear', C, 3 * C, { bias: 3 * C }),
    kernel('attention', 2 * pairs, 4 * N * C + perRowAndHead),
    linear('linear', C, C, { bias: C, also: N * C }),
    linear('mlp up', C, 4 * C, { bias: 4 * C, also: 4 * N * C }),
    linear('mlp down', 4 * C, C, { bias: C, also: N * C }),
    linear('mlp down backward', C, 4 * C, { also: 4 * N * C }),
    linear('matmul NT', 4 * C, C),
    kernel('layerNormBackward', 2 * 12 * N * C, 2 * (4 * N * C + 2 * N + C), 2),
    linear('matmul NT', C, C),
    kernel('attention backward q', 3 * pairs, 8 * N * C + 2 * perRowAndHead),
    kernel('attention backward kv', 4 * pairs, 7 * N * C + 2 * perRowAndHead),
    linear('matmul NT', 3 * C, C),
  ];
  return block.map(({ name, count, flops, numbers }) => ({
    name,
    count: L * count,
    flops: L * flops,
    numbers: L * numbers,
  }));
}

/** Chunks of rows whose logits fit. */
export const lossChunks = ({ B, R, V }: StepSizes): number =>
  Math.ceil((B * R) / Math.max(64, Math.floor(logitsBytes / (4 * V))));

/** Logits, their gradient in place, and the gradient of the rows; the token table is bound anew by every chunk. */
function lossKernels(sizes: StepSizes): KernelCost[] {
  const { B, R, C, V } = sizes;
  const rows = B * R;
  const chunks = lossChunks(sizes);
  const table = (chunks - 1) * V * C;
  const inChunks = (cost: KernelCost): KernelCost => ({
    ...cost,
    count: chunks,
    numbers: cost.numbers + table,
  });
  return [
    inChunks(product('loss logits', { rows, from: C, to: V })),
    kernel('crossEntropy with gradient', 9 * rows * V, rows * V + 2 * rows, chunks),
    inChunks(product('loss dx', { rows, from: V, to: C })),
    kernel('total loss', 0, rows + 1),
  ];
}

/** Global norm and AdamW over everything that is trained. */
const updateKernels = (trained: number): KernelCost[] => [
  kernel('gradient norm', 2 * trained, trained),
  kernel('adamW', 12 * trained, 4 * trained),
];

const kernel = (name: string, flops: number, numbers: number, count = 1): KernelCost => ({
  name,
  count,
  flops,
  numbers,
});

/** What a product binds besides its matrices. */
interface Extra {
  bias?: number;
  /** Residual, values before an activation, or those its slope is taken at. */
  also?: number;
}

/** [rows, from] · [from, to] */
function product(
  name: string,
  { rows, from, to }: { rows: number; from: number; to: number },
  { bias = 0, also = 0 }: Extra = {},
): KernelCost {
  return kernel(name, 2 * rows * from * to, rows * from + from * to + rows * to + bias + also);
}

/** One entry per name. */
function merged(kernels: readonly KernelCost[]): KernelCost[] {
  const byName = new Map<string, KernelCost>();
  for (const { name, count, flops, numbers } of kernels) {
    const before = byName.get(name) ?? { name, count: 0, flops: 0, numbers: 0 };
    byName.set(name, {
      name,
      count: before.count + count,
      flops: before.flops + flops,
      numbers: before.numbers + numbers,
    });
  }
  return [...byName.values()];
}
