// The printed table and the rows in it.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { benchRow, isSkipped, withFloors, type Row } from '../src/report/bench-row.ts';
import { formatFastRows } from '../src/report/fast-row.ts';
import { floorsOf, formatReached } from '../src/report/floors.ts';
import { formatNumber, formatRows, formatTable } from '../src/report/format-table.ts';

const test = suite('table');

const counts = { kernels: 2, kernelNames: { matmul: 2 }, flops: 4e9, bytes: 1e9 };
const title = { op: 'matmul', shape: '[2, 2]', dtype: 'f32' };

test('three significant digits, never scientific', () => {
  assert.equal([0, 0.012345, 0.99951, 4.5678, 45.678, 456.78, 45678.9, 1.2e-9].map(formatNumber), [
    '0',
    '0.0123',
    '1.000',
    '4.57',
    '45.7',
    '457',
    '45679',
    '0.000000',
  ]);
  assert.equal([null, undefined, Infinity, NaN].map(formatNumber), ['–', '–', '–', '–']);
});

test('columns are as wide as their widest cell, numbers stand right', () => {
  const text = formatTable(
    [{ title: 'op' }, { title: 'ms', align: 'right' }],
    [
      ['softmax', '1'],
      ['a', '12345'],
    ],
  );
  assert.equal(text.split('\n'), ['op          ms', '───────  ─────', 'softmax      1', 'a        12345']);
});

test('rates come from GPU time where there is one, else from wall time', () => {
  const wallMs = [2000, 4000, 3000];
  const wall = benchRow(title, { ...counts, wallMs, gpuMs: [] });
  assert.is(wall.gpu, undefined);
  assert.equal([wall.wall.medianMs, wall.gflops], [3000, 4 / 3]);
  const timed = benchRow(title, { ...counts, wallMs, gpuMs: [1000] });
  assert.equal([timed.gflops, timed.gigabytesPerSecond], [4, 1]);
  // Quantised timestamps may be equal: no infinite rate then.
  assert.is(benchRow(title, { ...counts, wallMs, gpuMs: [0] }).gflops, 4 / 3);
});

test('an op that counts no operations has no rate', () => {
  const row = benchRow(title, { ...counts, flops: 0, wallMs: [1], gpuMs: [] });
  assert.is(row.gflops, null);
  assert.match(formatRows([row]), /1\.00 +– +1 +– +1000/);
});

test('rows show medians and n; left-out rows say why', () => {
  const rows: Row[] = [
    benchRow({ ...title, note: 'frozen' }, { ...counts, wallMs: [1000, 2000], gpuMs: [500] }),
    { ...title, dtype: 'f16', skipped: 'no shader-f16' },
  ];
  const [, , measured, skipped] = formatRows(rows).split('\n');
  assert.match(measured, /^matmul +\[2, 2\] +f32 +2 +1500 +500 +2 +8\.00 +2\.00 +– +– +– +frozen$/);
  assert.match(skipped, /f16 .*left out: no shader-f16$/);
  assert.equal(rows.map(isSkipped), [false, true]);
});

test('the higher of two floors is the one that counts', () => {
  const peaks = { gigabytesPerSecond: 10, gflops: 16 };
  const row = withFloors(benchRow(title, { ...counts, wallMs: [1000], gpuMs: [500] }), peaks);
  assert.equal(row.floors, { bytesMs: 100, operationsMs: 250, reached: 0.5 });
  assert.match(formatRows([row]), /8\.00 +2\.00 +100 +250 +50 %/);
  assert.equal(floorsOf({ bytes: 1e9, flops: 0 }, 0, peaks), {
    bytesMs: 100,
    operationsMs: 0,
    reached: null,
  });
  assert.equal([0.05, 0.634, 1.2, null].map(formatReached), ['5.0 %', '63 %', '120 %', '–']);
  assert.is(floorsOf({ bytes: 0, flops: 0 }, 1, peaks).reached, null);
  const skipped: Row = { ...title, skipped: 'no shader-f16' };
  assert.is(withFloors(skipped, peaks), skipped);
});

test('the fast preset has a row per case: off, on, and how many times faster', () => {
  const time = (medianMs: number) => ({ medianMs, minMs: medianMs, maxMs: medianMs, n: 5 });
  const gain = { median: 1.25, min: 1.1, max: 1.5, n: 5 };
  const text = formatFastRows([{ what: 'matmul', off: time(10), on: time(8), gain }]);
  assert.match(text, /matmul +10\.0 +8\.00 +5 +1\.25× +1\.10 to 1\.50\n/);
});

test.run();
