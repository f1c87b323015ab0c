// Flickr8k and Flickr30k as their authors give them (token files) and as Kaggle does (captions.txt, results.csv).
import { basename, join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import type { Split } from '../dataset.ts';
import { readLines, readTable } from '../read-files.ts';
import type { Format, ReaderInput } from '../reader.ts';

const needs =
  'Flickr8k.token.txt, results_20130124.token, or captions.txt or results.csv of Kaggle, with the pictures beside it';
const tokenFile = /\.token(\.txt)?$/i;
const lemmas = /lemma/i;
const kaggle8k = /^captions\.txt$/i;
const kaggle30k = /^results\.csv$/i;
const splitFile = /(train|dev|val|test)Images\.txt$/i;
const isCaptionFile = (name: string): boolean =>
  (tokenFile.test(name) && !lemmas.test(name)) || kaggle8k.test(name) || kaggle30k.test(name);

export const flickrFormat: Format = {
  needs,
  detect: (listing) => listing.some(isCaptionFile),
  file: /\.token(\.txt)?$|^captions\.txt$|^results\.csv$/i,
  async read(input) {
    const { name, path, isFolder, folder, listing, table } = input;
    const source = isFolder ? listing.find(isCaptionFile) : basename(path);
    if (source === undefined)
      throw new CommandError(`dataset ${name}: there is no caption file of Flickr8k or Flickr30k`, {
        cure: `give ${needs}`,
      });
    table.sources.push(source);
    const splitOfPicture = await readSplits(input);
    const enter = (picture: string, caption: string, line: number): void => {
      if (splitOfPicture.size > 0 && !splitOfPicture.has(picture)) {
        table.skips.add(source, 'caption of a picture that no split file names', picture);
        return;
      }
      const split = splitOfPicture.get(picture);
      const entry = table.picture(picture, { id: picture, path: picture, split, source });
      if (entry) table.caption(entry, caption, `line ${line}`);
    };
    const read = tokenFile.test(source) ? readTokens : kaggle30k.test(source) ? readResults : readCaptions;
    await read(input, join(folder, source), enter);
  },
};

type Enter = (picture: string, caption: string, line: number) => void;

/** `name.jpg#0<TAB>caption` */
async function readTokens({ digest, table }: ReaderInput, path: string, enter: Enter): Promise<void> {
  for await (const { line, text } of readLines(path, digest)) {
    const parts = /^(.+)#\d+\t(.*)$/.exec(text);
    if (parts) enter(parts[1], parts[2], line);
    else table.skips.add(basename(path), 'line that is not name#number, tabulator, caption', `line ${line}`);
  }
}

/** Kaggle's Flickr8k: `image,caption` with a header. */
async function readCaptions({ digest, table }: ReaderInput, path: string, enter: Enter): Promise<void> {
  let first = true;
  for await (const { line, row } of readTable(path, digest, { delimiter: ',', quoted: true })) {
    if (first && row[0].trim().toLowerCase() === 'image') {
      first = false;
      continue;
    }
    first = false;
    // A caption with a comma and without quotation marks falls into pieces.
    if (row.length >= 2) enter(row[0].trim(), row.slice(1).join(','), line);
    else table.skips.add(basename(path), 'line without a caption', `line ${line}`);
  }
}

/** Kaggle's Flickr30k: `image_name| comment_number| comment`; in one known row the second bar is missing. */
async function readResults({ digest, table }: ReaderInput, path: string, enter: Enter): Promise<void> {
  let repaired = 0;
  for await (const { line, row } of readTable(path, digest, { delimiter: '|', quoted: false })) {
    if (line === 1 && /^image/i.test(row[0].trim())) continue;
    if (row.length >= 3) {
      enter(row[0].trim(), row.slice(2).join('|'), line);
      continue;
    }
    const joined = /^\s*\d+\s+(\S.*)$/.exec(row[1] ?? '');
    if (joined) {
      repaired++;
      enter(row[0].trim(), joined[1], line);
    } else table.skips.add(basename(path), 'line without a caption', `line ${line}`);
  }
  if (repaired > 0) table.notes.push(`${basename(path)}: ${repaired} × row with a missing bar, repaired`);
}

/** Flickr_8k.trainImages.txt and its like: a picture's name per line. */
async function readSplits({ folder, listing, digest, table }: ReaderInput): Promise<Map<string, Split>> {
  const found = new Map<string, Split>();
  for (const file of listing.filter((name) => splitFile.test(name)).sort()) {
    table.sources.push(file);
    const word = splitFile.exec(file)![1].toLowerCase();
    const split: Split = word === 'train' || word === 'test' ? word : 'val';
    for await (const { text } of readLines(join(folder, file), digest)) found.set(text.trim(), split);
  }
  return found;
}
