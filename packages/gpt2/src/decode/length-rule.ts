// How a beam search weighs the length of a hypothesis: score = Σ log p / divisor(length).

/**
 * `average`: Σ log p / length (ClipCap). `sum`: Σ log p. `power`: Σ log p / length^power.
 * `gnmt`: Σ log p / ((5 + length)/6)^gnmt (Wu et al. 2016, eq. 14).
 */
export type LengthRule = 'average' | 'sum' | { power: number } | { gnmt: number };

/** What Σ log p of `length` tokens is divided by. Never shrinks with the length. */
export function lengthDivisor(rule: LengthRule, length: number): number {
  if (rule === 'sum') return 1;
  if (rule === 'average') return length;
  return 'power' in rule ? length ** rule.power : ((5 + length) / 6) ** rule.gnmt;
}

/** @throws RangeError for an exponent below 0: longer texts would then score ever better. */
export function assertLengthRule(rule: LengthRule): void {
  const exponent = typeof rule === 'string' ? 0 : 'power' in rule ? rule.power : rule.gnmt;
  if (!(exponent >= 0 && exponent < Infinity)) {
    throw new RangeError(`beam search: the length exponent is ${exponent}; a number from 0 is needed`);
  }
}
