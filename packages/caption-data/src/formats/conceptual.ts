// Conceptual Captions: a TSV of captions and URLs, and whatever of the pictures some program could still download.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { crc32 } from 'node:zlib';
import { CommandError } from '@foreword/cli-kit';
import type { Split } from '../dataset.ts';
import { walkFiles } from '../find-pictures.ts';
import { readTable } from '../read-files.ts';
import type { Format, ReaderInput } from '../reader.ts';

const needs =
  'Train_GCC-training.tsv and Validation_GCC-1.1.0-Validation.tsv (or cc12m.tsv), with the downloaded pictures in folders beside them';
const conceptualFile = /(gcc|conceptual|cc3m|cc12m).*\.tsv$/i;

export const conceptualFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => conceptualFile.test(name)),
  file: conceptualFile,
  async read(input) {
    const { name, path, isFolder, listing } = input;
    const files = isFolder ? listing.filter((entry) => conceptualFile.test(entry)) : [basename(path)];
    if (files.length === 0)
      throw new CommandError(`dataset ${name}: there is no TSV of Conceptual Captions`, {
        cure: `give ${needs}`,
      });
    for (const file of files) await readPairs(input, file);
  },
};

const splitOfFile = (file: string): Split | undefined =>
  /^val/i.test(file) ? 'val' : /^test/i.test(file) ? 'test' : /^train/i.test(file) ? 'train' : undefined;

async function readPairs(input: ReaderInput, source: string): Promise<void> {
  const { folder, table, digest, name } = input;
  table.sources.push(source);
  const split = splitOfFile(source);
  const downloads = await listDownloads(input, split);
  let row = -1;
  let urlColumn: number | undefined;
  for await (const { line, row: cells } of readTable(join(folder, source), digest, {
    delimiter: '\t',
    quoted: false,
  })) {
    row++;
    // Conceptual Captions has caption, URL; Conceptual 12M has them the other way round.
    urlColumn ??= cells.findIndex((cell) => /^https?:\/\//.test(cell));
    if (urlColumn < 0)
      throw new CommandError(`dataset ${name}: the first line of ${source} has no URL`, {
        cure: `give ${needs}`,
      });
    const url = cells[urlColumn];
    const caption = cells[1 - urlColumn];
    if (cells.length < 2 || !url) {
      table.skips.add(source, 'line without caption or URL', `line ${line}`);
      continue;
    }
    const path = downloads.find(row, url);
    if (path === undefined) {
      table.skips.add(source, 'picture that was not downloaded', `line ${line}`);
      continue;
    }
    const id = parse(path).name;
    const entry = table.picture(path, { id, path, split, source });
    if (entry) table.caption(entry, caption, `line ${line}`);
  }
}

/** Downloaded files of one split, by the names that the usual programs give them. */
interface Downloads {
  /** @param row of the TSV, from 0 */
  find(row: number, url: string): string | undefined;
}

async function listDownloads(
  { name, folder, pictures, listing }: ReaderInput,
  split: Split | undefined,
): Promise<Downloads> {
  const root = pictures ?? folder;
  const inRoot = pictures === undefined ? listing : await readdir(root);
  const own = split && inRoot.find((entry) => new RegExp(`^${split}(ing|idation)?$`, 'i').test(entry));
  const from = own ? join(root, own) : root;
  const byStem = new Map<string, string>();
  for await (const path of walkFiles(from)) {
    if (!/\.(tsv|json|txt|parquet|pkl|csv)$/i.test(path)) byStem.set(parse(path).name, path);
  }
  if (byStem.size === 0)
    throw new CommandError(`dataset ${name}: there is no picture in ${from}`, {
      cure: 'download the pictures first (for example with img2dataset), or say where they are with --pictures DIR',
    });
  const hashes = (['md5', 'sha1', 'sha256'] as const).filter((algorithm) => {
    const { length } = createHash(algorithm).digest('hex');
    return [...byStem.keys()].some((stem) => stem.length === length && /^[0-9a-f]+$/.test(stem));
  });
  return {
    find(row, url) {
      const sum = String(crc32(url));
      const names = [
        // ClipCap's parse_conceptual.py, and img2dataset with its 10,000 pictures a shard: the row in digits.
        String(row).padStart(8, '0'),
        String(row).padStart(9, '0'),
        // The download scripts of ViLBERT and their like: the URL's CRC-32, perhaps behind the row.
        sum,
        `${row}_${sum}`,
      ];
      for (const stem of names) if (byStem.has(stem)) return byStem.get(stem);
      for (const algorithm of hashes) {
        const found = byStem.get(createHash(algorithm).update(url).digest('hex'));
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
