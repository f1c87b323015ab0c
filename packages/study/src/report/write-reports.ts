// Writes the reports of a study's folder from the cells that are done, every file whole or not at all.
import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@foreword/cli-kit';
import { shownPath } from '@foreword/trainer';
import { cellState } from '../cells/cell-state.ts';
import { cellId, planCells, type Cell } from '../cells/plan-cells.ts';
import { cellsFolder, type StudyPlan } from '../cells/study-plan.ts';
import { usableCells } from '../cells/usable-cells.ts';
import { studies, type StudyName } from '../studies/index.ts';
import { buildReport, type ReportParts } from './build-report.ts';
import { compareRows } from './compare-rows.ts';
import { conclude } from './conclude.ts';
import { readRun, type RunResult } from './read-runs.ts';
import { reportJson } from './report-json.ts';
import type { Row } from './rows.ts';
import { toCsv, toLatex } from './write-tables.ts';
import { htmlOf } from './write-html.ts';
import { markdownOf } from './write-markdown.ts';

export interface WriteOptions {
  /** Why cells failed, by id, where that is known. */
  failed?: ReadonlyMap<string, string>;
}

/**
 * Writes report.md, report.html, report.json, plots, tables and every cell's captions as a COCO results file; with several studies, each in a folder of its name.
 * @returns what to print: the answers and where the reports lie
 */
export async function writeReports(
  folder: string,
  plan: StudyPlan,
  { failed = new Map() }: WriteOptions = {},
): Promise<string> {
  const texts: string[] = [];
  const known = new Map<string, RunResult>();
  for (const name of plan.studies) {
    const out = plan.studies.length === 1 ? folder : join(folder, name);
    texts.push(await writeReport(name, { folder, out, plan, failed, known }));
  }
  return texts.join('\n');
}

interface OneReport {
  folder: string;
  out: string;
  plan: StudyPlan;
  failed: ReadonlyMap<string, string>;
  /** Runs read for another study. */
  known: Map<string, RunResult>;
}

async function writeReport(
  name: StudyName,
  { folder, out, plan, failed, known }: OneReport,
): Promise<string> {
  const study = studies[name];
  const variants = study.variants({ lengths: plan.lengths });
  const cells = new Map(planCells(variants, plan).map((cell) => [cell.id, cell]));
  const { leftOut } = usableCells([...cells.values()]);
  const missing: string[] = [];
  const rows: Row[] = [];
  for (const variant of variants) {
    const runs: RunResult[] = [];
    const absent: string[] = [];
    let reason: string | undefined;
    for (let seed = 1; seed <= plan.seeds; seed++) {
      const cell = cells.get(cellId(variant, seed))!;
      reason ??= leftOut.get(cell.id) ?? failed.get(cell.id);
      const run = await resultOf(cell, cellsFolder(folder), known);
      if (run) runs.push(run);
      else absent.push(String(seed));
    }
    if (runs.length > 0) rows.push({ variant, runs });
    if (absent.length > 0) {
      const which = runs.length > 0 ? `seed ${absent.join(', ')}` : 'all seeds';
      missing.push(
        `Not in it: ${variant.label}, ${variant.series} (${which}): ${reason ?? 'not run yet, or with other settings'}.`,
      );
    }
  }
  if (rows.length === 0) return `${name}: no cell is done yet, so there is no report.\n`;
  const comparisons = compareRows(rows, study.compare);
  const dataset = rows[0].runs[0].record.dataset?.name ?? String(plan.everyCell.dataset ?? 'this dataset');
  const conclusion = conclude(rows, comparisons, { dataset, compare: study.compare });
  const shown = shownPath(folder);
  const parts: ReportParts = { name, study, plan, rows, comparisons, conclusion, missing, shown };
  await writeFiles(out, parts);
  const told = conclusion.flatMap(({ text, steps }) => [text, ...steps.map((step) => `  ${step}`)]);
  const answer = [study.question, ...told, ...missing].join('\n');
  return `${answer}\nreport: ${shownPath(join(out, 'report.md'))}, report.html, report.json\n`;
}

async function resultOf(
  cell: Cell,
  folder: string,
  known: Map<string, RunResult>,
): Promise<RunResult | undefined> {
  const before = known.get(cell.id);
  if (before) return before;
  if ((await cellState(cell, folder)).state !== 'done') return undefined;
  const run = await readRun(cell, folder);
  known.set(cell.id, run);
  return run;
}

async function writeFiles(out: string, parts: ReportParts): Promise<void> {
  const document = buildReport(parts);
  await makeFolder(join(out, 'tables'));
  for (const block of document.sections.flatMap(({ blocks }) => blocks)) {
    if (block.kind === 'figure')
      await writeFileAtomic(join(out, `${block.figure.name}.svg`), block.figure.svg);
    if (block.kind !== 'table') continue;
    const path = join(out, 'tables', block.table.name);
    await writeFileAtomic(`${path}.csv`, toCsv(block.table));
    await writeFileAtomic(`${path}.tex`, toLatex(block.table));
  }
  await makeFolder(join(out, 'captions'));
  for (const { cell, samples } of parts.rows.flatMap(({ runs }) => runs)) {
    const results = samples.map(({ image_id, caption }) => JSON.stringify({ image_id, caption }));
    await writeFileAtomic(join(out, 'captions', `${cell.id}.json`), `[\n${results.join(',\n')}\n]\n`);
  }
  await writeFileAtomic(join(out, 'report.md'), markdownOf(document));
  await writeFileAtomic(join(out, 'report.html'), await htmlOf(document));
  await writeFileAtomic(join(out, 'report.json'), `${JSON.stringify(reportJson(parts), null, 1)}\n`);
}
