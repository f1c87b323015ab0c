// Reports of made-up studies: what the answer says, what the files hold, and the statistics behind them.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { Measure } from '@foreword/caption-metrics';
import type { Cell } from '../src/cells/plan-cells.ts';
import type { StudyPlan } from '../src/cells/study-plan.ts';
import { linearAxis, logAxis, shortNumber } from '../src/report/axis.ts';
import { compareRows, comparisonOf } from '../src/report/compare-rows.ts';
import type { ReportJson } from '../src/report/report-json.ts';
import { acrossSeeds, type Row } from '../src/report/rows.ts';
import { toCsv, toLatex, toMarkdown } from '../src/report/write-tables.ts';
import { writeReports } from '../src/report/write-reports.ts';
import { xyChart } from '../src/report/xy-chart.ts';
import { cellsOf, plan, temporaryFolder, writeDone } from './made-up-study.ts';

const test = suite('study report');
let root: string;
test.before.each(async () => void (root = await temporaryFolder()));
test.after.each(async () => await rm(root, { recursive: true }));

const prefixOf = ({ flags }: Cell): number => Number(flags.prefix);
const text = (...path: string[]): Promise<string> => readFile(join(root, ...path), 'utf8');
const json = async (): Promise<ReportJson> => JSON.parse(await text('report.json')) as ReportJson;

async function report(
  own: StudyPlan,
  quality: (cell: Cell) => number,
  cells = cellsOf(own),
): Promise<string> {
  for (const cell of cells) await writeDone(cell, root, { quality });
  return await writeReports(root, own);
}

test('a gain up to 10 and none after it is what the answer says', async () => {
  const own = plan('lengths');
  const answer = await report(own, (cell) => (prefixOf(cell) === 1 ? 0.3 : 0.8));
  assert.match(
    answer,
    'On scenes, GPT-2 frozen: by CIDEr-D, a longer prefix captions better from 1 to 10; no difference can be told from 10 to 20.',
  );
  assert.match(
    answer,
    /Going from 1 to 10 raises CIDEr-D by [\d.]+ \(95 % interval [\d.]+ to [\d.]+\) and raises BLEU-4/,
  );
  assert.match(
    answer,
    /Going from 10 to 20 leaves CIDEr-D not distinguishable \([+−][\d.]+; 95 % interval −/,
  );
  assert.match(answer, 'as far as 3 seeds can tell');
});

test('a loss is called one; one seed alone is called too narrow', async () => {
  const own = plan('lengths', { seeds: 1, lengths: [1, 10] });
  const answer = await report(own, (cell) => (prefixOf(cell) === 1 ? 0.9 : 0.2));
  assert.match(answer, 'GPT-2 tuned: by CIDEr-D, a longer prefix captions worse from 1 to 10.');
  assert.match(answer, 'they are too narrow');
});

test('mappers are compared with the MLP at equal lengths too', async () => {
  const own = plan('mappers', { lengths: [1, 10] });
  const answer = await report(own, ({ flags }) =>
    flags.mapper === 'linear' && Number(flags.prefix) === 10 ? 0.2 : 0.8,
  );
  assert.match(
    answer,
    'On scenes, linear beside mlp at equal length: by CIDEr-D, worse at P = 10; not to be told apart at P = 1.',
  );
  assert.match(answer, /At P = 10, going from mlp to linear lowers CIDEr-D by [\d.]+/);
  assert.match(await text('tables/comparisons.csv'), '"mlp → linear, P = 10"');
});

test('scores of the training split stand beside those of the test split', async () => {
  const own = plan('lengths', { lengths: [1, 10] });
  for (const cell of cellsOf(own))
    await writeDone(cell, root, { quality: () => 0.5, trainPictures: prefixOf(cell) === 10 ? 20 : 0 });
  await writeReports(root, own);
  const { rows } = await json();
  assert.equal(
    rows.map(({ trainScores }) => trainScores?.find(({ name }) => name === 'bleu-4')?.mean.toFixed(6)),
    [undefined, '1.000000', undefined, '1.000000'],
  );
  const [head, ...lines] = (await text('tables/training-split.csv')).trim().split('\r\n');
  assert.match(head, /^row,CIDEr-D,− test,BLEU-4,− test,METEOR/);
  assert.is(lines.length, 2);
  const test4 = 100 * rows[1].scores.find(({ name }) => name === 'bleu-4')!.mean;
  assert.match(lines[0], `100.00 ± 0.00,+${(100 - test4).toFixed(2)},`);
  assert.match(await text('cider-d-by-length.svg'), 'GPT-2 tuned, training');
});

test('a prefix is read: nearest tokens of every length, and where words looked', async () => {
  await report(plan('lengths'), () => 0.9);
  const lines = (await text('tables/nearest-tokens-gpt-2-tuned.csv')).trim().split('\r\n');
  assert.equal(lines.slice(0, 3), [
    'row,P = 1,P = 10,P = 20',
    '1,“near0” 0.25,“near0” 0.25,“near0” 0.25',
    '2,,“near1” 0.25,“near1” 0.25',
  ]);
  assert.is(lines.length, 21);
  const map = await text('attention-p-10-gpt-2-frozen.svg');
  // Half of the attention over ten rows, the rest on the words before.
  assert.is(map.match(/>5<\/text>/g)!.length % 10, 1);
  assert.match(map, '>50</text>');
});

test('the folder has a page, Markdown, JSON, plots and tables; figures have their command', async () => {
  await report(plan('lengths'), () => 0.7);
  const files = await readdir(root);
  const plots = [
    'cider-d-by-length',
    'bleu-4-by-length',
    'cider-d-by-parameters',
    'loss-by-length',
    'training-loss',
    'caption-lengths',
    'attention-p-1-gpt-2-frozen',
    'attention-p-10-gpt-2-frozen',
    'attention-p-20-gpt-2-frozen',
  ];
  const markdown = await text('report.md');
  for (const plot of plots) {
    const svg = await text(`${plot}.svg`);
    assert.match(svg, /^<svg [\s\S]*<\/svg>\n$/);
    assert.not.match(svg, /NaN|Infinity|undefined/);
    const after = markdown.slice(markdown.indexOf(`](${plot}.svg)`));
    assert.match(after, /^\]\(\S+\)\n\n[^\n]+\n\n```sh\npnpm study lengths --seeds 3 && pnpm report /);
  }
  assert.ok(files.every((name) => !name.endsWith('.tmp')));
  assert.match(markdown, '| ClipCap Paper (cited) | – | – | – | 32.15 | – |');
  assert.match(markdown, /\| P = 10, GPT-2 tuned \| [\d.]+ ± [\d.]+ \|/);
  assert.match(markdown, '--tune-gpt2 --prefix 20 --seed 3 --out');
  const captions = JSON.parse(await text('captions/prefix-10-seed-2.json')) as Record<string, unknown>[];
  assert.is(captions.length, 40);
  assert.equal(Object.keys(captions[0]), ['image_id', 'caption']);
  assert.match(await text('tables/note-table.csv'), 'note, prefix length = 10');
  assert.match(await text('tables/clipcap-table.tex'), '\\toprule');
  const page = await text('report.html');
  assert.match(page, '<h1>Does a longer prefix caption better?</h1>');
  assert.is(page.match(/<svg /g)?.length, plots.length);
  assert.not.match(page, /(src|href)="(?!data:)/);
});

test('report.json has means of the seeds, sizes and costs', async () => {
  const own = plan('lengths', { lengths: [1, 10] });
  await report(own, (cell) => 0.5 + cell.seed / 10);
  const { rows, comparisons, command } = await json();
  assert.is(command, own.command);
  assert.is(rows.length, 4);
  const [row] = rows;
  assert.equal(row.cells, ['prefix-1-seed-1', 'prefix-1-seed-2', 'prefix-1-seed-3']);
  const { values, mean, standardDeviation } = row.scores.find(({ name }) => name === 'cider-d')!;
  assert.ok(values[2] > values[0]);
  assert.ok(Math.abs(mean - values.reduce((a, b) => a + b) / 3) < 1e-12 && standardDeviation! > 0);
  assert.equal([rows[0].trainedParameters, rows[1].trainedParameters], [100, 10_000]);
  assert.is(row.seconds?.mean, 93);
  assert.equal(
    comparisons.map(({ a, b }) => `${a.label}, ${a.series} → ${b.label}, ${b.series}`),
    [
      'P = 1, GPT-2 frozen → P = 10, GPT-2 frozen',
      'P = 1, GPT-2 tuned → P = 10, GPT-2 tuned',
      'P = 1, GPT-2 frozen → P = 1, GPT-2 tuned',
      'P = 10, GPT-2 frozen → P = 10, GPT-2 tuned',
    ],
  );
});

test('cells that are not done are named, and the rest is reported', async () => {
  const own = plan('lengths', { seeds: 2 });
  const cells = cellsOf(own).filter(
    ({ id }) => id !== 'prefix-20-seed-2' && !id.startsWith('prefix-1-tune-gpt2-'),
  );
  const answer = await report(own, () => 0.7, cells);
  assert.match(answer, 'Not in it: P = 20, GPT-2 frozen (seed 2): not run yet, or with other settings.');
  assert.match(answer, 'Not in it: P = 1, GPT-2 tuned (all seeds): not run yet');
  assert.is((await json()).rows.length, 5);
  assert.match(await writeReports(root, plan('lengths', { lengths: [3] })), 'no cell is done yet');
});

test('decoding compares every method with greedy, on the same trainings', async () => {
  const own = plan('decoding', { seeds: 2 });
  const answer = await report(own, (cell) =>
    cell.kind === 'caption' && cell.decode === 'magic:8' ? 0.2 : 0.8,
  );
  assert.match(answer, /by CIDEr-D, beside greedy, worse: magic:8; not to be told apart: beam:3, /);
  assert.match(await text('quality-by-self-bleu.svg'), 'self-BLEU');
  assert.match(await text('report.md'), '--decode beam:5 --out');
});

test('several studies have a folder each', async () => {
  const own = plan('lengths', { studies: ['lengths', 'decoding'], seeds: 1 });
  await report(own, () => 0.7);
  assert.ok((await text('lengths', 'report.md')).includes('a longer prefix'));
  assert.ok((await text('decoding', 'report.md')).includes('way of decoding'));
});

/** A row of runs whose only score is constant over the pictures. */
function constantRow(values: readonly number[], run = ''): Row {
  const runs = values.map((value, i) => {
    const measure: Measure = { name: 'cider-d', label: 'CIDEr-D', scale: 100, value, resampled: () => value };
    const cell = { kind: 'train', id: `${run}${i}` };
    return { cell, samples: [{ image_id: 1 }, { image_id: 2 }], scores: { measures: [measure] } };
  });
  const variant = { label: run, series: 's', flags: {} };
  return { variant, runs } as unknown as Row;
}

test('over seeds, resampled means spread as means of trainings do: variance s²/n', () => {
  const [measure] = acrossSeeds(constantRow([1, 2, 3]), 1);
  assert.is(measure.value, 2);
  const drawn = Array.from({ length: 20_000 }, () => measure.resampled([1, 1]));
  const mean = drawn.reduce((a, b) => a + b) / drawn.length;
  const variance = drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / drawn.length;
  // The sample variance of 1, 2, 3 is 1; twenty thousand draws are 1 % off.
  assert.ok(Math.abs(mean - 2) < 0.02, String(mean));
  assert.ok(Math.abs(variance - 1 / 3) < 0.02, String(variance));
  assert.is(acrossSeeds(constantRow([5]), 1)[0].resampled([1, 1]), 5);
});

test('rows of the same trainings are drawn together, others apart', () => {
  const options = { resamples: 300 };
  const a = constantRow([1, 2, 3], 'run');
  const same = compareRows([a, constantRow([2, 3, 4], 'run')], 'first', options)[0];
  const { interval } = comparisonOf(same, 'cider-d');
  assert.ok(Math.abs(interval.low - 1) < 1e-9 && Math.abs(interval.high - 1) < 1e-9);
  const apart = compareRows([a, constantRow([2, 3, 4], 'other')], 'first', options)[0];
  const wide = comparisonOf(apart, 'cider-d').interval;
  assert.ok(wide.low < 0 && wide.high > 2, JSON.stringify(wide));
});

test('rows on other pictures are not compared', () => {
  const other = constantRow([1, 2, 3], 'other');
  other.runs[0].samples = [{ image_id: 9 }] as never;
  assert.equal(compareRows([constantRow([1, 2, 3]), other], 'first'), []);
});

test('tables escape what their formats need', () => {
  const table = { name: 't', caption: 'a & b', columns: ['x', '50 %'], rows: [['a|b, "c"', '1 ± 2']] };
  assert.is(toMarkdown(table), '| x | 50 % |\n| --- | ---: |\n| a\\|b, "c" | 1 ± 2 |');
  assert.is(toCsv(table), 'x,50 %\r\n"a|b, ""c""",1 ± 2\r\n');
  assert.match(toLatex(table), '\\caption{a \\& b}');
  assert.match(toLatex(table), 'a|b, "c" & 1 $\\pm$ 2 \\\\');
});

test('axes: even steps inside, ratios on a log scale, one value alone', () => {
  const axis = linearAxis([0.11, 0.48]);
  assert.ok(axis.place(0.11) > 0 && axis.place(0.48) < 1);
  assert.equal(
    axis.ticks.map(({ label }) => label),
    ['0.1', '0.2', '0.3', '0.4', '0.5'],
  );
  const log = logAxis([1, 10, 100]);
  assert.ok(Math.abs(log.place(10) - 0.5) < 1e-12);
  assert.equal(
    logAxis([1, 10, 20, 21]).ticks.map(({ at }) => at),
    [1, 10, 20],
  );
  assert.equal([3_407_360, 901_120, 0.25, 700].map(shortNumber), ['3.41 M', '901 k', '0.25', '700']);
  const svg = xyChart({
    title: 'a < b',
    x: { label: 'x', log: true },
    y: { label: 'y' },
    series: [{ name: 's', points: [{ x: 10, y: 0.3 }] }],
  });
  assert.match(svg, 'a &lt; b');
  assert.not.match(svg, /NaN|Infinity/);
});

test.run();
