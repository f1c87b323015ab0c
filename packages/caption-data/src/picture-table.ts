// Gathers pictures and captions while a file is read, in the order in which the pictures first occur.
import type { Example, Split } from './dataset.ts';
import { Skips } from './skips.ts';

export interface Entry extends Example {
  /** undefined: the dataset does not say. */
  split: Split | undefined;
  /** The file that names it. */
  source: string;
  /** Row of its feature, where features come with the data. */
  row?: number;
}

export class PictureTable {
  readonly skips = new Skips();
  readonly notes: string[] = [];
  /** Names of the files read. */
  readonly sources: string[] = [];
  readonly #entries = new Map<string, Entry>();

  /**
   * Enters a picture, or finds it by its key.
   * @returns undefined when it already stands in another split: its captions would leak from one into the other
   */
  picture(key: string, entry: Omit<Entry, 'captions'>): Entry | undefined {
    const found = this.#entries.get(key);
    if (!found) {
      const made = { ...entry, captions: [] };
      this.#entries.set(key, made);
      return made;
    }
    if (found.split === entry.split) return found;
    this.skips.add(entry.source, `caption of a picture that is in ${found.split} already`, key);
    return undefined;
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Adds a caption; what is no text, or an empty one, is counted as left out. */
  caption(entry: Entry, text: unknown, what = `picture ${entry.id}`): void {
    const clean = typeof text === 'string' ? text.trim().replace(/\s+/g, ' ') : '';
    if (clean) entry.captions.push(clean);
    else this.skips.add(entry.source, 'empty caption', what);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }
}
