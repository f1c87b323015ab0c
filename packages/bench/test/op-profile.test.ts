// Kernel times by op: sums, shares, floors.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { formatOpProfile, profileByOp } from '../src/report/op-profile.ts';

const test = suite('op profile');

const kernel = (name: string, ms: number, flops = 0, bytes = 0) => ({ name, ms, flops, bytes });
const peaks = { gigabytesPerSecond: 1, gflops: 10 };

test('calls of one name are summed, each by its median, and the slowest comes first', () => {
  const runs = [
    [kernel('add', 1, 0, 1e6), kernel('matmul', 2, 1e7, 1e6), kernel('add', 3, 0, 1e6)],
    [kernel('add', 1, 0, 1e6), kernel('matmul', 20, 1e7, 1e6), kernel('add', 5, 0, 1e6)],
    [kernel('add', 1, 0, 1e6), kernel('matmul', 12, 1e7, 1e6), kernel('add', 3, 0, 1e6)],
  ];
  assert.equal(profileByOp(runs, peaks), [
    {
      op: 'matmul',
      calls: 1,
      ms: 12,
      share: 0.75,
      gflops: 1e7 / 12 / 1e6,
      gigabytesPerSecond: 1e6 / 12 / 1e6,
      reached: 1 / 12,
    },
    { op: 'add', calls: 2, ms: 4, share: 0.25, gflops: null, gigabytesPerSecond: 0.5, reached: 0.5 },
  ]);
});

test('a clock that sees nothing gives no rate, and no division by zero', () => {
  const [row] = profileByOp([[kernel('add', 0, 1e6, 1e6)]], peaks);
  assert.equal([row.share, row.gflops, row.gigabytesPerSecond, row.reached], [0, null, null, null]);
});

test('runs of different steps are refused', () => {
  assert.throws(() => profileByOp([], peaks), RangeError);
  assert.throws(() => profileByOp([[kernel('a', 1)], []], peaks), RangeError);
});

test('the table ends with all calls', () => {
  const text = formatOpProfile(profileByOp([[kernel('add', 1, 0, 5e5), kernel('mul', 3, 0, 1e6)]], peaks));
  assert.match(text, /mul +1 +3\.00 +75\.0 % +– +0\.333 +33 %/);
  assert.match(text, /all +2 +4\.00$/);
});

test.run();
