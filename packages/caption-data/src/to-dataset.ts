// From what a reader gathered to a dataset that is fit to use: pictures found, splits filled, everything left out counted.
import { dirname, isAbsolute, join, relative } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { splits, type Dataset, type Example, type Split } from './dataset.ts';
import { divideSplits } from './divide-splits.ts';
import { findPictureRoot, missingFiles } from './find-pictures.ts';
import type { Entry, PictureTable } from './picture-table.ts';
import type { ReaderInput, ReaderResult } from './reader.ts';

export interface ToDatasetOptions {
  /** The format's name, for the summary. */
  format: string;
  /** Stop at a picture that does not exist. */
  strict: boolean;
}

export async function toDataset(
  { name, path, folder, pictures, table, digest }: ReaderInput,
  { features }: ReaderResult,
  { format, strict }: ToDatasetOptions,
): Promise<Dataset> {
  const { skips } = table;
  let entries: Entry[] = [];
  for (const entry of table.entries()) {
    if (entry.captions.length > 0) entries.push(entry);
    else skips.add(entry.source, 'picture without a caption', String(entry.id));
  }
  if (!features) entries = await withPictures(entries, { name, root: pictures ?? folder, strict, table });
  const divided = divideSplits(entries);
  const kept = divided.splits;
  const sizes = splits.map((split) => `${kept[split].length.toLocaleString('en')} ${split}`).join(', ');
  const captions = new Set(splits.flatMap((split) => kept[split]));
  const captionCount = [...captions].reduce((sum, entry) => sum + entry.captions.length, 0);
  const left = skips.total > 0 ? `${skips.total.toLocaleString('en')} left out` : 'nothing left out';
  const example = ({ split: _s, source: _f, row: _r, ...own }: Entry): Example => own;
  const examples = { train: [], val: [], test: [] } as Record<Split, Example[]>;
  for (const split of splits) examples[split] = kept[split].map(example);
  // Said by being the same list: features of borrowed pictures are computed once.
  if (kept.test === kept.val) examples.test = examples.val;
  return {
    name,
    splits: examples,
    digest: digest.digest('hex'),
    summary: `${format} ${shown(path)}: ${sizes} pictures with ${captionCount.toLocaleString('en')} captions; ${left}`,
    skipped: skips.sentences(),
    notes: [...table.notes, ...divided.notes],
    features: features?.(kept),
  };
}

const shown = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || near === '' ? path : near;
};

async function withPictures(
  entries: readonly Entry[],
  { name, root, strict, table }: { name: string; root: string; strict: boolean; table: PictureTable },
): Promise<Entry[]> {
  const named = entries.map(({ path }) => path).filter((path) => !isAbsolute(path));
  const found = named.length > 0 ? await findPictureRoot(root, named) : root;
  for (const entry of entries) if (!isAbsolute(entry.path)) entry.path = join(found, entry.path);
  const missing = await missingFiles(entries.map(({ path }) => path));
  const there = entries.filter(({ path }) => !missing.has(path));
  // A few missing pictures are left out; a split without any has lost its folder.
  for (const split of new Set(entries.map((entry) => entry.split))) {
    if (there.some((entry) => entry.split === split)) continue;
    const lost = entries.find((entry) => entry.split === split)!;
    throw new CommandError(
      `dataset ${name}: the folder ${shown(dirname(lost.path))} of its ${split ? `${split} ` : ''}pictures is missing, or holds none of them`,
      {
        cure: 'put the pictures there or beside the caption file, or say where they are with --pictures DIR',
      },
    );
  }
  for (const { path, source } of entries) {
    if (!missing.has(path)) continue;
    if (strict) {
      throw new CommandError(`unreadable picture: ${path} does not exist`, {
        cure: 'put it there, or leave out --strict to skip such pictures',
      });
    }
    table.skips.add(source, 'picture that does not exist', shown(path));
  }
  return there;
}
