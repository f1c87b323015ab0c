// Reads caption files: JSON whole, tables and lines as streams. Every byte goes into the dataset's digest.
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline, Readable } from 'node:stream';
import { CommandError } from '@foreword/cli-kit';
import { CsvError, parse, type Options } from 'csv-parse';

async function* hashedBytes(path: string, digest: Hash): AsyncGenerator<Buffer> {
  for await (const piece of createReadStream(path)) {
    digest.update(piece as Buffer);
    yield piece as Buffer;
  }
}

/**
 * A file's JSON, judged by `check`, which throws what is wrong.
 * @param what the format's name: `x.json is no ${what}: …`
 * @throws CommandError
 */
export async function readJson<T>(
  path: string,
  digest: Hash,
  { what, cure, check }: { what: string; cure: string; check: (json: unknown) => T },
): Promise<T> {
  const bytes = await readFile(path);
  digest.update(bytes);
  try {
    return check(JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, '')));
  } catch (error) {
    throw new CommandError(`${basename(path)} is no ${what}: ${(error as Error).message}`, { cure });
  }
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
