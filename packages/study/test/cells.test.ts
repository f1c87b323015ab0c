// Plans, states, costs and the order of running, on made-up folders and without any training.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { stepOperations } from '../src/cells/cost.ts';
import { formatDuration, formatList } from '../src/cells/format-list.ts';
import { memoryBytes } from '../src/cells/memory.ts';
import { mapperParameters } from '../src/cells/model-sizes.ts';
import { cellCommand, cellsOfShard, neededBy, shellLine, type Cell } from '../src/cells/plan-cells.ts';
import { runCells } from '../src/cells/run-cells.ts';
import { resumeArgs, runCell, type CellOutcome } from '../src/cells/run-cell.ts';
import { cellsFolder } from '../src/cells/study-plan.ts';
import { surveyCells } from '../src/cells/survey-cells.ts';
import { studyNames } from '../src/studies/index.ts';
import { cellsOf, plan, temporaryFolder, writeDone, writeRecord } from './made-up-study.ts';

const test = suite('study cells');
let root: string;
test.before.each(async () => void (root = await temporaryFolder()));
test.after.each(async () => await rm(root, { recursive: true }));

const lengths = plan('lengths');
const survey = (cells: Cell[], own = lengths, memoryGb?: number) =>
  surveyCells(cells, { folder: cellsFolder(root), everyCell: own.everyCell, memoryGb });
const ids = (cells: readonly Cell[]): string[] => cells.map(({ id }) => id);

test('lengths has 3 lengths × 2 regimes × 3 seeds, all of the first seed first', () => {
  const cells = cellsOf(lengths);
  assert.is(new Set(ids(cells)).size, 18);
  assert.equal(ids(cells).slice(0, 7), [
    'prefix-1-seed-1',
    'prefix-10-seed-1',
    'prefix-20-seed-1',
    'prefix-1-tune-gpt2-seed-1',
    'prefix-10-tune-gpt2-seed-1',
    'prefix-20-tune-gpt2-seed-1',
    'prefix-1-seed-2',
  ]);
  const { command, args } = cellCommand(cells[4], 'out/cells');
  assert.is(
    `${command} ${args.join(' ')}`,
    'train --dataset scenes --epochs 1 --tune-gpt2 --prefix 10 --seed 1 --out out/cells/prefix-10-tune-gpt2-seed-1',
  );
});

test('trainings on pictures caption a part of the training split, those on texts have none', () => {
  const everyCell = { dataset: 'scenes', 'score-train': 20 };
  const cells = cellsOf(plan('zero-shot', { seeds: 1, everyCell }));
  const captioned = cells.filter(({ flags }) => flags['score-train'] === 20);
  assert.equal(ids(captioned), ['prefix-10-seed-1', 'prefix-10-shuffle-features-seed-1']);
  assert.equal(ids(cells.filter(({ flags }) => flags['score-train'] === undefined)), [
    'prefix-10-text-only-capdec-seed-1',
    'prefix-10-text-only-decap-seed-1',
  ]);
});

test('decoding trains once per seed and captions that run by each method', () => {
  const cells = cellsOf(plan('decoding', { seeds: 2 }));
  const [train] = cells;
  assert.is(train.id, 'prefix-10-seed-1');
  assert.is(cells.filter(({ kind }) => kind === 'train').length, 2);
  const beam = cells.find(({ id }) => id === 'prefix-10-seed-1-by-beam-5')!;
  assert.is(neededBy(beam), train.id);
  assert.equal(cellCommand(beam, 'c'), {
    command: 'caption-test',
    args: ['--run', 'c/prefix-10-seed-1', '--decode', 'beam:5', '--out', 'c/prefix-10-seed-1-by-beam-5'],
  });
});

test('all studies share what is the same, and what a cell reads stands before it', () => {
  const cells = cellsOf(plan('lengths', { studies: studyNames }));
  assert.is(new Set(ids(cells)).size, cells.length);
  assert.is(ids(cells).filter((id) => id === 'prefix-10-seed-1').length, 1);
  cells.forEach((cell, i) => {
    const needed = neededBy(cell);
    if (needed !== undefined) assert.ok(ids(cells.slice(0, i)).includes(needed), cell.id);
  });
});

test('shards split the cells without loss, and a cell goes with the one it reads', () => {
  for (const own of [lengths, plan('decoding'), plan('objectives')]) {
    const cells = cellsOf(own);
    const parts = [0, 1, 2].map((index) => cellsOfShard(cells, { index, count: 3 }));
    assert.equal(ids(parts.flat()).sort(), ids(cells).sort());
    for (const part of parts) {
      for (const needed of part.map((cell) => neededBy(cell)))
        assert.ok(needed === undefined || ids(part).includes(needed));
    }
    assert.ok(parts.every((part) => part.length > 0));
  }
});

test('rows whose flags pnpm train does not know are left out with the reason; what needs them too', async () => {
  const known = cellsOf(plan('objectives', { seeds: 1 }));
  const strange: Cell = { kind: 'train', id: 'x', seed: 1, flags: { 'no-such-flag': 3 } };
  const after: Cell = { kind: 'caption', id: 'y', seed: 1, flags: {}, run: 'x', decode: 'greedy' };
  const surveyed = await survey([...known, strange, after]);
  const [first] = surveyed;
  assert.is(first.state.state, 'new');
  const [x, y] = surveyed.slice(-2).map(({ state }) => state);
  assert.equal(x, {
    state: 'left out',
    reason: 'pnpm train does not take its flags: unknown flag --no-such-flag',
  });
  assert.equal(y, { state: 'left out', reason: 'it needs x, which is left out' });
});

test('a cell is done with its summary and the same settings, interrupted with a checkpoint, else new', async () => {
  const cells = cellsOf(lengths);
  await writeDone(cells[0], root);
  await writeDone(cells[1], root);
  const config = join(cellsFolder(root), cells[1].id, 'config.json');
  await writeFile(config, (await readFile(config, 'utf8')).replace('"epochs":1', '"epochs":2'));
  await writeRecord(cells[2], root);
  await writeFile(join(cellsFolder(root), cells[2].id, 'checkpoints/last.safetensors'), '');
  await writeRecord(cells[3], root);
  const states = (await survey(cells)).map(({ state }) => state);
  assert.equal(
    states.slice(0, 5).map(({ state }) => state),
    ['done', 'differs', 'interrupted', 'new', 'new'],
  );
  assert.equal(states[1], { state: 'differs', reason: 'it was run with epochs 2 instead of 1' });
});

test('a done cell that took other steps than its flags say differs, whatever its record says', async () => {
  const own = plan('lengths', { everyCell: { dataset: 'scenes', epochs: 1, 'max-steps': 30 } });
  const [cell] = cellsOf(own);
  await writeDone(cell, root);
  const run = join(cellsFolder(root), cell.id);
  const change = async (name: string, more: Record<string, unknown>): Promise<void> => {
    const before = JSON.parse(await readFile(join(run, name), 'utf8')) as Record<string, unknown>;
    await writeFile(join(run, name), JSON.stringify({ ...before, ...more }));
  };
  const state = async (asked: Cell, like = own) => (await survey([asked], like))[0].state;
  await change('config.json', { maxSteps: 30 });
  assert.equal(await state(cell), { state: 'done' });
  await change('summary.json', { steps: 120 });
  assert.equal(await state(cell), { state: 'differs', reason: 'it was run with steps 120 instead of 30' });
  const [unlimited] = cellsOf(lengths);
  await change('config.json', { maxSteps: undefined });
  assert.equal(await state(unlimited, lengths), {
    state: 'differs',
    reason: 'it was run with steps 120 instead of 750',
  });
});

test('a cell that goes on is given what its settings do not hold', () => {
  const everyCell = { dataset: 'scenes', 'max-steps': 30, adapter: 'llvm' };
  const [cell] = cellsOf(plan('lengths', { everyCell }));
  assert.is(resumeArgs(cell, 'c').join(' '), '--resume c/prefix-1-seed-1 --max-steps 30 --adapter llvm');
});

test('costs are those of another seed, else scaled by finished step times, else estimated', async () => {
  const cells = cellsOf(lengths);
  const fresh = await survey(cells);
  assert.ok(fresh.every(({ cost }) => cost?.from === 'estimated'));
  await writeDone(cells[0], root, { stepMs: 100 });
  const after = await survey(cells);
  assert.is(after[0].cost, undefined);
  assert.equal(after[6].cost, { seconds: 10 + 75 + 8, from: 'measured' });
  assert.is(after[1].cost?.from, 'scaled');
  await writeDone(cells[0], root, { stepMs: 200 });
  const slower = await survey(cells);
  // All but start and captioning takes twice as long.
  assert.is(Math.round(slower[1].cost!.seconds - 23), Math.round(2 * (after[1].cost!.seconds - 23)));
});

test('the embedded study of 18 cells is estimated at less than an hour', async () => {
  const surveyed = await survey(cellsOf(lengths));
  const seconds = surveyed.reduce((sum, { cost }) => sum + cost!.seconds, 0);
  assert.ok(seconds > 20 * 60 && seconds < 60 * 60, formatDuration(seconds));
  assert.match(formatList(surveyed), /^18 cells, 0 done; 18 to do: about \d\d:\d\d min/m);
});

const tiny = {
  gpt2: { layers: 12, width: 768, vocabulary: 50_257, parameters: 124_439_808 },
  clip: { feature: 512, parameters: 151_277_313 },
};

test("mappers have ClipCap's parameter counts at full size", () => {
  // ClipCap's MLP with D 512, d 768: 294,912 P² + 197,760 P.
  for (const [P, count] of [
    [1, 492_672],
    [10, 31_468_800],
    [40, 479_769_600],
  ])
    assert.is(mapperParameters({ prefix: P }, tiny), count);
  assert.is(mapperParameters({ prefix: 20, mapper: 'linear' }, tiny), 7_879_680);
});

test('memory grows with length and tuning; cells over the limit are left out, with what needs them', async () => {
  const gb = (flags: Record<string, number | boolean>): number => memoryBytes(flags, tiny) / 1e9;
  assert.ok(gb({ prefix: 40 }) - gb({ prefix: 10 }) > (16 * 448_300_800) / 1e9);
  assert.ok(gb({ prefix: 10, 'tune-gpt2': true }) - gb({ prefix: 10 }) > 1.4);
  assert.ok(stepOperations({ prefix: 10, 'tune-gpt2': true }, tiny) > stepOperations({ prefix: 10 }, tiny));
  const own = plan('decoding', { seeds: 1 });
  const surveyed = await survey(cellsOf(own), own, 0.1);
  assert.ok(surveyed.every(({ state }) => state.state === 'too large'));
  assert.match(
    (surveyed[0].state as { reason: string }).reason,
    /^it needs about 0\.\d GB, --memory allows 0\.1$/,
  );
  assert.match(
    (surveyed[1].state as { reason: string }).reason,
    'it needs prefix-10-seed-1, which is too large',
  );
});

test('failed cells stop nothing but what needs them; an interrupt stops all; unsaved folders are begun anew', async () => {
  const own = plan('decoding', { seeds: 2 });
  const cells = cellsOf(own).filter(({ kind, id }) => kind === 'train' || id.endsWith('beam-5'));
  const left = join(cellsFolder(root), cells[0].id);
  await mkdir(left, { recursive: true });
  await writeFile(join(left, 'config.json'), '{}');
  const surveyed = await survey(cells, own);
  const said: string[] = [];
  const outcomes: Record<string, CellOutcome> = {
    [cells[0].id]: { outcome: 'failed', reason: 'the disk is full' },
  };
  const began: string[] = [];
  const { signal } = new AbortController();
  const options = { folder: cellsFolder(root), signal, say: (line: string) => void said.push(line) };
  const run = (cell: Cell): Promise<CellOutcome> => {
    began.push(cell.id);
    return Promise.resolve(outcomes[cell.id] ?? { outcome: 'done' });
  };
  const { failed, waiting } = await runCells(surveyed, { ...options, run });
  assert.equal([...failed.keys()], [cells[0].id, cells[1].id]);
  assert.equal(began, [cells[0].id, cells[2].id, cells[3].id]);
  assert.equal(waiting, []);
  assert.not(existsSync(left));
  assert.ok(said.includes(`[1/4] ${cells[0].id}: failed: the disk is full`));
  outcomes[cells[2].id] = { outcome: 'interrupted' };
  assert.equal((await runCells(surveyed, { ...options, run })).waiting, [cells[2].id, cells[3].id]);
});

test('a log that cannot be written ends no cell', async () => {
  const cell: Cell = { kind: 'train', id: 'x', seed: 1, flags: { 'no-such-flag': 3 } };
  await mkdir(join(root, 'x.log'));
  const said: string[] = [];
  const { signal } = new AbortController();
  const write = (text: string): void => void said.push(text);
  const got = await runCell(cell, { folder: root, resume: false, signal, write });
  assert.is(got.outcome, 'failed');
  assert.match(got.reason!, 'unknown flag --no-such-flag');
  assert.match(said.join(''), /^note: the log of x is not written: EISDIR/m);
});

test('commands are shown as a shell takes them', () => {
  const words = ['pnpm', 'train', '--prompt', "it's a", '--lr', '1e-3', '--decode', 'beam:5,length=sum'];
  assert.is(shellLine(words), "pnpm train --prompt 'it'\\''s a' --lr 1e-3 --decode beam:5,length=sum");
});

test('durations', () => {
  assert.equal([59, 61, 3540, 3600, 5400].map(formatDuration), [
    '0:59 min',
    '1:01 min',
    '59:00 min',
    '1:00 h',
    '1:30 h',
  ]);
});

test.run();
