// Reads a JSON file somebody named on the command line; every failure names the file and what to do.
import { readFile } from 'node:fs/promises';
import { CommandError } from '@foreword/cli-kit';

/**
 * The file's value; of one that is called `.jsonl`, the list of its lines' values.
 *
 * @param what the file should be, for the error, e.g. "a COCO results file"
 * @throws CommandError when it cannot be read or is no JSON
 */
export async function readJson(path: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cause =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : `${code}`;
    throw new CommandError(`${path} cannot be read: ${cause}`, { cure: `give the path of ${what}` });
  }
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  const lines = path.endsWith('.jsonl') ? text.split('\n').filter((line) => line.trim()) : undefined;
  let at = '';
  try {
    if (!lines) return parse(text);
    return lines.map((line, i) => {
      at = `, entry ${i}`;
      return parse(line);
    });
  } catch (error) {
    const kind = text.trim() === '' ? 'it is empty' : (error as Error).message;
    throw new CommandError(`${path}${at} is no JSON: ${kind}`, {
      cure: `give ${what}; was it written to its end?`,
    });
  }
}

/** Python writes NaN, which JSON has not; SPICE's program does so for captions without tuples. */
const parse = (text: string): unknown => JSON.parse(text.replace(/:\s*NaN\b/g, ': null'));

/** Whether a value is an object with keys, and no list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
