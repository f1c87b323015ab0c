// Changes to next-token logits that depend on the tokens generated so far.

export interface PenaltyOptions {
  /** Logits of tokens that occurred are divided by this if positive, multiplied if negative (CTRL, Keskar et al. 2019, §4.1). */
  repetitionPenalty?: number;
  /** Subtracted once from the logit of each token that occurred. */
  presencePenalty?: number;
  /** Subtracted for each occurrence. */
  frequencyPenalty?: number;
}

/** Whether the penalties do anything. */
export const changesLogits = ({
  repetitionPenalty = 1,
  presencePenalty = 0,
  frequencyPenalty = 0,
}: PenaltyOptions): boolean => repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;

/** Applies the penalties to `logits` [V] in place. */
export function applyPenalties(
  logits: Float32Array,
  history: readonly number[],
  options: PenaltyOptions,
): void {
  const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = options;
  const counts = new Map<number, number>();
  for (const id of history) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const [id, count] of counts) {
    const logit = logits[id];
    const scaled = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    logits[id] = scaled - presencePenalty - frequencyPenalty * count;
  }
}

/** @throws RangeError for values that make no sense. */
export function assertPenalties({
  repetitionPenalty = 1,
  presencePenalty = 0,
  frequencyPenalty = 0,
}: PenaltyOptions): void {
  if (!(repetitionPenalty > 0 && repetitionPenalty < Infinity)) {
    throw new RangeError(
      `decoding: repetitionPenalty is ${repetitionPenalty}; a number above 0 is needed (1 changes nothing)`,
    );
  }
  if (!Number.isFinite(presencePenalty) || !Number.isFinite(frequencyPenalty)) {
    throw new RangeError(
      `decoding: presencePenalty ${presencePenalty} and frequencyPenalty ${frequencyPenalty} must be finite`,
    );
  }
}
