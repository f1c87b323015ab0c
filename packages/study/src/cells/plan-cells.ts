// The cells of a study: its rows × seeds as processes to run, each in a folder of its own.
import { join } from 'node:path';
import type { Flags, Variant } from '../studies/index.ts';

interface CellBase {
  /** Name of its folder; follows from its flags, so that studies share what is the same. */
  id: string;
  seed: number;
  flags: Flags;
}

/** A run of `pnpm train`. */
export interface TrainCell extends CellBase {
  kind: 'train';
  /** The cell it goes on from. */
  init?: string;
}

/** A run of `pnpm caption-test`: another cell's run captioned by another method. */
export interface CaptionCell extends CellBase {
  kind: 'caption';
  /** The cell whose run it captions. */
  run: string;
  decode: string;
}

export type Cell = TrainCell | CaptionCell;

export interface PlanOptions {
  /** Seeds 1 … `seeds`. */
  seeds: number;
  /** Flags of every cell, such as the dataset; not part of the names. */
  everyCell: Flags;
}

/** The id of a row's cell with a seed. */
export const cellId = ({ flags, decode, init }: Omit<Variant, 'label' | 'series'>, seed: number): string =>
  [trainId(flags, seed, init), ...(decode === undefined ? [] : [slug(decode)])].join('-by-');

/** Sorted, so that the order in which a study writes its flags makes no other cell. */
const trainId = (flags: Flags, seed: number, init?: Flags): string => {
  const words = Object.entries(flags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => (value === false ? [] : value === true ? [name] : [name, String(value)]));
  return slug([...words, ...(init ? ['init', trainId(init, seed)] : ['seed', String(seed)])].join('-'));
};

/** Lower-case words with hyphens, for names of files and folders. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '');

/**
 * All cells that the rows need, each once, in the order in which they can run: all of seed 1 first, so that a study that
 * is stopped has whole tables of fewer seeds; what a cell reads stands before it.
 */
export function planCells(variants: readonly Variant[], { seeds, everyCell }: PlanOptions): Cell[] {
  const cells = new Map<string, Cell>();
  const train = (flags: Flags, seed: number, init?: Flags): TrainCell => {
    const start = init && train(init, seed);
    const id = trainId(flags, seed, init);
    const cell: TrainCell = { kind: 'train', id, seed, flags: cellFlags(everyCell, flags), init: start?.id };
    if (!cells.has(id)) cells.set(id, cell);
    return cell;
  };
  for (let seed = 1; seed <= seeds; seed++) {
    for (const variant of variants) {
      const { id: run, flags } = train(variant.flags, seed, variant.init);
      const { decode } = variant;
      if (decode === undefined) continue;
      const id = cellId(variant, seed);
      if (!cells.has(id)) cells.set(id, { kind: 'caption', id, seed, flags, run, decode });
    }
  }
  return [...cells.values()];
}

/** A training on texts alone has no pictures of the training split to caption. */
function cellFlags({ 'score-train': scoreTrain, ...everyCell }: Flags, flags: Flags): Flags {
  const captioned: Flags =
    scoreTrain === undefined || flags['text-only'] ? {} : { 'score-train': scoreTrain };
  return { ...everyCell, ...captioned, ...flags };
}

/** The cell that a cell reads, if any. */
export const neededBy = (cell: Cell): string | undefined => (cell.kind === 'caption' ? cell.run : cell.init);

/** Which cells a shard runs: a cell goes with the one it reads. */
export function cellsOfShard(
  cells: readonly Cell[],
  { index, count }: { index: number; count: number },
): Cell[] {
  const part = new Map<string, number>();
  let next = 0;
  return cells.filter((cell) => {
    const needed = neededBy(cell);
    const own = (needed === undefined ? undefined : part.get(needed)) ?? next++ % count;
    part.set(cell.id, own);
    return own === index;
  });
}

/** The command of a cell and its arguments, as typed after `pnpm`. `folder` holds the folders of all cells. */
export function cellCommand(
  cell: Cell,
  folder: string,
): { command: 'train' | 'caption-test'; args: string[] } {
  const out = ['--out', join(folder, cell.id)];
  if (cell.kind === 'caption') {
    const { adapter } = cell.flags;
    const more = adapter === undefined ? [] : ['--adapter', String(adapter)];
    const args = ['--run', join(folder, cell.run), '--decode', cell.decode, ...more, ...out];
    return { command: 'caption-test', args };
  }
  return { command: 'train', args: [...trainArgs(cell, folder), ...out] };
}

/** A command as it is typed into a shell. */
export const shellLine = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

/** Arguments of `pnpm train` without `--out`. */
export function trainArgs({ flags, seed, init }: Omit<TrainCell, 'kind' | 'id'>, folder: string): string[] {
  const given = Object.entries(flags).flatMap(([name, value]) =>
    value === false ? [] : value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const start = init === undefined ? [] : ['--init', join(folder, init)];
  return [...given, ...start, '--seed', String(seed)];
}
