// `pnpm bench`: measures, prints a table, writes JSON. A benchmark, not a test: slow is no failure, wrong is.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, defineFlags, ProgressBar, runCommand, writeFileAtomic } from '@foreword/cli-kit';
import { describeAdapter, openDevice, type AdapterSummary } from '@foreword/tensor/node';
import { chooseCases } from '../cases/choose-cases.ts';
import { caseNames, cases, type CaseName } from '../cases/index.ts';
import { installTfjs, isTfjsInstalled } from '../engines/install-tfjs.ts';
import { runEngines } from '../engines/run-engines.ts';
import { measureModels } from '../models/measure-models.ts';
import { formatModelRows, type ModelRow } from '../models/model-row.ts';
import { formatBars, judgeBars } from '../report/bars.ts';
import { adapterSlug, reportJson, type BenchReport } from '../report/bench-report.ts';
import type { Row } from '../report/bench-row.ts';
import { formatSideBySide, sideBySideProblems } from '../report/format-side-by-side.ts';
import { formatRows } from '../report/format-table.ts';
import { describeMachine, isBusy, repositoryRoot, type Machine } from '../report/machine.ts';
import { readRunScores, type RunScores } from '../run-scores.ts';
import { stepRow } from '../training-step/step-row.ts';

const flags = defineFlags({
  only: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `groups to measure, comma-separated: ${caseNames.join(', ')}`,
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
  peers: {
    type: 'choices',
    choices: ['tfjs', 'none'],
    describe:
      'engine to run beside this one; tfjs is installed if missing, 310 MB (default: tfjs where installed)',
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
): Promise<{ adapter: AdapterSummary; rows: Row[] }> {
  const device = await openDevice();
  const rows: Row[] = [];
  const progress = new ProgressBar({ label: 'bench', unit: 'group', total: chosen.length });
  try {
    for (const [done, name] of chosen.entries()) {
      const measure = cases[name];
      progress.update(done, { group: name });
      for await (const row of measure?.({ device, repeats }) ?? []) {
        rows.push(row);
        progress.update(done, { group: `${name}, ${row.op}` });
      }
    }
    if (chosen.length > 0) progress.finish();
    return { adapter: device.adapter, rows };
  } finally {
    device.close();
  }
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

async function wantsTfjs(wanted: string | undefined): Promise<boolean> {
  if (wanted === 'none') return false;
  if (await isTfjsInstalled()) return true;
  if (wanted === undefined) {
    console.log(
      'TensorFlow.js is not installed; `pnpm bench --peers tfjs` installs it and measures side by side.\n',
    );
    return false;
  }
  await installTfjs();
  return true;
}

function heading(adapter: AdapterSummary, machine: Machine, repeats: number): string {
  const { node, cores, cpu, loadAverage, engineVersion, dawnVersion, commit } = machine;
  const busy = isBusy(machine) ? ': busy, so read times with care and trust ratios only' : '';
  return [
    `adapter  ${describeAdapter(adapter)}`,
    `machine  ${cores} cores, ${cpu}; load ${loadAverage.toFixed(1)}${busy}`,
    `code     engine ${engineVersion}, Dawn (npm webgpu) ${dawnVersion}, Node ${node}, commit ${commit ?? 'unknown'}`,
    `times    medians of n = ${repeats} after warm-up; GFLOP/s and GB/s (bytes bound) per GPU time where there is one`,
  ].join('\n');
}

const formatScores = (scores: RunScores | null): string =>
  scores
    ? `BLEU-1..4 of the last run (${scores.run}): ${scores.bleu.map((x) => x.toFixed(3)).join(' ')}`
    : 'BLEU of the last run: no run yet';

await runCommand({
  name: 'pnpm bench',
  summary:
    'Measures ops, a GPT-2 block, a training step and whole models, alone and beside TensorFlow.js, and writes JSON.',
  flags,
  async run({ values: { only, repeats, json, peers, run, adapter: wantedAdapter } }) {
    const chosen = chooseCases(only);
    // Children read it too.
    if (wantedAdapter !== undefined) process.env.FOREWORD_ADAPTER = wantedAdapter;
    const lastRun = chosen.includes('bleu') ? await readRunScores(join(repositoryRoot, 'runs'), run) : null;
    const step = chosen.includes('training-step');
    const compares = step || chosen.includes('matmul');
    const tfjs = compares && (await wantsTfjs(peers));
    const machine = await describeMachine();

    const { adapter, rows } = await measureRows(
      chosen.filter((name) => cases[name]),
      repeats,
    );
    console.log(`${heading(adapter, machine, repeats)}\n`);
    const sideBySide =
      step || tfjs
        ? await runEngines({ tfjs, step, matmul: tfjs && chosen.includes('matmul'), rounds: repeats })
        : undefined;
    if (sideBySide?.step) rows.push(stepRow(sideBySide.step.engines[0]));
    if (rows.length > 0) console.log(`${formatRows(rows)}\n`);
    const models = chosen.includes('models') ? await measureModelRows(repeats) : undefined;
    if (models) console.log(`${formatModelRows(models)}\n`);
    if (sideBySide && tfjs) console.log(`${formatSideBySide(sideBySide)}\n`);
    const bars = judgeBars(sideBySide);
    if (compares) {
      console.log(formatBars(bars));
      console.log('(set for the software adapter of a 2-core machine)\n');
    }
    if (chosen.includes('bleu')) console.log(`${formatScores(lastRun)}\n`);

    const report: BenchReport = {
      format: 1,
      date: new Date().toISOString(),
      command: ['pnpm bench', ...process.argv.slice(2)].join(' '),
      adapter: describeAdapter(adapter),
      driver: adapter.description,
      machine,
      repeats,
      rows,
      ...(models && { models }),
      ...(sideBySide && { sideBySide }),
      bars,
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
    const problems = sideBySide ? sideBySideProblems(sideBySide) : [];
    if (problems.length > 0)
      throw new CommandError(problems.join('; '), {
        cure: 'the ratios above compare nothing until this is found',
      });
  },
});
