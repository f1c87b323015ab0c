// A study's report as a document: answer, tables, plots, captions side by side, how to make it again.
import { join } from 'node:path';
import { cellCommand, shellLine, type Cell } from '../cells/plan-cells.ts';
import type { StudyPlan } from '../cells/study-plan.ts';
import type { Study, StudyName } from '../studies/index.ts';
import type { Conclusion } from './conclude.ts';
import type { RowComparison } from './compare-rows.ts';
import type { Block, Figure, ReportDocument, SamplePicture, Table } from './document.ts';
import { whatDiffers } from './published.ts';
import { readingOf } from './reading.ts';
import { lengthFigure, lossFigure, prefixFigures, rowFigure, varietyFigure } from './report-figures.ts';
import {
  comparisonTable,
  costTable,
  noteTable,
  prefixTuningTable,
  rowName,
  scoreTable,
  statisticsTable,
  trainTable,
} from './report-tables.ts';
import type { Row } from './rows.ts';

export interface ReportParts {
  name: StudyName;
  study: Study;
  plan: StudyPlan;
  rows: readonly Row[];
  comparisons: readonly RowComparison[];
  conclusion: readonly Conclusion[];
  /** Rows or seeds that are not in it, one sentence each. */
  missing: readonly string[];
  /** The study's folder as it is shown in commands. */
  shown: string;
}

export function buildReport(parts: ReportParts): ReportDocument {
  const { name, study, plan, rows, comparisons, conclusion, missing, shown } = parts;
  const again = shellLine(['pnpm', 'report', shown]);
  const tables = (list: readonly Table[]): Block[] => list.map((table) => ({ kind: 'table', table }));
  const figures = (list: readonly Figure[]): Block[] =>
    list.map((figure) => ({ kind: 'figure', figure, command: `${plan.command} && ${again}` }));
  const shaped = [
    ...(name === 'lengths' ? [noteTable(rows)] : []),
    ...(name === 'kinds' ? [prefixTuningTable(rows)] : []),
    costTable(rows),
  ];
  const plots =
    study.compare === 'prefix'
      ? [...prefixFigures(rows), ...lossFigure(rows)]
      : [rowFigure(rows), ...(name === 'decoding' ? [varietyFigure(rows)] : []), ...lossFigure(rows)];
  const reading = readingOf(rows);
  const cells = rows.flatMap(({ runs }) => runs.map(({ cell }) => cell));
  return {
    title: study.question,
    sections: [
      {
        title: 'Answer',
        blocks: [
          ...conclusion.flatMap(({ text, steps }): Block[] => [
            { kind: 'text', text },
            ...(steps.length > 0 ? [{ kind: 'list' as const, items: steps }] : []),
          ]),
          ...(missing.length > 0 ? [{ kind: 'list', items: missing } as const] : []),
        ],
      },
      {
        title: 'Scores',
        blocks: [
          ...tables([
            scoreTable(rows),
            ...(comparisons.length > 0 ? [comparisonTable(comparisons)] : []),
            ...trainTable(rows),
          ]),
          { kind: 'command', about: 'Run, and written again:', lines: [plan.command, again] },
        ],
      },
      { title: 'Plots', blocks: figures(plots) },
      { title: 'Beside published tables', blocks: [...tables(shaped), { kind: 'text', text: whatDiffers }] },
      {
        title: 'The captions',
        blocks: [...tables([statisticsTable(rows)]), ...figures([lengthFigure(rows)])],
      },
      {
        title: 'Pictures side by side',
        blocks: [
          {
            kind: 'text',
            text: 'Captions of the first seed, with their CIDEr-D × 100; pictures evenly spread over the test split.',
          },
          { kind: 'samples', samples: samplePictures(rows) },
        ],
      },
      ...(reading
        ? [
            {
              title: 'Reading a prefix',
              blocks: [
                { kind: 'text', text: reading.text } as const,
                ...tables(reading.tables),
                ...figures(reading.figures),
              ],
            },
          ]
        : []),
      { title: 'What it was made with', blocks: manifest(rows, plan, cells, shown) },
    ],
  };
}

const shownPictures = 6;

export function samplePictures(rows: readonly Row[]): SamplePicture[] {
  const all = rows[0].runs[0].samples;
  const count = Math.min(shownPictures, all.length);
  return Array.from({ length: count }, (_, i) => {
    const { image_id: imageId, picture, references } = all[Math.floor((i * all.length) / count)];
    const captions = rows.flatMap((row) => {
      const own = row.runs[0].samples.findIndex((sample) => sample.image_id === imageId);
      if (own < 0) return [];
      const { scores, samples } = row.runs[0];
      return [{ label: rowName(row), caption: samples[own].caption, cider: scores.perImage[own].ciderD }];
    });
    return { picture, imageId, references, captions };
  });
}

function manifest(rows: readonly Row[], plan: StudyPlan, cells: readonly Cell[], shown: string): Block[] {
  const records = rows.flatMap(({ runs }) => runs.map(({ record }) => record));
  const listed = (values: (string | undefined)[]): string =>
    [...new Set(values.filter((value) => value !== undefined))].join('; ') || '–';
  const { runs } = rows[0];
  const lines: [string, string][] = [
    [
      'dataset',
      listed(records.map(({ dataset }) => dataset && `${dataset.name}, SHA-256 ${dataset.digest}`)),
    ],
    [
      'pictures',
      listed(
        records.map(({ dataset }) => {
          const pictures = dataset?.pictures;
          return pictures && `${pictures.train} train, ${pictures.val} val, ${pictures.test} test`;
        }),
      ),
    ],
    ['test pictures scored', String(runs[0].samples.length)],
    ['seeds', listed(cells.map(({ seed }) => String(seed)))],
    [
      'epochs, batch, learning rate',
      listed(records.map(({ settings: s }) => s && `${s.epochs}, ${s.batch}, ${s.lr}`)),
    ],
    ["CLIP's weights", listed(records.map(({ weights }) => weights && `SHA-256 ${weights.clip}`))],
    ["GPT-2's weights", listed(records.map(({ weights }) => weights && `SHA-256 ${weights.gpt2}`))],
    ['decoding', listed(cells.map((cell) => (cell.kind === 'caption' ? cell.decode : 'greedy')))],
    ['adapter', listed(records.map(({ adapter }) => adapter && (adapter.description || adapter.device)))],
    ['commit', listed(records.map(({ commit }) => commit))],
    ['tokens', "caption-metrics' PTB rules, punctuation removed, lower case"],
    ['document frequencies of CIDEr', `the references of the ${runs[0].scores.images} pictures scored`],
  ];
  const table: Table = {
    name: 'manifest',
    caption: 'Data, models and machine.',
    columns: ['what', 'value'],
    rows: lines,
    ofTexts: true,
  };
  const commands = cells.map((cell) => {
    const { command, args } = cellCommand(cell, join(shown, 'cells'));
    return shellLine(['pnpm', command, ...args]);
  });
  return [
    { kind: 'table', table },
    { kind: 'command', about: 'Each cell by itself:', lines: [...new Set(commands)] },
    { kind: 'text', text: `The whole study: ${plan.seeds} seeds, lengths ${plan.lengths.join(', ')}.` },
  ];
}
