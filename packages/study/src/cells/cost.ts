// What a cell will cost: measured where one like it is finished, estimated from the models' sizes where not.
//
// Legend: B batch, P prefix, T caption tokens, d width, V vocabulary.
import type { StepMetrics } from '@foreword/trainer';
import { prefixOf, type Flags } from '../studies/index.ts';
import type { Cell, TrainCell } from './plan-cells.ts';
import { mapperParameters, trainedParameters, type ModelSizes } from './model-sizes.ts';

/** What a finished cell took. */
export interface FinishedCell {
  cell: Cell;
  /** From its summary: all of it. */
  seconds: number;
  /** Middle time of its steps; undefined for a caption cell. */
  stepMs?: number;
}

export interface Cost {
  seconds: number;
  /** `measured`: of the same row with another seed; `scaled`: by the step times of other rows; `estimated`: by sizes alone. */
  from: 'measured' | 'scaled' | 'estimated';
}

export interface CostOptions {
  finished: readonly FinishedCell[];
  sizes: ModelSizes | undefined;
  /** Steps of a training; undefined where the dataset's size is not known. */
  steps: (cell: TrainCell) => number | undefined;
}

/** Step times of the default training on two cores' software adapter (65, 110 and 200 ms at P 1, 10 and 20), fitted. */
const operationsPerSecond = 13e9;
/** The optimiser's traffic per trained parameter, in operations that take as long. From the same fit. */
const operationsPerParameter = 250;
/** A self-critical step draws captions token by token before it learns from them: about so many ordinary steps. */
const selfCriticalFactor = 20;
/** Start, features from the cache, compiling, validation. */
const startSeconds = 15;
/** Captioning 500 pictures greedily, the embedded test split. */
const captionSeconds = 8;
const usualTokens = 20;

/** Operations of one training step: forward and backward 2 each per weight and position, 2 more where it is trained. */
export function stepOperations(flags: Flags, sizes: ModelSizes): number {
  const { layers, width: d, vocabulary: V } = sizes.gpt2;
  const B = Number(flags.batch ?? 16);
  const perWeight = flags['tune-gpt2'] === true || flags.lora !== undefined ? 6 : 4;
  const blocks = perWeight * 12 * layers * d * d * B * (prefixOf({ flags }) + usualTokens);
  const head = perWeight * V * d * B * usualTokens;
  const mapper = 6 * mapperParameters(flags, sizes) * B;
  const step = blocks + head + mapper + operationsPerParameter * trainedParameters(flags, sizes);
  return flags.objective === 'self-critical' ? selfCriticalFactor * step : step;
}

/** Seconds that a cell will take; undefined where neither sizes nor a finished cell tell. */
export function cellCost(cell: Cell, { finished, sizes, steps }: CostOptions): Cost | undefined {
  const alike = finished.filter((other) => withoutSeed(other.cell) === withoutSeed(cell));
  if (alike.length > 0) return { seconds: middle(alike.map(({ seconds }) => seconds)), from: 'measured' };
  if (cell.kind === 'caption') {
    return { seconds: startSeconds + captionSeconds * sequencesOf(cell.decode), from: 'estimated' };
  }
  const count = steps(cell);
  if (!sizes || count === undefined) return undefined;
  const rates = finished.flatMap(({ cell: other, stepMs }) =>
    stepMs === undefined ? [] : [(1000 * stepOperations(other.flags, sizes)) / stepMs],
  );
  const rate = rates.length > 0 ? middle(rates) : operationsPerSecond;
  const captioned = captionSeconds * (1 + Number(cell.flags['score-train'] ?? 0) / 500);
  const seconds = startSeconds + captioned + (count * stepOperations(cell.flags, sizes)) / rate;
  return { seconds, from: rates.length > 0 ? 'scaled' : 'estimated' };
}

/** Middle time of a run's steps, without the first five, in which kernels are compiled. */
export function middleStepMs(steps: readonly StepMetrics[]): number | undefined {
  const times = steps.slice(5).map(({ stepMs }) => stepMs);
  return times.length > 0 ? middle(times) : undefined;
}

/** How many sequences a method grows per picture: the number in its name. */
const sequencesOf = (decode: string): number => {
  const number = Number(/^[a-z-]+:(\d+)(?=,|$)/.exec(decode)?.[1] ?? 1);
  return decode.startsWith('top-k') ? 1 : number;
};

const withoutSeed = (cell: Cell): string =>
  JSON.stringify([cell.flags, cell.kind === 'caption' ? cell.decode : cell.init !== undefined]);

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
