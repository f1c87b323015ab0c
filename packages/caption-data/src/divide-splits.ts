// Which pictures train, validate and test where a dataset does not say so. A function of their names alone: the same on
// every machine, whatever order the file has.
import { createHash } from 'node:crypto';
import { splits, type Split } from './dataset.ts';
import type { Entry } from './picture-table.ts';

/** Of the pictures that are divided, for val and for test each. */
const share = 0.1;

export interface Divided {
  splits: Record<Split, Entry[]>;
  notes: string[];
}

/** Sorts entries into splits; where splits are missing, pictures are set apart or val is borrowed, and a note says so. */
export function divideSplits(entries: readonly Entry[]): Divided {
  const own: Record<Split, Entry[]> = { train: [], val: [], test: [] };
  const unsaid = entries.filter(({ split }) => split === undefined);
  for (const split of splits) own[split] = entries.filter((entry) => entry.split === split);
  const notes: string[] = [];
  const percent = `${100 * share} %`;
  const onlyTrain = own.val.length + own.test.length === 0;
  if (onlyTrain && unsaid.length + own.train.length > 0) {
    const all = [...own.train, ...unsaid];
    const { apart, rest } = setApart(all, all.length < 3 ? 0 : 2);
    notes.push(
      `this dataset names no val and no test pictures: ${percent} each are set apart by the hash of their names`,
    );
    const half = Math.floor(apart.length / 2);
    return { splits: { train: rest, val: apart.slice(0, half), test: apart.slice(half) }, notes };
  }
  // A file that names the splits of some pictures means the others to be learned from.
  own.train.push(...unsaid);
  if (own.val.length === 0 && own.train.length > 1) {
    const { apart, rest } = setApart(own.train, 1);
    Object.assign(own, { train: rest, val: apart });
    notes.push(
      `this dataset has no val split: ${percent} of its train pictures are set apart by the hash of their names`,
    );
  }
  if (own.test.length === 0 && own.val.length > 0) {
    own.test = own.val;
    notes.push('this dataset has no test split: the val split is scored instead');
  }
  return { splits: own, notes };
}

/** `parts` shares, at least one picture each; what remains keeps its order. */
function setApart(entries: readonly Entry[], parts: number): { apart: Entry[]; rest: Entry[] } {
  const count = parts * Math.max(1, Math.round(share * entries.length));
  const hashOf = ({ id }: Entry): string => createHash('sha256').update(String(id)).digest('hex');
  const hashed = entries.map((entry) => ({ entry, hash: hashOf(entry) }));
  const apart = hashed
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, count)
    .map(({ entry }) => entry);
  const chosen = new Set(apart);
  return { apart, rest: entries.filter((entry) => !chosen.has(entry)) };
}
