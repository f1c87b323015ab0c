// The JSON file, its name, the bars and the side-by-side text.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { SideBySide } from '../src/engines/compare-engines.ts';
import { formatBars, judgeBars } from '../src/report/bars.ts';
import { adapterSlug, reportJson, type BenchReport } from '../src/report/bench-report.ts';
import { formatSideBySide, sideBySideProblems } from '../src/report/format-side-by-side.ts';
import { isBusy } from '../src/report/machine.ts';

const test = suite('report');

/** A comparison in which the peer needs `times` as long for a step and 2.1 × for a product. */
function compared({ times = 3, firstStepMs = 9000, agrees = true } = {}): SideBySide {
  const engine = { kernels: 100, flops: 1, bytes: 1, gpuMs: [], losses: [7.5, 7.25] };
  const time = (medianMs: number) => ({ medianMs, minMs: medianMs, maxMs: medianMs, n: 3 });
  const ratio = (median: number) => ({ median, min: median, max: median, n: 3 });
  return {
    engines: [
      { name: 'foreword', version: '1', adapter: 'x' },
      { name: 'tfjs', version: '4', adapter: 'x' },
    ],
    sameAdapter: true,
    rounds: 3,
    matmul: {
      size: 512,
      engines: [{ name: 'foreword', time: time(50), gflops: 5 }],
      ratio: ratio(2.1),
      largestDifference: 1e-5,
      agrees: true,
    },
    step: {
      engines: [
        { ...engine, name: 'foreword', firstStepMs, time: time(1000) },
        { ...engine, name: 'tfjs', firstStepMs: 17_000, time: time(1000 * times) },
      ],
      ratio: ratio(times),
      firstStepRatio: 17_000 / firstStepMs,
      steps: 2,
      largestDifference: agrees ? 1e-6 : 0.2,
      agrees,
    },
  };
}

const results = (sideBySide?: SideBySide) => judgeBars(sideBySide).map(({ holds }) => holds);

test('bars hold from exactly the wanted value on', () => {
  assert.equal(results(compared()), [true, true, true]);
  assert.equal(results(compared({ times: 2.5, firstStepMs: 15_000 })), [true, true, true]);
  assert.equal(results(compared({ times: 2.49, firstStepMs: 15_001 })), [true, false, false]);
});

test('what was not measured, or compared nothing, neither holds nor fails', () => {
  assert.equal(results(undefined), [null, null, null]);
  assert.equal(results(compared({ agrees: false })), [true, null, true]);
  assert.match(formatBars(judgeBars(undefined)), /not measured/);
  assert.match(formatBars(judgeBars(compared({ times: 1 }))), /at least 2\.5× +1\.00 × +does not hold/);
});

test('different results and different adapters are problems', () => {
  assert.equal(sideBySideProblems(compared()), []);
  assert.match(sideBySideProblems(compared({ agrees: false })).join(), /losses .* differ by 0\.200/);
  assert.match(sideBySideProblems({ ...compared(), sameAdapter: false }).join(), 'different adapters');
});

test('the comparison names ratio, spread and losses', () => {
  const text = formatSideBySide(compared());
  assert.match(text, 'ratio 3.00× (median of 3 pairs, 3.00 to 3.00); first step 1.89×');
  assert.match(text, 'loss after 1 steps');
  assert.match(text, /tfjs +3000 +3 +17\.0 +100 +7\.25000/);
});

test('a file name is made of the device name', () => {
  const names = { vendor: 'mesa', architecture: 'software', device: '', description: '' };
  assert.is(
    adapterSlug({ ...names, device: 'llvmpipe-llvm-15-0-6-256-bits-' }),
    'llvmpipe-llvm-15-0-6-256-bits',
  );
  assert.is(adapterSlug({ ...names, description: 'NVIDIA: 570.1 / x' }), 'nvidia-570-1-x');
  assert.is(adapterSlug(names), 'mesa-software');
  assert.is(adapterSlug({ ...names, vendor: '', architecture: '' }), 'unknown-adapter');
});

test('the JSON reads back, rounded, with short objects on one line', () => {
  const report: BenchReport = {
    format: 1,
    date: '2026-01-01T00:00:00.000Z',
    command: 'pnpm bench',
    adapter: 'a\n{ "b": 1 }',
    driver: 'd',
    machine: {
      node: 'v20',
      platform: 'linux x64',
      cores: 2,
      cpu: 'c',
      loadAverage: 1 / 3,
      engineVersion: '1',
      dawnVersion: '2',
      commit: null,
    },
    repeats: 5,
    rows: [{ op: 'x', shape: '[1]', dtype: 'f16', skipped: 'no f16' }],
    sideBySide: compared(),
    bars: judgeBars(undefined),
    lastRun: { run: 'r', bleu: [0.5, 0.25, 0.125, 0.0625] },
  };
  const text = reportJson(report);
  assert.equal(JSON.parse(text), {
    ...report,
    machine: { ...report.machine, loadAverage: 0.3333333 },
    sideBySide: JSON.parse(
      JSON.stringify(compared(), (_, x) => (typeof x === 'number' ? Number(x.toPrecision(7)) : x)),
    ),
  });
  assert.match(text, '"bleu": [ 0.5, 0.25, 0.125, 0.0625 ]');
  assert.match(text, '"time": { "medianMs": 50, "minMs": 50, "maxMs": 50, "n": 3 }');
  assert.ok(text.endsWith('}\n'));
});

test('a machine is busy when half of its cores are taken', () => {
  assert.equal(
    [isBusy({ loadAverage: 0.9, cores: 2 }), isBusy({ loadAverage: 1.1, cores: 2 })],
    [false, true],
  );
});

test.run();
