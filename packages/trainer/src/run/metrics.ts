// Rows of metrics.jsonl and validation.jsonl.
/** One line of metrics.jsonl. */
export interface StepMetrics {
  /** Steps done, from 1. */
  step: number;
  /** From 1. */
  epoch: number;
  loss: number;
  lr: number;
  gradNorm: number;
  stepMs: number;
  tokensPerSecond: number;
  /** Self-critical training: mean CIDEr-D of the captions drawn, and of the greedy ones where they are the baseline. */
  reward?: number;
  baseline?: number;
}

/** What validation found after an epoch. */
export interface EpochMetrics {
  step: number;
  epoch: number;
  valLoss: number;
  /** Self-critical training: mean CIDEr-D of greedy captions. */
  valReward?: number;
}
