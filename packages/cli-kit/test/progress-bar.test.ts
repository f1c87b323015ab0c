// The progress bar on a fake terminal, a narrow one, and a file.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { formatSeconds } from '../src/progress-bar.ts';
import { ProgressBar } from '../src/index.ts';
import type { ProgressOptions } from '../src/index.ts';

const test = suite('progress bar');

/** A bar over `total` 100 with a clock of its own; `written` collects what it prints. */
function fakeBar(stream: { isTTY: boolean; columns?: number }, options: Partial<ProgressOptions> = {}) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const bar = new ProgressBar({
    label: 'train',
    total: 100,
    stream: { ...stream, write: (text: string) => void written.push(text) },
    now: () => clock.ms,
    ...options,
  });
  const step = (done: number, ms: number, fields?: Record<string, string | number>): void => {
    clock.ms = ms;
    bar.update(done, fields);
  };
  return { bar, written, step };
}

test('a terminal gets one line, redrawn in place, with rate, time left and fields', () => {
  const { bar, written, step } = fakeBar({ isTTY: true, columns: 100 });
  step(1, 1000, { loss: 3.21987 });
  step(10, 10_000, { lr: '1e-4' });
  const line = written.at(-1) ?? '';
  assert.ok(line.startsWith('\r') && line.endsWith('\u001b[K'), 'redraws the line');
  assert.match(line, /train 10\/100 {2}█+░+ {2}1:30 left {2}loss 3\.220 {2}lr 1e-4 {2}1\.0 steps\/s/);
  assert.not.match(written.join(''), '\n');
  bar.finish('trained');
  assert.equal(written.slice(-2), ['\n', 'trained\n']);
});

test('a terminal is redrawn at most ten times a second', () => {
  const { written, step } = fakeBar({ isTTY: true, columns: 80 });
  for (let i = 1; i <= 100; i++) step(i, i * 10);
  assert.ok(written.length <= 11 && written.length >= 9, `${written.length} redraws in one second`);
});

test('no line is ever as wide as the terminal', () => {
  for (let columns = 1; columns <= 120; columns++) {
    const { written, step } = fakeBar({ isTTY: true, columns });
    step(5, 1000, { loss: 1.5, lr: '2e-5', tokens: 12345 });
    const visible = (written.at(-1) ?? '').replace('\r', '').replace('\u001b[K', '');
    assert.ok(visible.length < Math.max(2, columns), `${visible.length} characters in ${columns} columns`);
    if (columns > 20) assert.match(visible, 'train 5/100');
  }
});

test('without a terminal: whole plain lines, every few seconds, and the last state', () => {
  const { bar, written, step } = fakeBar({ isTTY: false }, { plainEverySeconds: 5 });
  for (let i = 1; i <= 100; i++) step(i, i * 200, { loss: 1 });
  bar.finish();
  assert.is(written.length, 5);
  assert.is(written[1], 'train 26/100  15 s left  loss 1  5.0 steps/s\n');
  assert.is(written.at(-1), 'train 100/100  20 s  loss 1  5.0 steps/s\n');
  assert.not.match(written.join(''), /[\r\u001b█]/);
});

test('a resumed run counts its own steps only, and an unknown total has no bar', () => {
  const resumed = fakeBar({ isTTY: false }, { start: 50 });
  resumed.step(60, 10_000);
  assert.match(resumed.written[0], 'train 60/100  40 s left  1.0 steps/s');
  const unknown = fakeBar({ isTTY: true, columns: 80 }, { total: undefined, unit: 'image' });
  unknown.step(10, 2000);
  assert.match(unknown.written[0], 'train 10  2 s  5.0 images/s');
});

test('a note goes above the bar, and nothing is shown after the end', () => {
  const { bar, written, step } = fakeBar({ isTTY: true, columns: 80 });
  step(1, 1000);
  bar.note('saved');
  assert.is(written[1], '\r\u001b[K');
  assert.is(written[2], 'saved\n');
  assert.match(written[3], 'train 1/100');
  bar.finish();
  const count = written.length;
  bar.update(2);
  bar.finish();
  assert.is(written.length, count);
});

test('times', () => {
  assert.equal([0, 9.4, 75, 3700].map(formatSeconds), ['0 s', '9 s', '1:15', '1:01:40']);
});

test.run();
