// A run's folder: configuration, metrics, checkpoints, samples, summary. Every file is written whole or not at all.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, writeFileAtomic } from '@foreword/cli-kit';
import { shownPath } from '../data/repository.ts';
import { lossCurveSvg } from './loss-curve.ts';

/** One line of metrics.jsonl. */
export interface StepMetrics {
  /** Steps done, from 1. */
  step: number;
  /** From 1. */
  epoch: number;
  loss: number;
  lr: number;
  gradNorm: number;
  stepMs: number;
  tokensPerSecond: number;
}

/** What validation found after an epoch. */
export interface EpochMetrics {
  step: number;
  epoch: number;
  valLoss: number;
}

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Makes the folder; a folder that holds another run is refused. */
  async create(): Promise<void> {
    const entries = await readdir(this.path).catch((): string[] => []);
    if (entries.length > 0) {
      throw new CommandError(`the run folder ${shownPath(this.path)} is not empty`, {
        cure: `continue that run with --resume ${shownPath(this.path)}, or give another --out`,
      });
    }
    try {
      await mkdir(this.file('checkpoints'), { recursive: true });
    } catch (error) {
      throw new CommandError(
        `the run folder ${shownPath(this.path)} cannot be made: ${(error as Error).message}`,
        {
          cure: 'give an --out where you may write and where there is room',
        },
      );
    }
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  async writeLines(name: string, rows: readonly unknown[]): Promise<void> {
    await writeFileAtomic(this.file(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  async readLines<T>(name: string): Promise<T[]> {
    const text = await readFile(this.file(name), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
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
      return JSON.parse(text) as Record<string, unknown>;
    } catch (error) {
      throw new CommandError(`${shownPath(this.file(name))} is no JSON: ${(error as Error).message}`, {
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

/** Folders under `root` that hold a run, newest last (names begin with the time). */
export async function listRuns(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name))
    .sort();
}
