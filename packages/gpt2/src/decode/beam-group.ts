// One step of a beam search for a group of hypotheses: all successors, and which of them stay.
import { lengthDivisor, type LengthRule } from './length-rule.ts';
import type { TopTokens } from './steps.ts';

export interface Beam {
  ids: readonly number[];
  /** Σ log p. */
  sum: number;
  score: number;
  isStopped: boolean;
  /** Place within the item's rows. */
  row: number;
}

export interface BeamGroup {
  beams: Beam[];
  /** Hypotheses that left the beam ('apart' only), best first. */
  finished: Beam[];
  isDone: boolean;
}

export interface GroupRules {
  /** Hypotheses kept in the group. */
  size: number;
  length: LengthRule;
  finished: 'compete' | 'apart';
  stop: readonly number[];
  maxTokens: number;
  /** Subtracted from a token's log-probability in the choice, for each time an earlier group took it. */
  diversityPenalty: number;
}

interface Successor {
  beam: Beam;
  /** The score, with the diversity penalty. */
  rank: number;
}

export const byScore = (a: Beam, b: Beam): number => b.score - a.score;

/**
 * Grows a group by one token.
 * @param firstRow the item's first row in `top`
 * @param taken how often earlier groups of the item took each token at this step; what this group takes is added
 * @throws RangeError when processors forbid every token
 */
export function growGroup(
  group: BeamGroup,
  top: TopTokens,
  { firstRow, taken, rules }: { firstRow: number; taken: Map<number, number>; rules: GroupRules },
): void {
  const grown = successors(group.beams, top, { firstRow, taken, rules });
  if (grown.length === 0) {
    throw new RangeError(
      'beam search: every token is forbidden; the bad words or noRepeatNgram leave none, relax them',
    );
  }
  if (rules.finished === 'compete') keepBest(group, grown, rules);
  else setFinishedApart(group, grown, rules);
}

/** All successors of hypotheses, best first; a stopped one succeeds itself at log-probability 0. */
function successors(
  beams: readonly Beam[],
  top: TopTokens,
  { firstRow, taken, rules }: { firstRow: number; taken: ReadonlyMap<number, number>; rules: GroupRules },
): Successor[] {
  const grown: Successor[] = [];
  for (const beam of beams) {
    if (beam.isStopped) {
      grown.push({ beam, rank: beam.score });
      continue;
    }
    const at = (firstRow + beam.row) * top.count;
    const divisor = lengthDivisor(rules.length, beam.ids.length + 1);
    for (let n = at; n < at + top.count; n++) {
      // Forbidden by a processor.
      if (top.logProbs[n] === -Infinity) continue;
      const id = top.ids[n];
      const sum = beam.sum + top.logProbs[n];
      const next = { ids: [...beam.ids, id], sum, score: sum / divisor };
      grown.push({
        beam: { ...next, isStopped: rules.stop.includes(id), row: beam.row },
        rank: (sum - rules.diversityPenalty * (taken.get(id) ?? 0)) / divisor,
      });
    }
  }
  return grown.sort((a, b) => b.rank - a.rank);
}

function keepBest(group: BeamGroup, grown: readonly Successor[], { size }: GroupRules): void {
  // Copies, because a stopped beam stands in the old list and in the new one under different rows.
  group.beams = grown.slice(0, size).map(({ beam }) => ({ ...beam }));
  group.isDone = group.beams.every((beam) => beam.isStopped);
}

function setFinishedApart(
  group: BeamGroup,
  grown: readonly Successor[],
  { size, length, maxTokens }: GroupRules,
): void {
  group.beams = [];
  for (const [rank, { beam }] of grown.entries()) {
    // A stop token counts only where it would have won a place, as in the ordinary search.
    if (beam.isStopped) {
      if (rank < size) group.finished.push(beam);
    } else if (group.beams.length < size) group.beams.push(beam);
  }
  group.finished = group.finished.sort(byScore).slice(0, size);
  // Log-probabilities only fall, so at best a hypothesis reaches the longest length with the sum it has.
  const best = Math.max(...group.beams.map((beam) => beam.sum)) / lengthDivisor(length, maxTokens);
  group.isDone =
    group.beams.length === 0 || (group.finished.length === size && group.finished[size - 1].score >= best);
}
