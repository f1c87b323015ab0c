// Which cells `pnpm train` can run: those whose flags it knows.
import { parseFlags, UsageError } from '@foreword/cli-kit';
import { toSettings, trainFlags } from '@foreword/trainer';
import { neededBy, trainArgs, type Cell } from './plan-cells.ts';

export interface UsableCells {
  usable: Cell[];
  /** Why the others are left out, one sentence each, by id. */
  leftOut: Map<string, string>;
}

/** Parts cells into those that can run and those whose flags, or those of the cell they read, are not known. */
export function usableCells(cells: readonly Cell[]): UsableCells {
  const leftOut = new Map<string, string>();
  const usable = cells.filter((cell) => {
    const needed = neededBy(cell);
    const reason =
      needed !== undefined && leftOut.has(needed) ? `it needs ${needed}, which is left out` : problemOf(cell);
    if (reason !== undefined) leftOut.set(cell.id, reason);
    return reason === undefined;
  });
  return { usable, leftOut };
}

function problemOf(cell: Cell): string | undefined {
  if (cell.kind === 'caption') return undefined;
  try {
    toSettings(parseFlags(trainArgs(cell, ''), trainFlags).values);
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return `pnpm train does not take its flags: ${error.message}`;
  }
}
