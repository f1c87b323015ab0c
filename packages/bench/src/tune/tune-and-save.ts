// Tunes a device for some works, and adds what was found to the file where devices look for it.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProgressBar, writeFileAtomic } from '@foreword/cli-kit';
import {
  adapterKey,
  meetChoices,
  readTuning,
  tune,
  tuningOf,
  type Device,
  type TunedChoice,
  type Tuning,
} from '@foreword/tensor/node';
import type { TuneWork } from './tune-works.ts';

/** The table, and what it was made from. */
export interface SavedTuning extends Tuning {
  measured: TunedChoice[];
}

export const readSavedTuning = async (adapter: string, path: string): Promise<SavedTuning | undefined> =>
  (await readTuning(adapter, path)) as SavedTuning | undefined;

export interface TuneAndSaveOptions {
  repeats: number;
  path: string;
  signal: AbortSignal;
}

/** @param device opened without a tuning */
export async function tuneAndSave(
  device: Device,
  works: readonly TuneWork[],
  { repeats, path, signal }: TuneAndSaveOptions,
): Promise<TunedChoice[]> {
  const sites = await meetChoices(device, async () => {
    const bar = new ProgressBar({ label: 'looking at', unit: 'work', total: works.length });
    for (const [done, { id, run }] of works.entries()) {
      bar.update(done, { work: id });
      signal.throwIfAborted();
      await run(device);
    }
    bar.finish();
  });
  const bar = new ProgressBar({ label: 'tune', unit: 'choice', total: sites.length });
  const onChoice = ({ key: choice }: TunedChoice, done: number): void => bar.update(done, { choice });
  const tuned = await tune(device, sites, { repeats, signal, onChoice });
  bar.finish();
  // Choices of works that were not looked at now stay as they are.
  const saved = await readSavedTuning(adapterKey(device.adapter), path);
  const met = new Set(tuned.map((choice) => choice.key));
  const measured = [...(saved?.measured ?? []).filter((choice) => !met.has(choice.key)), ...tuned];
  const tuning: SavedTuning = { ...tuningOf(device, measured), measured };
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, `${JSON.stringify(tuning, null, 2)}\n`);
  return tuned;
}
