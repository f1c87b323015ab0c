// How far a cell is, read from its folder.
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CommandError, parseFlags } from '@foreword/cli-kit';
import { RunFolder, shownPath, toSettings, trainFlags } from '@foreword/trainer';
import { stepsOf } from './dataset-size.ts';
import { trainArgs, type Cell } from './plan-cells.ts';

/** `differs`: the folder holds a run with other settings. */
export type CellState = { state: 'done' | 'interrupted' | 'new' } | { state: 'differs'; reason: string };

/**
 * The state of a cell whose folder lies in `folder`.
 * @throws CommandError when its config.json is damaged
 */
export async function cellState(cell: Cell, folder: string): Promise<CellState> {
  const run = new RunFolder(join(folder, cell.id));
  const has = (...file: string[]): Promise<boolean> =>
    stat(run.file(...file)).then(
      () => true,
      () => false,
    );
  const done = await has('summary.json');
  const saved = await has('checkpoints', 'last.safetensors');
  if (!(await has('config.json')) || !(done || saved)) return { state: 'new' };
  const recorded = await run.readJson('config.json');
  const summary = done ? await run.readJson('summary.json') : {};
  const difference =
    cell.kind === 'train'
      ? trainDifference(cell, { recorded, summary }, folder)
      : captionDifference(cell, recorded);
  if (difference !== undefined) return { state: 'differs', reason: difference };
  return { state: done ? 'done' : 'interrupted' };
}

/** Removes what a cell left that was ended before it saved anything. */
export async function clearUnsaved(cell: Cell, folder: string): Promise<void> {
  await rm(join(folder, cell.id), { recursive: true, force: true });
}

function captionDifference(
  { decode }: Extract<Cell, { kind: 'caption' }>,
  recorded: Record<string, unknown>,
): string | undefined {
  return recorded.decoding === decode ? undefined : `it was captioned by ${String(recorded.decoding)}`;
}

function trainDifference(
  cell: Extract<Cell, { kind: 'train' }>,
  { recorded, summary }: Record<'recorded' | 'summary', Record<string, unknown>>,
  folder: string,
): string | undefined {
  const { values: asked, given } = parseFlags(trainArgs(cell, folder), trainFlags);
  const wanted = toSettings(asked);
  const kept = recordedSettings(cell, recorded, folder);
  const differences: string[] = [];
  const differ = (what: string, then: unknown, now: unknown): void => {
    const [old, asked] = [JSON.stringify(then) ?? 'none', JSON.stringify(now)];
    if (asked !== undefined && old !== asked) differences.push(`${what} ${old} instead of ${asked}`);
  };
  for (const key of Object.keys(wanted) as (keyof typeof wanted)[]) {
    // What is not given comes from the run that --init names; where that lies may have changed.
    const isOwn = cell.init === undefined || given.has(key);
    if (isOwn && (key as string) !== 'init') differ(key, kept[key], wanted[key]);
  }
  if (asked.maxSteps !== recorded.maxSteps)
    differ('max-steps', recorded.maxSteps ?? 'none', asked.maxSteps ?? 'none');
  // What it did, whatever its record says: once, resumed runs forgot their limit.
  const { pictures } = (recorded.dataset ?? {}) as { pictures?: { train: number } };
  if (differences.length === 0 && pictures && summary.steps !== undefined)
    differ('steps', summary.steps, stepsOf(cell, pictures.train));
  const places = (recorded.backbones ?? {}) as Record<string, string>;
  for (const model of ['clip', 'gpt2'] as const) {
    const place = asked[model] ?? (asked.backbones && join(asked.backbones, model));
    // A name of the hub stands as it is, a folder relative to the run.
    if (place === undefined || places[model] === place) continue;
    differ(model, resolve(folder, cell.id, places[model] ?? ''), resolve(place));
  }
  return differences.length > 0 ? `it was run with ${differences.join(', ')}` : undefined;
}

/** As `pnpm train` reads them for --resume: settings that are newer than the run have their defaults. */
function recordedSettings(cell: Cell, { settings }: Record<string, unknown>, folder: string) {
  const file = join(folder, cell.id, 'config.json');
  try {
    const base = settings as Record<string, unknown>;
    return toSettings(parseFlags([], trainFlags, { base, baseLabel: shownPath(file) }).values);
  } catch (error) {
    throw new CommandError((error as Error).message, { cure: 'restore the file, or remove the folder' });
  }
}
