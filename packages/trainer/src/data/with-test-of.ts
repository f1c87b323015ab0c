// Learns from one dataset and is scored on another: `--dataset coco:… --test-on nocaps:…`.
import { createHash } from 'node:crypto';
import type { Dataset } from './dataset.ts';

/** `base` with the test split of `other`, under a digest of both; `base` itself when they are one. */
export function withTestOf(base: Dataset, other: Dataset): Dataset {
  if (other === base) return base;
  return {
    ...base,
    splits: { ...base.splits, test: other.splits.test },
    digest: createHash('sha256').update(`${base.digest}\n${other.digest}`).digest('hex'),
    summary: `${base.summary}\nscored on ${other.summary}`,
    skipped: [...base.skipped, ...other.skipped],
    notes: [...base.notes, ...other.notes],
    features: undefined,
  };
}
