// Own data lies in one file, or in train.*, val.* and test.* of one folder.
import { basename, join, parse } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { splitOf, type Split } from '../dataset.ts';
import type { ReaderInput } from '../reader.ts';

export interface OwnFile {
  path: string;
  /** The file's name. */
  source: string;
  /** What its name says. */
  split: Split | undefined;
}

/** @throws CommandError when the folder has no such file, or several whose names are no splits */
export function ownFiles(
  { name, path, isFolder, folder, listing }: ReaderInput,
  { ending, needs }: { ending: RegExp; needs: string },
): OwnFile[] {
  const names = isFolder ? listing.filter((entry) => ending.test(entry)) : [basename(path)];
  const files = names.map((source) => ({
    path: join(folder, source),
    source,
    split: splitOf(parse(source).name),
  }));
  if (files.length === 0)
    throw new CommandError(`dataset ${name}: there is no such file in ${path}`, { cure: `give ${needs}` });
  const unclear = files.filter(({ split }) => split === undefined);
  if (files.length > 1 && unclear.length > 0) {
    throw new CommandError(
      `dataset ${name}: ${files.length} files lie there, and ${unclear[0].source} is not named after a split`,
      { cure: 'give one file, or name them train, val and test' },
    );
  }
  return files;
}
