// What the reader of a format gets, and what it may leave.
import type { Hash } from 'node:crypto';
import type { GivenFeatures, Split } from './dataset.ts';
import type { Entry, PictureTable } from './picture-table.ts';

export interface ReaderInput {
  /** The dataset as it was asked for, for messages. */
  name: string;
  /** Absolute; a file or a folder, as `isFolder` says. */
  path: string;
  isFolder: boolean;
  /** The folder `path`, or the one in which the file is. */
  folder: string;
  /** Names in `folder`. */
  listing: readonly string[];
  /** Where the pictures are, when people said so. */
  pictures: string | undefined;
  /** Entries go here; their paths are relative until `toDataset` finds the pictures, unless they are absolute. */
  table: PictureTable;
  /** Takes the bytes of the caption files. */
  digest: Hash;
}

export interface ReaderResult {
  /** Set when features come with the data and no picture is needed: those of the entries that are kept. */
  features?: (kept: Readonly<Record<Split, readonly Entry[]>>) => GivenFeatures;
}

export interface Format {
  /** What the folder or file must hold: the cure of most errors. */
  needs: string;
  /** Whether a folder looks like this format; undefined when the format is never guessed. */
  detect?: (listing: readonly string[], folder: string) => boolean | Promise<boolean>;
  /** File names that are of this format. */
  file?: RegExp;
  read(input: ReaderInput): Promise<ReaderResult | void>;
}
