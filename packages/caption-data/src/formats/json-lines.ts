// Own data as JSON lines: {"image": "a.jpg", "caption": "…"} or "captions": […], also metadata.jsonl of image folders.
import { splitOf } from '../dataset.ts';
import { readLines } from '../read-files.ts';
import type { Format } from '../reader.ts';
import { captionColumns, columnOf, pictureColumns, splitColumns } from './columns.ts';
import { ownFiles } from './own-files.ts';

const ending = /\.(jsonl|ndjson)$/i;
const needs = 'a .jsonl file with lines such as {"image": "a.jpg", "caption": "A dog."}';

export const jsonLinesFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => ending.test(name)),
  file: ending,
  async read(input) {
    const { table, digest } = input;
    for (const { path, source, split } of ownFiles(input, { ending, needs })) {
      table.sources.push(source);
      for await (const { line, text } of readLines(path, digest)) {
        const found = parseLine(text);
        if (typeof found === 'string') {
          table.skips.add(source, found, `line ${line}`);
          continue;
        }
        const own = found.split === undefined ? split : splitOf(found.split);
        if (found.split !== undefined && !own) {
          table.skips.add(source, 'line of an unknown split', `line ${line}: ${found.split}`);
          continue;
        }
        const { picture } = found;
        const entry = table.picture(picture, { id: picture, path: picture, split: own, source });
        for (const caption of found.captions) if (entry) table.caption(entry, caption, `line ${line}`);
      }
    }
  },
};

/** What a line says, or why it says nothing. */
function parseLine(
  text: string,
): { picture: string; captions: readonly unknown[]; split: string | undefined } | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'line that is no JSON';
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'line that is no JSON object';
  const pairs = Object.entries(json);
  const names = pairs.map(([name]) => name);
  const value = (wanted: readonly string[]): unknown => pairs[columnOf(names, wanted)]?.[1];
  const picture = value(pictureColumns);
  const captions = value(captionColumns);
  const split = value(splitColumns);
  if (typeof picture !== 'string' || !picture) return `line without ${pictureColumns[0]}`;
  if (captions === undefined) return `line without ${captionColumns[0]}`;
  return {
    picture,
    captions: Array.isArray(captions) ? captions : [captions],
    split: typeof split === 'string' && split ? split : undefined,
  };
}
