// The JSON file, its name, the bars and the side-by-side text.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { SideBySide } from '../src/engines/compare-engines.ts';
import { formatBars, judgeBars, unmeasuredBars } from '../src/report/bars.ts';
import {
  adapterSlug,
  commandLine,
  reportJson,
  type BenchReport,
  type PeersReport,
} from '../src/report/bench-report.ts';
import { gpuBars, gpuWorks, judgeGpuBars } from '../src/report/gpu-bars.ts';
import { softwareBars } from '../src/report/software-bars.ts';
import { works } from '../src/works/index.ts';
import { formatSideBySide, sideBySideProblems } from '../src/report/format-side-by-side.ts';
import { isBusy } from '../src/report/machine.ts';

const test = suite('report');

interface Compared {
  times?: number;
  firstMs?: number;
  warmFirstMs?: number;
  agrees?: boolean;
}

/** A comparison in which TensorFlow.js needs `times` as long for a step. */
function compared({ times = 5, firstMs = 4000, warmFirstMs, agrees = true }: Compared = {}): SideBySide {
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
            ...(warmFirstMs !== undefined && { warmFirstMs }),
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
  judgeBars(softwareBars, comparison).find((result) => result.name.startsWith(name))!;

test('bars hold from exactly the wanted value on', () => {
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ times: 4 })).holds, true);
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ times: 3.99 })).holds, false);
  assert.is(bar('first step', compared({ firstMs: 5000 })).holds, true);
  assert.is(bar('first step', compared({ firstMs: 5001 })).holds, false);
  const warm = (warmFirstMs?: number) => bar('first step with the shaders', compared({ warmFirstMs })).holds;
  assert.equal([warm(1500), warm(1501), warm()], [true, false, null]);
});

test('what was not measured, failed or compared nothing neither holds nor fails', () => {
  assert.is(bar('512³', compared()).holds, null);
  assert.is(bar('training step, TensorFlow.js wasm', compared()).holds, null);
  assert.is(bar('training step, TensorFlow.js webgpu', compared({ agrees: false })).holds, null);
  const text = formatBars(judgeBars(softwareBars, compared({ times: 1 })));
  assert.match(text, /training step, TensorFlow.js webgpu +at least 4× +1\.00 × +missed/);
  assert.match(text, /512³ f32 matmul.* – +unmeasured: matmul-512 was not run beside tfjs-webgpu/);
  assert.match(text, /TensorFlow.js wasm.* – +unmeasured: tfjs-wasm: out of memory/);
  assert.is(
    bar('training step, TensorFlow.js webgpu', compared({ agrees: false })).why,
    'the results of tfjs-webgpu differ',
  );
});

/** A comparison in which this engine needs `ourMs` for a work and PyTorch 100. */
function onGpu(
  ourMs: Record<string, number>,
  { card = 'NVIDIA H100 80GB HBM3' }: { card?: string | null } = {},
): SideBySide {
  const time = (medianMs: number) => ({ medianMs, minMs: medianMs, maxMs: medianMs, n: 3 });
  const both = { firstMs: 1, perSecond: 1 };
  return {
    engines: [
      { id: 'foreword', name: 'foreword', version: '1', adapter: 'nvidia · nvidia-h100-80gb-hbm3 · driver' },
      {
        id: 'pytorch',
        name: 'pytorch',
        version: '2.5 (CPU, 2 threads)',
        adapter: null,
        ...(card && { card }),
      },
    ],
    sameAdapter: true,
    rounds: 3,
    works: Object.entries(ourMs).map(([id, ms]) => ({
      id,
      title: id,
      unit: 'GFLOP',
      entries: [
        { engine: 'foreword', time: time(ms), agrees: null, ...both },
        {
          engine: 'pytorch',
          time: time(100),
          ratio: { median: 100 / ms, min: 1, max: 1, n: 3 },
          difference: 0,
          agrees: true,
          ...both,
        },
      ],
    })),
  };
}

test('the bars for GPUs are shares of PyTorch’s rate, and one of our own', () => {
  const bars = judgeGpuBars(onGpu({ 'matmul-4096': 160, 'matmul-4096-f16': 33, 'clip-64': 126 }));
  assert.equal(
    bars.map(({ bar, measured, holds }) => `${bar} ${measured?.toFixed(1)} ${holds}`),
    [
      'at least 60 % 62.5 true',
      'at least 5× 4.8 false',
      'at least 35 % 303.0 true',
      'at least 1× undefined null',
      'at least 1.5× undefined null',
      'at least 0.8× 0.8 false',
      'at least 1.5× undefined null',
    ],
  );
  assert.is(bars[3].why, 'clipcap-step was not run beside pytorch');
});

test('a PyTorch on the CPU or on another card is no measure for a GPU; our own ratio needs none', () => {
  const times = { 'matmul-4096': 160, 'matmul-4096-f16': 20 };
  const onCpu = judgeGpuBars(onGpu(times, { card: null }));
  assert.is(onCpu[0].holds, null);
  assert.match(onCpu[0].why!, 'PyTorch has no CUDA here: 2.5 (CPU, 2 threads)');
  assert.is(onCpu[1].measured, 8);
  assert.match(judgeGpuBars(onGpu(times, { card: 'NVIDIA A10' }))[0].why!, 'PyTorch computes on NVIDIA A10');
});

test('where there is no GPU every bar for GPUs says so, and its works are works', () => {
  const text = formatBars(unmeasuredBars(gpuBars, 'no GPU'));
  assert.is(text.match(/unmeasured: no GPU/g)?.length, gpuBars.length);
  assert.not.match(text, /met|missed/);
  const ids = works.map(({ id }) => id);
  assert.ok(gpuWorks.every((id) => ids.includes(id)));
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
    tunedKernels: 0,
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
    bars: judgeBars(softwareBars, compared()),
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

test('a report names files without the folders they lie in', () => {
  assert.is(
    commandLine(['peers', '--json', '/some/folder/x.json', '--only', 'clip-1']),
    'pnpm bench peers --json x.json --only clip-1',
  );
});

test.run();
