// BLEU-1..4 of the last training run, read from the files a run leaves behind.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';

/** Scores of one run. */
export interface RunScores {
  /** Name of the run's folder. */
  run: string;
  bleu: [number, number, number, number];
}

/**
 * Scores of the run in `folder`, or of the newest run under `runsRoot` when no folder is given.
 * @returns null when no run has a summary yet
 * @throws CommandError when `folder` has no summary, or a summary holds no BLEU
 */
export async function readRunScores(runsRoot: string, folder?: string): Promise<RunScores | null> {
  const run = folder ?? (await newestRun(runsRoot));
  if (run === undefined) return null;
  const path = join(run, 'summary.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read`, {
      cure: 'give the folder of a finished run after --run',
      cause: error,
    });
  }
  let bleu: RunScores['bleu'] | undefined;
  try {
    bleu = findBleu(JSON.parse(text));
  } catch (error) {
    throw new CommandError(`${path} is no JSON`, {
      cure: 'train again, or choose another run',
      cause: error,
    });
  }
  if (!bleu) throw new CommandError(`${path} holds no BLEU-1..4`, { cure: 'give another run after --run' });
  return { run: run.split(/[/\\]/).findLast((part) => part !== '') ?? run, bleu };
}

async function newestRun(runsRoot: string): Promise<string | undefined> {
  const names = await readdir(runsRoot).catch(() => []);
  let newest: { path: string; writtenAt: number } | undefined;
  for (const name of names) {
    const path = join(runsRoot, name);
    const info = await stat(join(path, 'summary.json')).catch(() => undefined);
    if (info && (!newest || info.mtimeMs > newest.writtenAt)) newest = { path, writtenAt: info.mtimeMs };
  }
  return newest?.path;
}

/**
 * BLEU-1..4 anywhere in a summary: a list `bleu` of four, or fields named after the order (`bleu1`, `BLEU-1`,
 * `Bleu_1`). What stands under `test` goes before everything else.
 */
export function findBleu(value: unknown): RunScores['bleu'] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const list = fields.bleu;
  if (isFour(list)) return list;
  const byOrder: unknown[] = [];
  for (const [key, field] of Object.entries(fields)) {
    const order = /^bleu[-_ ]?([1-4])$/i.exec(key)?.[1];
    if (order !== undefined) byOrder[Number(order) - 1] = field;
  }
  if (isFour(byOrder)) return byOrder;
  const inner = Object.entries(fields).sort(([a], [b]) => Number(b === 'test') - Number(a === 'test'));
  for (const [, field] of inner) {
    const found = findBleu(field);
    if (found) return found;
  }
  return undefined;
}

const isFour = (value: unknown): value is RunScores['bleu'] =>
  Array.isArray(value) &&
  value.length === 4 &&
  Array.from(value).every((x) => typeof x === 'number' && Number.isFinite(x));
