// Where a study stands: the state of each cell, what it needs, what it will cost.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolder, type StepMetrics } from '@foreword/trainer';
import type { Flags } from '../studies/index.ts';
import { cellState, type CellState } from './cell-state.ts';
import { cellCost, middleStepMs, type Cost, type FinishedCell } from './cost.ts';
import { stepsOf, trainingPictures } from './dataset-size.ts';
import { memoryBytes } from './memory.ts';
import { modelSizes } from './model-sizes.ts';
import { neededBy, type Cell, type TrainCell } from './plan-cells.ts';
import { usableCells } from './usable-cells.ts';

export type SurveyedState = CellState | { state: 'left out' | 'too large'; reason: string };

export interface SurveyedCell {
  cell: Cell;
  state: SurveyedState;
  /** Of what is still to do; undefined where nothing tells, or nothing is to do. */
  cost?: Cost;
}

export interface SurveyOptions {
  /** Where the cells' folders lie. */
  folder: string;
  everyCell: Flags;
  /** Most memory a cell may need, in units of 1e9 bytes; undefined for no limit. */
  memoryGb?: number;
}

/** All cells in their order. */
export async function surveyCells(
  cells: readonly Cell[],
  { folder, everyCell, memoryGb }: SurveyOptions,
): Promise<SurveyedCell[]> {
  const { leftOut } = usableCells(cells);
  const sizes = await modelSizes(everyCell);
  const refused = new Map<string, SurveyedState>();
  const surveyed: SurveyedCell[] = [];
  const finished: FinishedCell[] = [];
  for (const cell of cells) {
    const state = await stateOf(cell);
    surveyed.push({ cell, state });
    if (state.state === 'done') finished.push(await readFinished(cell, folder));
  }
  const pictures = await trainingPictures(everyCell);
  const steps = (cell: TrainCell) => (pictures === undefined ? undefined : stepsOf(cell, pictures));
  return surveyed.map(({ cell, state }) => {
    const isOpen = state.state === 'new' || state.state === 'interrupted';
    return { cell, state, cost: isOpen ? cellCost(cell, { finished, sizes, steps }) : undefined };
  });

  async function stateOf(cell: Cell): Promise<SurveyedState> {
    const reason = leftOut.get(cell.id);
    if (reason !== undefined) return { state: 'left out', reason };
    const state = await cellState(cell, folder);
    if (state.state === 'done') return state;
    const needed = neededBy(cell);
    const refusal =
      (needed === undefined ? undefined : refused.get(needed)) && `it needs ${needed}, which is too large`;
    const large = refusal ?? tooLarge(cell);
    if (large === undefined) return state;
    const own = { state: 'too large', reason: large } as const;
    refused.set(cell.id, own);
    return own;
  }

  function tooLarge(cell: Cell): string | undefined {
    if (memoryGb === undefined || !sizes || cell.kind === 'caption') return undefined;
    const gb = memoryBytes(cell.flags, sizes) / 1e9;
    return gb > memoryGb ? `it needs about ${gb.toFixed(1)} GB, --memory allows ${memoryGb}` : undefined;
  }
}

async function readFinished(cell: Cell, folder: string): Promise<FinishedCell> {
  const run = new RunFolder(join(folder, cell.id));
  const { seconds = {} } = (await run.readJson('summary.json')) as { seconds?: Record<string, number> };
  const isTrained = await stat(run.file('metrics.jsonl')).catch(() => undefined);
  const steps = isTrained ? await run.readLines<StepMetrics>('metrics.jsonl') : [];
  // A resumed run's summary has only the seconds since; its steps have all.
  const stepSeconds = steps.reduce((sum, { stepMs }) => sum + stepMs / 1000, 0);
  const rest = (seconds.prepare ?? 0) + (seconds.score ?? 0);
  return {
    cell,
    seconds: Math.max(rest + (seconds.train ?? 0), rest + stepSeconds),
    stepMs: middleStepMs(steps),
  };
}
