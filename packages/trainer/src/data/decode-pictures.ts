// Decodes many picture files in worker threads; what cannot be read is listed, or stops the run with --strict.
import { CommandError, ProgressBar } from '@foreword/cli-kit';
import { createDecodePool } from '@foreword/image/node';
import type { Example } from './dataset.ts';
import { shownPath } from './repository.ts';

export interface DecodeOptions {
  /** Side of the square that the image tower takes. */
  size: number;
  label: string;
  /** Stop at the first unreadable picture. */
  strict?: boolean;
  signal?: AbortSignal;
}

const decodedAhead = 512;

/**
 * Calls `use` with the pixels [3, size, size] of every readable picture and `skip` for every other, in order.
 * @returns the indices of the examples used, and a sentence for each that was skipped
 */
export async function decodePictures(
  examples: readonly Example[],
  { size, label, strict = false, signal }: DecodeOptions,
  use: (pixels: Float32Array, index: number) => void | Promise<void>,
  skip: (sentence: string, index: number) => void | Promise<void> = () => {},
): Promise<{ used: number[]; skipped: string[] }> {
  const pool = createDecodePool({ size });
  const bar = new ProgressBar({ label, total: examples.length, unit: 'picture' });
  const used: number[] = [];
  const skipped: string[] = [];
  try {
    for (let from = 0; from < examples.length; from += decodedAhead) {
      const part = examples.slice(from, from + decodedAhead);
      const jobs = part.map(({ path }) => pool.preprocess(path).catch((error: Error) => error));
      for (const [i, job] of jobs.entries()) {
        const result = await job;
        signal?.throwIfAborted();
        if (result instanceof Error) {
          if (strict) {
            throw new CommandError(`unreadable picture: ${result.message}`, {
              cure: 'repair or remove it, or leave out --strict to skip such pictures',
            });
          }
          const named = result.message.includes(part[i].path);
          const sentence = named ? result.message : `${shownPath(part[i].path)}: ${result.message}`;
          skipped.push(sentence);
          await skip(sentence, from + i);
        } else {
          used.push(from + i);
          await use(result.pixels, from + i);
        }
        bar.update(from + i + 1);
      }
    }
  } finally {
    await pool.close();
  }
  bar.finish();
  return { used, skipped };
}
