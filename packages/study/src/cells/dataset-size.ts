// How many steps a training has, as far as the dataset's size is known without reading all of it.
import { parseFlags } from '@foreword/cli-kit';
import { defaultCounts } from '@foreword/scenes/node';
import { openDataset, quickCounts, toSettings, trainFlags } from '@foreword/trainer';
import type { Flags } from '../studies/index.ts';
import { trainArgs, type TrainCell } from './plan-cells.ts';

/** Pictures of the training split; undefined where the dataset cannot be read. */
export async function trainingPictures({ dataset = 'scenes', quick }: Flags): Promise<number | undefined> {
  if (quick === true) return quickCounts.train;
  if (dataset === 'scenes') return defaultCounts.train;
  try {
    return (await openDataset(String(dataset))).splits.train.length;
  } catch {
    return undefined;
  }
}

/** Steps of a training over so many pictures. */
export function stepsOf(cell: TrainCell, pictures: number): number {
  const { values } = parseFlags(trainArgs(cell, ''), trainFlags);
  const { batch, epochs } = toSettings(values);
  const all = Math.floor(pictures / batch) * epochs;
  return Math.min(all, values.maxSteps ?? all);
}
