// Runs the cells of a study one after the other: done ones are skipped, stopped ones go on, failed ones stop nothing.
import type { SurveyedCell } from './survey-cells.ts';
import { clearUnsaved } from './cell-state.ts';
import { neededBy, type Cell } from './plan-cells.ts';
import { runCell, type CellOutcome } from './run-cell.ts';

export interface RunCellsOptions {
  /** Where the cells' folders lie. */
  folder: string;
  signal: AbortSignal;
  /** Receives lines for people. */
  say: (line: string) => void;
  /** Runs one cell; default as a process. */
  run?: typeof runCell;
}

export interface StudyOutcome {
  /** Why cells failed, by id. */
  failed: Map<string, string>;
  /** Cells not reached because of an interrupt. */
  waiting: string[];
}

/**
 * Runs them in order. Returns when all have been tried, or at the first one that was interrupted. A cell with other
 * settings is left as it is.
 */
export async function runCells(
  surveyed: readonly SurveyedCell[],
  { folder, signal, say, run = runCell }: RunCellsOptions,
): Promise<StudyOutcome> {
  const failed = new Map<string, string>();
  for (const [i, { cell, state }] of surveyed.entries()) {
    const name = `[${i + 1}/${surveyed.length}] ${cell.id}`;
    if (state.state === 'done') say(`${name}: done before`);
    else if (state.state === 'left out' || state.state === 'too large')
      say(`${name}: left out: ${state.reason}`);
    else if (state.state === 'new' || state.state === 'interrupted') {
      if (signal.aborted) return { failed, waiting: waitingFrom(surveyed, i) };
      const { outcome, reason = '' } = await attempt(cell, state.state === 'interrupted', name);
      if (outcome === 'interrupted') return { failed, waiting: waitingFrom(surveyed, i) };
      if (outcome === 'failed') {
        failed.set(cell.id, reason);
        say(`${name}: failed: ${reason}`);
      }
    }
  }
  return { failed, waiting: [] };

  async function attempt(cell: Cell, resume: boolean, name: string): Promise<CellOutcome> {
    const needed = neededBy(cell);
    if (needed !== undefined && failed.has(needed))
      return { outcome: 'failed', reason: `it needs ${needed}, which failed` };
    say(`${name}: ${resume ? 'goes on' : 'begins'}`);
    if (!resume) await clearUnsaved(cell, folder);
    return await run(cell, { folder, resume, signal });
  }
}

const waitingFrom = (surveyed: readonly SurveyedCell[], from: number): string[] =>
  surveyed
    .slice(from)
    .filter(({ state }) => state.state === 'new' || state.state === 'interrupted')
    .map(({ cell }) => cell.id);
