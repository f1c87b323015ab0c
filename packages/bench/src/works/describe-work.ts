// A work in full, for an engine in another language: sizes, recipes of its numbers, folders of its weights.
import { modelFolder, type ModelName } from '../models/model-files.ts';
import { stepOptimizer, stepRecipe } from '../training-step/step-values.ts';
import { stepWork, type StepWork } from '../training-step/step-works.ts';
import type { Recipe } from './host-arrays.ts';
import { appendedIds, pictureRecipe, promptIds } from './model-values.ts';
import { headSize, opRecipe, opWork, type OpWork } from './op-values.ts';

export type WorkDescription =
  | { kind: 'op'; op: OpWork & { headSize: number }; recipe: Recipe }
  | ({ kind: 'step'; optimizer: typeof stepOptimizer; recipe: Recipe } & StepWork)
  | { kind: 'clip'; heads: number; folder: string; recipe: Recipe }
  | { kind: 'gpt2'; heads: number; folder: string; prompt: number[]; appended: number[] };

/** Both models' published number of attention heads. */
const heads = 12;

/**
 * Writes the model's file first where there is none yet.
 * @throws Error for an id that is no work's
 */
export async function describeWork(
  id: string,
  folderOf: (name: ModelName) => Promise<string> = modelFolder,
): Promise<WorkDescription> {
  const step = stepWork(id);
  if (step) return { kind: 'step', ...step, optimizer: stepOptimizer, recipe: stepRecipe(step.sizes) };
  if (id.startsWith('clip-')) {
    const recipe = pictureRecipe(Number(id.slice('clip-'.length)));
    return { kind: 'clip', heads, folder: await folderOf('clip'), recipe };
  }
  if (id.startsWith('gpt2-')) {
    const appended = id === 'gpt2-token' ? [...appendedIds] : [];
    return { kind: 'gpt2', heads, folder: await folderOf('gpt2'), prompt: [...promptIds], appended };
  }
  const op = opWork(id);
  return { kind: 'op', op: { ...op, headSize }, recipe: opRecipe(op) };
}
