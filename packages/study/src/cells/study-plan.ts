// What was asked of `pnpm study`, kept in the study's folder so that a report can be made again from it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, writeFileAtomic } from '@foreword/cli-kit';
import { studies, studyNames, type Flags, type StudyName, type Variant } from '../studies/index.ts';

export interface StudyPlan {
  format: 1;
  /** Studies whose cells lie in the folder; several with `all`. */
  studies: readonly StudyName[];
  seeds: number;
  lengths: readonly number[];
  /** Flags of every cell. */
  everyCell: Flags;
  /** What was typed, without the shard. */
  command: string;
}

/** The rows of all of the plan's studies. */
export const variantsOf = ({ studies: names, lengths }: StudyPlan): Variant[] =>
  names.flatMap((name) => studies[name].variants({ lengths }));

/** Where the cells' folders lie. */
export const cellsFolder = (folder: string): string => join(folder, 'cells');

export async function writePlan(folder: string, plan: StudyPlan): Promise<void> {
  await writeFileAtomic(join(folder, 'study.json'), `${JSON.stringify(plan, null, 2)}\n`);
}

/** @throws CommandError when the folder is none of a study */
export async function readPlan(folder: string): Promise<StudyPlan> {
  const path = join(folder, 'study.json');
  try {
    const plan = JSON.parse(await readFile(path, 'utf8')) as Partial<StudyPlan>;
    const isKnown = plan.studies?.every((name) => studyNames.includes(name)) ?? false;
    const isWhole =
      Array.isArray(plan.lengths) && Number.isInteger(plan.seeds) && plan.everyCell !== undefined;
    if (plan.format !== 1 || !isKnown || !isWhole) throw new Error('it is no plan of a study');
    return plan as StudyPlan;
  } catch (error) {
    throw new CommandError(`${path} cannot be used: ${(error as Error).message}`, {
      cure: 'give the folder that `pnpm study` wrote to',
    });
  }
}
