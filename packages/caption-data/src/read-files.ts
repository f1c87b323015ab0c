// Reads caption files as streams, so that their size is no matter. Every byte goes into the dataset's digest.
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline, Readable } from 'node:stream';
import { CommandError } from '@foreword/cli-kit';
import { JSONParser } from '@streamparser/json';
import { CsvError, parse, type Options } from 'csv-parse';

async function* hashedBytes(path: string, digest: Hash): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path)) {
    digest.update(piece as Buffer);
    yield piece as Buffer;
  }
}

export interface ListsOptions<Items> {
  /** The format's name: `x.json is no ${what}: …` */
  what: string;
  cure: string;
  /** The lists to read, each with what looks at an item and throws what is wrong with it. */
  lists: { [List in keyof Items]: (item: unknown) => Items[List] };
}

/** An item of one of the lists, with the list's name. */
export type ListItem<Items> = {
  [List in keyof Items]: { list: List; item: Items[List] };
}[keyof Items];

/** JSON in order, but not of the format. */
class Unfit extends Error {}

/**
 * Items of the named lists at the top of a JSON file, in the order of the file. No more of it is held than a piece of the file.
 * @throws CommandError naming the item that is wrong, or the lists that are missing or empty
 */
export async function* readLists<Items>(
  path: string,
  digest: Hash,
  { what, cure, lists }: ListsOptions<Items>,
): AsyncGenerator<ListItem<Items>> {
  const names = Object.keys(lists) as (keyof Items & string)[];
  const parser = new JSONParser({ paths: names.map((list) => `$.${list}.*`), keepStack: false });
  const met = new Set<string>();
  let items: ListItem<Items>[] = [];
  parser.onValue = ({ value, key, stack }) => {
    const list = stack[1].key as keyof Items & string;
    // The members of an object have names, the items of a list have places.
    if (typeof key !== 'number') return;
    met.add(list);
    try {
      items.push({ list, item: lists[list](value) });
    } catch (error) {
      throw new Unfit(`${list}[${key}] ${(error as Error).message}`);
    }
  };
  const refused = (error: Error): CommandError => {
    const reason = error instanceof Unfit ? error.message : `it is broken JSON: ${error.message}`;
    return new CommandError(`${basename(path)} is no ${what}: ${reason}`, { cure, cause: error });
  };
  const parse = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      throw refused(error as Error);
    }
  };
  for await (const bytes of hashedBytes(path, digest)) {
    parse(() => parser.write(bytes));
    yield* items;
    items = [];
  }
  parse(() => !parser.isEnded && parser.end());
  const missing = names.filter((list) => !met.has(list)).map((list) => `"${list}"`);
  if (missing.length === 0) return;
  const subject = missing.length === 1 ? `${missing[0]} list is` : `${missing.join(' and ')} lists are`;
  throw refused(new Unfit(`the ${subject} missing or empty`));
}

/** Lines of a text file with their numbers, from 1; empty ones are passed over. */
export async function* readLines(path: string, digest: Hash): AsyncGenerator<{ line: number; text: string }> {
  const lines = createInterface({ input: Readable.from(hashedBytes(path, digest)), crlfDelay: Infinity });
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim()) yield { line, text: line === 1 ? text.replace(/^\uFEFF/, '') : text };
  }
}

export interface TableOptions {
  delimiter: string;
  /** Whether `"` encloses fields; in some files it is a letter like others. */
  quoted: boolean;
}

/**
 * Rows of a table with the number of the line on which each ends.
 * @throws CommandError when a quotation mark is never closed
 */
export async function* readTable(
  path: string,
  digest: Hash,
  { delimiter, quoted }: TableOptions,
): AsyncGenerator<{ line: number; row: string[] }> {
  const options: Options = {
    delimiter,
    quote: quoted ? '"' : false,
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    bom: true,
    info: true,
  };
  const parser = parse(options);
  pipeline(Readable.from(hashedBytes(path, digest)), parser, () => {});
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>)
      yield { line: info.lines, row: record };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new CommandError(`${basename(path)} cannot be read as a table: ${error.message}`, {
      cure: 'close the quotation mark, or write two of them for one inside a quoted field',
      cause: error,
    });
  }
}
