// Run folders as trainings leave them, made up in milliseconds: what cells and reports are tested with.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFlags } from '@foreword/cli-kit';
import { writeSafetensors } from '@foreword/tensor/node';
import { seededRandom, streamSeed, toSettings, trainFlags } from '@foreword/trainer';
import { stepsOf } from '../src/cells/dataset-size.ts';
import { planCells, trainArgs, type Cell } from '../src/cells/plan-cells.ts';
import { cellsFolder, variantsOf, type StudyPlan } from '../src/cells/study-plan.ts';
import type { StudyName } from '../src/studies/index.ts';

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'foreword-study-'));

export const plan = (name: StudyName, more: Partial<StudyPlan> = {}): StudyPlan => ({
  format: 1,
  studies: [name],
  seeds: 3,
  lengths: [1, 10, 20],
  everyCell: { dataset: 'scenes', epochs: 1 },
  command: `pnpm study ${name} --seeds 3`,
  ...more,
});

export const cellsOf = (own: StudyPlan): Cell[] => planCells(variantsOf(own), own);

const trainingPictures = 12_000;

const colours = ['red', 'green', 'blue', 'purple'];
const kinds = ['star', 'box', 'ring', 'heart'];
const places = ['on a checked cloth', 'in front of a wall', 'on a striped background'];

export interface MadeUpOptions {
  /** Share of the words that are right, by cell. Default: 0.8. */
  quality?: (cell: Cell) => number;
  pictures?: number;
  stepMs?: number;
  /** Pictures of the training split that were captioned, all rightly. Default: none. */
  trainPictures?: number;
}

/** Writes the folder of a cell that is done. */
export async function writeDone(cell: Cell, folder: string, options: MadeUpOptions = {}): Promise<void> {
  const { quality = () => 0.8, pictures = 40, stepMs = 100, trainPictures = 0 } = options;
  const run = join(cellsFolder(folder), cell.id);
  await mkdir(join(run, 'checkpoints'), { recursive: true });
  const draw = seededRandom(streamSeed(cell.seed, ...Buffer.from(cell.id)));
  const samples = Array.from({ length: pictures }, (_, i) => {
    const of = <X>(list: readonly X[], by: number): X => list[(i * 7 + by) % list.length];
    const right = [of(colours, 0), of(kinds, i >> 2), of(places, 1)];
    const said = right.map((word, w) =>
      draw() < quality(cell) ? word : of([colours, kinds, places][w], 1 + Math.floor(draw() * 3)),
    );
    return {
      image_id: 1000 + i,
      picture: join(folder, `${i}.png`),
      caption: `A ${said.join(' ')}.`,
      references: [`A ${right.join(' ')}.`, `The picture shows a ${right[0]} ${right[1]} ${right[2]}.`],
      finished: true,
      ciderD: 0,
    };
  });
  const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const json = (name: string, value: unknown): Promise<void> =>
    writeFile(join(run, name), JSON.stringify(value));
  const seconds = { prepare: 10, train: (750 * stepMs) / 1000, score: 8 };
  await writeFile(join(run, 'samples.jsonl'), lines(samples));
  const steps = cell.kind === 'train' ? stepsOf(cell, trainingPictures) : undefined;
  await json('summary.json', { seconds, steps });
  if (cell.kind === 'caption') return await json('config.json', { run: cell.run, decoding: cell.decode });
  await writeRecord(cell, folder);
  const right = samples.slice(0, trainPictures).map((s) => ({ ...s, caption: s.references[0] }));
  if (trainPictures > 0) await writeFile(join(run, 'train-samples.jsonl'), lines(right));
  await json('explained.json', explainedOf(samples[0], Number(cell.flags.prefix)));
  const rows = Array.from({ length: 60 }, (_, i) => ({
    step: i + 1,
    epoch: 1,
    loss: 1.2 + Math.exp(-i / 12) * quality(cell),
    stepMs,
  }));
  await writeFile(join(run, 'metrics.jsonl'), lines(rows));
  await writeFile(join(run, 'validation.jsonl'), lines([{ step: 60, epoch: 1, valLoss: 2 - quality(cell) }]));
  const size = 100 * Number(cell.flags.prefix) ** 2;
  const entry = {
    name: 'clip_project.x',
    dtype: 'F32' as const,
    shape: [size],
    data: new Float32Array(size),
  };
  await writeFile(join(run, 'checkpoints/best.safetensors'), writeSafetensors([entry]));
}

/** A caption whose every word looked at every row of its prefix alike, for half of its attention. */
const explainedOf = (sample: { image_id: number; picture: string; caption: string }, P: number) => ({
  ...sample,
  nearest: Array.from({ length: P }, (_, i) => [{ id: i, token: ` near${i}`, cosine: 0.25 }]),
  words: sample.caption.split(' ').map((word) => ({ word, attention: Array<number>(P).fill(0.5 / P) })),
});

/** Writes the config.json of a training that has begun. */
export async function writeRecord(cell: Cell, folder: string): Promise<void> {
  if (cell.kind !== 'train') throw new Error(`${cell.id} is no training`);
  const cells = cellsFolder(folder);
  await mkdir(join(cells, cell.id, 'checkpoints'), { recursive: true });
  const settings = { ...toSettings(parseFlags(trainArgs(cell, cells), trainFlags).values), warmup: 38 };
  const record = {
    settings,
    dataset: { name: 'scenes', digest: 'd1', pictures: { train: trainingPictures, val: 500, test: 40 } },
    backbones: { clip: 'clip', gpt2: 'gpt2' },
    weights: { clip: 'c1', gpt2: 'g1' },
    adapter: { device: 'none', description: 'made up' },
    commit: 'abc',
  };
  await writeFile(join(cells, cell.id, 'config.json'), JSON.stringify(record));
}
