// Own data as CSV or TSV: a column of pictures, a column of captions, perhaps one of splits; several captions in several rows.
import { open } from 'node:fs/promises';
import { CommandError } from '@foreword/cli-kit';
import { splitOf } from '../dataset.ts';
import { readTable } from '../read-files.ts';
import type { Format, ReaderInput } from '../reader.ts';
import { captionColumns, columnOf, namesPicture, pictureColumns, splitColumns } from './columns.ts';
import { ownFiles, type OwnFile } from './own-files.ts';

const ending = /\.(csv|tsv)$/i;
const needs = 'a .csv or .tsv file with the columns image and caption (and split, if you like)';

export const delimitedFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => ending.test(name)),
  file: ending,
  async read(input) {
    for (const file of ownFiles(input, { ending, needs })) await readFile(input, file);
  },
};

interface Columns {
  picture: number;
  caption: number;
  split: number;
}

async function readFile({ table, digest }: ReaderInput, { path, source, split }: OwnFile): Promise<void> {
  table.sources.push(source);
  const delimiter = await delimiterOf(path);
  let columns: Columns | undefined;
  for await (const { line, row } of readTable(path, digest, { delimiter, quoted: true })) {
    if (!columns) {
      const judged = columnsOf(row, source);
      columns = judged.columns;
      if (judged.isHeader) continue;
    }
    const picture = row[columns.picture]?.trim();
    const caption = row[columns.caption];
    if (!picture || caption === undefined) {
      table.skips.add(source, 'row without a picture or a caption', `line ${line}`);
      continue;
    }
    const word = row[columns.split]?.trim();
    const own = word ? splitOf(word) : split;
    if (word && !own) {
      table.skips.add(source, 'row of an unknown split', `line ${line}: ${word}`);
      continue;
    }
    const entry = table.picture(picture, { id: picture, path: picture, split: own, source });
    if (entry) table.caption(entry, caption, `line ${line}`);
  }
}

/** By a header, or without one by the cell that names a picture. */
function columnsOf(first: readonly string[], source: string): { columns: Columns; isHeader: boolean } {
  const picture = columnOf(first, pictureColumns);
  const caption = columnOf(first, captionColumns);
  if (picture >= 0 && caption >= 0)
    return { columns: { picture, caption, split: columnOf(first, splitColumns) }, isHeader: true };
  const at = first.findIndex(namesPicture);
  if (at >= 0 && first.length === 2)
    return { columns: { picture: at, caption: 1 - at, split: -1 }, isHeader: false };
  throw new CommandError(
    `${source}: its first row names no columns of pictures and captions: ${first.join(', ').slice(0, 120)}`,
    {
      cure: `put a row such as image,caption on top; known are ${pictureColumns.join(', ')} and ${captionColumns.join(', ')}`,
    },
  );
}

/** Whichever of tabulator, comma, semicolon and bar the first line has most of. */
async function delimiterOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const [line] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1);
    const bare = line.replace(/"(?:[^"]|"")*"/g, '');
    const counts = ['\t', ',', ';', '|'].map((mark) => ({ mark, count: bare.split(mark).length }));
    return counts.reduce((a, b) => (b.count > a.count ? b : a)).mark;
  } finally {
    await file.close();
  }
}
