// Opens a dataset by its name on the command line: `coco:/path`, or a path whose format is found out.
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { CommandError, nearestWord } from '@foreword/cli-kit';
import type { Dataset } from './dataset.ts';
import { clipcapFormat } from './formats/clipcap.ts';
import { cocoFormat } from './formats/coco.ts';
import { conceptualFormat } from './formats/conceptual.ts';
import { delimitedFormat } from './formats/delimited.ts';
import { flickrFormat } from './formats/flickr.ts';
import { jsonLinesFormat } from './formats/json-lines.ts';
import { karpathyFormat } from './formats/karpathy.ts';
import { nocapsFormat } from './formats/nocaps.ts';
import { pictureFolderFormat } from './formats/picture-folder.ts';
import { PictureTable } from './picture-table.ts';
import type { Format, ReaderInput } from './reader.ts';
import { toDataset } from './to-dataset.ts';

/** In the order in which a folder is tried: what is sure before what is general. */
const formats: Readonly<Record<string, Format>> = {
  coco: cocoFormat(),
  coco2014: { ...cocoFormat('2014'), detect: undefined, file: undefined },
  coco2017: { ...cocoFormat('2017'), detect: undefined, file: undefined },
  karpathy: karpathyFormat,
  nocaps: nocapsFormat,
  flickr: flickrFormat,
  cc: conceptualFormat,
  clipcap: clipcapFormat,
  csv: delimitedFormat,
  tsv: { ...delimitedFormat, detect: undefined, file: undefined },
  jsonl: jsonLinesFormat,
  folder: pictureFolderFormat,
};

/** Words that may stand before the colon. */
export const formatNames: readonly string[] = Object.keys(formats);

export interface OpenOptions {
  /** Folder of the pictures, where they do not lie beside the captions. */
  pictures?: string;
  /** Stop at a picture that does not exist, instead of leaving it out. */
  strict?: boolean;
  /** Names of datasets that are no paths, for the hint after a slip of the hand. */
  otherNames?: readonly string[];
}

/**
 * Reads `FORMAT:PATH` or `PATH`.
 * @throws CommandError when there is nothing to read, or it is not of that format
 * @example
 * const { splits, summary, skipped } = await openCaptionData('coco:/data/coco');
 */
export async function openCaptionData(name: string, options: OpenOptions = {}): Promise<Dataset> {
  const { pictures, strict = false, otherNames = [] } = options;
  const [, word, rest] = /^([a-z][a-z0-9]+):(.*)$/i.exec(name) ?? [];
  if (word !== undefined && !(word in formats)) {
    const near = nearestWord(word, formatNames);
    throw new CommandError(`dataset ${name}: there is no format ${word}`, {
      cure: near ? `did you mean ${near}:${rest}?` : `known are ${formatNames.join(', ')}`,
    });
  }
  const path = resolve(rest ?? name);
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const cause = error.code === 'ENOENT' ? 'there is no such folder or file' : error.message;
    const near = word === undefined ? nearestWord(name, otherNames) : undefined;
    throw new CommandError(`dataset ${name}: ${cause}`, {
      cure: near ? `did you mean ${near}?` : `correct the path, or give ${formats.coco.needs}`,
    });
  });
  if (pictures !== undefined && !(await stat(pictures).catch(() => undefined))?.isDirectory()) {
    throw new CommandError(`dataset ${name}: ${pictures} is no folder of pictures`, {
      cure: 'correct --pictures',
    });
  }
  const isFolder = info.isDirectory();
  const folder = isFolder ? path : dirname(path);
  const listing = (await readdir(folder)).sort();
  const format = word ?? (await detected({ name, path, isFolder, folder, listing }));
  const input: ReaderInput = {
    name,
    path,
    isFolder,
    folder,
    listing,
    pictures: pictures === undefined ? undefined : resolve(pictures),
    table: new PictureTable(),
    digest: createHash('sha256'),
  };
  const result = await formats[format].read(input);
  return await toDataset(input, result ?? {}, { format, strict });
}

async function detected(place: {
  name: string;
  path: string;
  isFolder: boolean;
  folder: string;
  listing: readonly string[];
}): Promise<string> {
  const { name, path, isFolder, folder, listing } = place;
  for (const [word, { detect, file }] of Object.entries(formats)) {
    if (isFolder ? await detect?.(listing, folder) : file?.test(basename(path))) return word;
  }
  throw new CommandError(`dataset ${name}: ${isFolder ? 'nothing in this folder' : 'this file'} is known`, {
    cure: `say the format, as in coco:${name}; or give ${formats.coco.needs}`,
  });
}

/** What a format needs, for help texts. */
export const formatNeeds = (word: string): string => formats[word].needs;
