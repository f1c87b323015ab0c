// How much GPU memory a frozen training step needs: weights, what is trained, and what the backward pass keeps.
//
// Legend: as in step-kernels.ts.
import type { StepSizes } from '../training-step/step-values.ts';
import { logitsBytes, mapperNumbers } from './step-kernels.ts';

/** Bytes. */
export interface StepMemory {
  /** GPT-2, frozen. */
  weights: number;
  /** The mapper, its gradient and AdamW's two moments. */
  trained: number;
  /** What lives at once within a step. */
  activations: number;
}

/** Numbers of GPT-2 with `positions` rows of position embeddings: its published models have 1024. */
export const gpt2Numbers = ({ L, C, V }: StepSizes, positions = 1024): number =>
  V * C + positions * C + L * (12 * C * C + 13 * C) + 2 * C;

/** Numbers per row and unit of width that a block keeps: both residuals, QKV, attention's result, MLP before GELU (4). */
const keptPerUnit = 10;
/**
 * The same once, for what is on its way through a block: two rows' gradients, QKV's (3), the MLP's (4), three more that
 * whole slots leave unused.
 */
const passing = 12;

export function stepMemory(sizes: StepSizes): StepMemory {
  const { L, C, H, V, P, R, B } = sizes;
  const N = B * (P + R);
  const logits = Math.min(4 * B * R * V, Math.max(logitsBytes, 4 * 64 * V));
  const kept = L * (keptPerUnit * N * C + N * H + 4 * N);
  return {
    weights: 4 * gpt2Numbers(sizes),
    trained: 4 * 4 * mapperNumbers(sizes),
    activations: 4 * (kept + passing * N * C) + logits,
  };
}

export const memoryTotal = ({ weights, trained, activations }: StepMemory): number =>
  weights + trained + activations;
