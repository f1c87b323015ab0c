// A run's folder: configuration, metrics, checkpoints, samples, summary. Every file is written whole or not at all.
import { readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assertWritable,
  CommandError,
  makeFolder,
  removeUnfinished,
  writeFileAtomic,
} from '@foreword/cli-kit';
import { shownPath } from '../data/repository.ts';
import { lossCurveSvg } from './loss-curve.ts';
import type { EpochMetrics, StepMetrics } from './metrics.ts';

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Whether there is a checkpoint to go on from, or was before somebody removed it. */
  async hasSaved(): Promise<boolean> {
    const found = await Promise.all(
      ['checkpoints/last.safetensors', 'summary.json'].map((name) => stat(this.file(name)).catch(() => {})),
    );
    return found.some((info) => info !== undefined);
  }

  /** Removes what a killed process was writing. */
  async clean(): Promise<void> {
    for (const folder of [this.path, this.file('checkpoints')]) await removeUnfinished(folder);
  }

  /**
   * Refuses a folder that holds another run, a file in its place, and a disk that takes no files. What a run leaves that
   * was killed before its config.json is removed.
   */
  async assertFree(): Promise<void> {
    await this.clean();
    await rmdir(this.file('checkpoints')).catch(() => {});
    const entries = await readdir(this.path).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      throw new CommandError(
        `the run folder ${shownPath(this.path)} cannot be used: ${error.code === 'ENOTDIR' ? 'a part of its path is a file' : error.message}`,
        { cure: 'give another --out' },
      );
    });
    if (entries.length > 0) {
      throw new CommandError(`the run folder ${shownPath(this.path)} is not empty`, {
        cure: `continue that run with --resume ${shownPath(this.path)}, or give another --out`,
      });
    }
    await assertWritable(this.path);
  }

  /** Makes the folder; a folder that holds another run is refused. */
  async create(): Promise<void> {
    await this.assertFree();
    await makeFolder(this.file('checkpoints'));
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async writeLines(name: string, rows: readonly unknown[]): Promise<void> {
    await writeFileAtomic(this.file(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  async readLines<T>(name: string): Promise<T[]> {
    const text = await readFile(this.file(name), 'utf8').catch(() => '');
    const lines = text.split('\n').filter(Boolean);
    return lines.map((line, i) => {
      try {
        return JSON.parse(line) as T;
      } catch (error) {
        throw new CommandError(`${shownPath(this.file(name))}: line ${i + 1} is no JSON`, {
          cure: 'repair the line, or remove the file to continue without its history',
          cause: error,
        });
      }
    });
  }

  async readJson(name: string): Promise<Record<string, unknown>> {
    let text: string;
    try {
      text = await readFile(this.file(name), 'utf8');
    } catch {
      throw new CommandError(
        `${shownPath(this.file(name))} is missing: this is no folder of a training run`,
        {
          cure: 'give the folder that `pnpm train` printed',
        },
      );
    }
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no object');
      return value as Record<string, unknown>;
    } catch (error) {
      throw new CommandError(`${shownPath(this.file(name))} is no JSON object: ${(error as Error).message}`, {
        cure: 'restore the file, or train anew',
      });
    }
  }

  /** Metrics as lines, and the loss curve drawn from them. */
  async writeMetrics(steps: readonly StepMetrics[], epochs: readonly EpochMetrics[]): Promise<void> {
    await this.writeLines('metrics.jsonl', steps);
    await this.writeLines('validation.jsonl', epochs);
    await writeFileAtomic(this.file('loss.svg'), lossCurveSvg(steps, epochs));
  }
}

/** Folders under `root` that hold a run with a checkpoint to caption with, the one begun last at the end. */
export async function listRuns(root: string): Promise<string[]> {
  const names = await readdir(root).catch((): string[] => []);
  const runs: { path: string; begunAt: number }[] = [];
  for (const name of names) {
    const path = join(root, name);
    const config = await stat(join(path, 'config.json')).catch(() => undefined);
    const best = await stat(join(path, 'checkpoints/best.safetensors')).catch(() => undefined);
    if (config && best) runs.push({ path, begunAt: config.mtimeMs });
  }
  return runs.sort((a, b) => a.begunAt - b.begunAt).map(({ path }) => path);
}
