// The JSON file, its name, the bars and the side-by-side text.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { SideBySide } from '../src/engines/compare-engines.ts';
import { formatBars, judgeBars } from '../src/report/bars.ts';
import { adapterSlug, reportJson, type BenchReport, type PeersReport } from '../src/report/bench-report.ts';
import { formatSideBySide, sideBySideProblems } from '../src/report/format-side-by-side.ts';
import { isBusy } from '../src/report/machine.ts';

const test = suite('report');

interface Compared {
  times?: number;
  firstMs?: number;
  agrees?: boolean;
}

/** A comparison in which TensorFlow.js needs `times` as long for a step. */
function compared({ times = 5, firstMs = 4000, agrees = true }: Compared = {}): SideBySide {
  const time = (medianMs: number) => ({ medianMs, minMs: medianMs, maxMs: medianMs, n: 3 });
  const ratio = { median: times, min: times - 1, max: times + 1, n: 3 };
  const facts = { kernels: 100, flops: 1, bytes: 1, gpuMs: [] };
  return {
    engines: [
      { id: 'foreword', name: 'foreword', version: '1', adapter: 'x' },
      { id: 'tfjs-webgpu', name: 'tfjs webgpu', version: '4', adapter: 'x' },
      { id: 'jax-webgpu', problem: 'npm could not install jax-webgpu' },
    ],
    sameAdapter: true,
    rounds: 3,
    works: [
      {
        id: 'training-step',
        title: 'training step',
        unit: 'steps',
        entries: [
          {
            engine: 'foreword',
            firstMs,
            time: time(1000),
            perSecond: 1,
            agrees: null,
            losses: [7.5, 7.25],
            facts,
          },
          {
            engine: 'tfjs-webgpu',
            firstMs: 17_000,
            time: time(1000 * times),
            perSecond: 1 / times,
            ratio,
            difference: agrees ? 1e-6 : 0.2,
            agrees,
            losses: [7.5, 7.25],
          },
          { engine: 'tfjs-wasm', problem: 'out of memory' },
        ],
      },
    ],
  };
}

const bar = (name: string, comparison: SideBySide) =>
  judgeBars(comparison).find((result) => result.name.startsWith(name))!;

test('bars hold from exactly the wanted value on', () => {
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ times: 4 })).holds, true);
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ times: 3.99 })).holds, false);
  assert.is(bar('first step', compared({ firstMs: 5000 })).holds, true);
  assert.is(bar('first step', compared({ firstMs: 5001 })).holds, false);
});

test('what was not measured, failed or compared nothing neither holds nor fails', () => {
  assert.is(bar('512³', compared()).holds, null);
  assert.is(bar('training step, TensorFlow.js wasm', compared()).holds, null);
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ agrees: false })).holds, null);
  const text = formatBars(judgeBars(compared({ times: 1 })));
  assert.match(text, /not measured/);
  assert.match(text, /training step, TensorFlow.js webgpu +at least 4× +1\.00 × +does not hold/);
});

test('different results and different adapters are problems', () => {
  assert.equal(sideBySideProblems(compared()), []);
  assert.match(
    sideBySideProblems(compared({ agrees: false })).join(),
    'training step: the results of tfjs-webgpu differ by 2.0e-1',
  );
  assert.match(
    sideBySideProblems({ ...compared(), sameAdapter: false }).join(),
    'different adapters: foreword on x; tfjs-webgpu on x',
  );
});

test('the comparison names ratio, spread, losses, kernels, and who did not run and why', () => {
  const text = formatSideBySide(compared());
  assert.match(text, /tfjs-webgpu +5000 +3 +0\.200 steps +5\.00× +4\.00 to 6\.00 +17000 +1\.0e-6\n/);
  assert.match(text, 'last loss: foreword 7.25000, tfjs-webgpu 7.25000');
  assert.match(text, 'kernels: foreword 100');
  assert.match(text, 'did not run: jax-webgpu: npm could not install jax-webgpu');
  assert.match(text, 'did not run: tfjs-wasm, training-step: out of memory');
  assert.match(formatSideBySide(compared({ agrees: false })), '2.0e-1: NOT the same');
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
  const report: BenchReport & PeersReport = {
    format: 2,
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
    peaks: { gigabytesPerSecond: 10, gflops: 20 },
    rows: [{ op: 'x', shape: '[1]', dtype: 'f16', skipped: 'no f16' }],
    sideBySide: compared(),
    bars: judgeBars(compared()),
    lastRun: { run: 'r', bleu: [0.5, 0.25, 0.125, 0.0625] },
  };
  const text = reportJson(report);
  assert.equal(JSON.parse(text), { ...report, machine: { ...report.machine, loadAverage: 0.3333333 } });
  assert.match(text, '"bleu": [ 0.5, 0.25, 0.125, 0.0625 ]');
  assert.match(text, '"time": { "medianMs": 1000, "minMs": 1000, "maxMs": 1000, "n": 3 }');
  assert.ok(text.endsWith('}\n'));
});

test('a machine is busy when half of its cores are taken', () => {
  assert.equal(
    [isBusy({ loadAverage: 0.9, cores: 2 }), isBusy({ loadAverage: 1.1, cores: 2 })],
    [false, true],
  );
});

test.run();
