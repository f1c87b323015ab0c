// Where tunings are kept on this machine: one file per adapter, driver and version of the engine.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Tuning } from '../core/choices.ts';
import { engineVersion } from '../core/engine-version.ts';

/** `FOREWORD_TUNING`, else `foreword/tuning` in the user's cache folder. `none`: tunings are not read. */
const tuningFolder = ({ FOREWORD_TUNING, XDG_CACHE_HOME }: NodeJS.ProcessEnv = process.env): string =>
  FOREWORD_TUNING || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'foreword', 'tuning');

/** @param adapter as {@link adapterKey} gives it */
export const tuningFile = (adapter: string): string => {
  const slug = adapter
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-|-$/g, '');
  return join(tuningFolder(), `${slug}.${engineVersion}.json`);
};

/** The tuning for an adapter; undefined where there is none, or none that fits or can be read. */
export async function readTuning(adapter: string, path = tuningFile(adapter)): Promise<Tuning | undefined> {
  if (process.env.FOREWORD_TUNING === 'none') return undefined;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const tuning = JSON.parse(text) as Tuning;
    const fits = tuning.adapter === adapter && tuning.engine === engineVersion;
    return fits && typeof tuning.choices === 'object' ? tuning : undefined;
  } catch {
    return undefined;
  }
}
