// `pnpm bench`: measures, prints a table, writes JSON. A benchmark, not a test: slow is no failure, wrong is.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineFlags, ProgressBar, writeFileAtomic, type Command } from '@foreword/cli-kit';
import { openDevice, type AdapterSummary } from '@foreword/tensor/node';
import { caseNames, cases, type CaseName } from '../cases/index.ts';
import { measurePeaks } from '../measure-peaks.ts';
import { measureFast } from '../measure-fast.ts';
import { measureModels } from '../models/measure-models.ts';
import { formatModelRows, type ModelRow } from '../models/model-row.ts';
import { adapterSlug, reportHead, reportJson, type BenchReport } from '../report/bench-report.ts';
import { withFloors, type Row } from '../report/bench-row.ts';
import { formatFastRows, type FastRow } from '../report/fast-row.ts';
import type { Peaks } from '../report/floors.ts';
import { formatRows } from '../report/format-table.ts';
import { countTunedKernels, describeMachine, formatHeading, repositoryRoot } from '../report/machine.ts';
import { readRunScores, type RunScores } from '../run-scores.ts';
import { measureSteps } from '../training-step/measure-steps.ts';
import { chooseNames } from './choose-names.ts';

const flags = defineFlags({
  only: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `groups to measure, comma-separated: ${caseNames.join(', ')}; clipcap-step on a software adapter by name only`,
  },
  clipcapBatch: {
    type: 'integer',
    default: 40,
    min: 1,
    max: 4096,
    describe: 'captions per step of clipcap-step',
  },
  repeats: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 1000,
    describe: 'timings per line, after warm-up; the median is shown',
  },
  json: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'where to write the results (default: benchmarks/results/ADAPTER.json; none with --only)',
  },
  run: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'training run whose BLEU is shown (default: the newest in runs/)',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

/** Rows of the chosen groups that run in this process. */
async function measureRows(
  chosen: readonly CaseName[],
  repeats: number,
): Promise<{ adapter: AdapterSummary; peaks: Peaks; rows: Row[] }> {
  const device = await openDevice();
  const rows: Row[] = [];
  const progress = new ProgressBar({ label: 'bench', unit: 'group', total: chosen.length });
  try {
    const peaks = await measurePeaks(device);
    for (const [done, name] of chosen.entries()) {
      const measure = cases[name];
      progress.update(done, { group: name });
      for await (const row of measure?.({ device, repeats }) ?? []) {
        rows.push(withFloors(row, peaks));
        progress.update(done, { group: `${name}, ${row.op}` });
      }
    }
    if (chosen.length > 0) progress.finish();
    return { adapter: device.adapter, peaks, rows };
  } finally {
    device.close();
  }
}

async function measureFastRows(repeats: number): Promise<FastRow[]> {
  const rows: FastRow[] = [];
  const progress = new ProgressBar({ label: 'bench fast', unit: 'row' });
  for await (const row of measureFast({
    repeats,
    progress: (part) => progress.update(rows.length, { part }),
  }))
    rows.push(row);
  progress.finish();
  return rows;
}

async function measureModelRows(repeats: number): Promise<ModelRow[]> {
  const rows: ModelRow[] = [];
  const progress = new ProgressBar({ label: 'bench models', unit: 'row' });
  for await (const row of measureModels({
    repeats,
    progress: (part) => progress.update(rows.length, { part }),
  }))
    rows.push(row);
  progress.finish();
  return rows;
}

const formatScores = (scores: RunScores | null): string =>
  scores
    ? `BLEU-1..4 of the last run (${scores.run}): ${scores.bleu.map((x) => x.toFixed(3)).join(' ')}`
    : 'BLEU of the last run: no run yet';

export const benchCommand = {
  name: 'pnpm bench',
  summary:
    'Measures ops, a GPT-2 block, a training step and whole models, and writes JSON. `pnpm bench peers` measures beside other engines.',
  flags,
  async run({ values: { only, clipcapBatch, repeats, json, run, adapter: wantedAdapter } }) {
    const chosen = chooseNames(only, caseNames, { flag: '--only', what: 'group' });
    // Children read it too.
    if (wantedAdapter !== undefined) process.env.FOREWORD_ADAPTER = wantedAdapter;
    const lastRun = chosen.includes('bleu') ? await readRunScores(join(repositoryRoot, 'runs'), run) : null;
    const machine = await describeMachine();

    const { adapter, peaks, rows } = await measureRows(
      chosen.filter((name) => cases[name]),
      repeats,
    );
    const tunedKernels = await countTunedKernels(adapter);
    console.log(`${formatHeading(adapter, machine, { repeats, peaks, tunedKernels })}\n`);
    const steps = { adapter, repeats, clipcapBatch, isNamed: only !== undefined };
    for await (const row of measureSteps(chosen, steps)) rows.push(withFloors(row, peaks));
    if (rows.length > 0) console.log(`${formatRows(rows)}\n`);
    const fast = chosen.includes('fast') ? await measureFastRows(repeats) : undefined;
    if (fast) console.log(`${formatFastRows(fast)}\n`);
    const models = chosen.includes('models') ? await measureModelRows(repeats) : undefined;
    if (models) console.log(`${formatModelRows(models)}\n`);
    if (chosen.includes('bleu')) console.log(`${formatScores(lastRun)}\n`);

    const report: BenchReport = {
      ...reportHead(adapter, { machine, tunedKernels, repeats }),
      peaks,
      rows,
      ...(fast && { fast }),
      ...(models && { models }),
      lastRun,
    };
    // A part of the table must not replace a committed whole one.
    const path =
      json !== undefined
        ? resolve(json)
        : only === undefined
          ? join(repositoryRoot, 'benchmarks/results', `${adapterSlug(adapter)}.json`)
          : undefined;
    if (path !== undefined) {
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, reportJson(report));
      console.log(`written: ${path}`);
    }
  },
} satisfies Command<typeof flags>;
