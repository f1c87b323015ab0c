// Run folders: which one is the newest, and the loss curve of odd histories.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { lossCurveSvg } from '../src/run/loss-curve.ts';
import { newestRun } from '../src/models/open-captioner.ts';
import { listRuns } from '../src/run/run-folder.ts';
import type { StepMetrics } from '../src/run/metrics.ts';

const test = suite('run folder');

test('runs are listed by when they began; folders without a checkpoint are none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foreword-runs-'));
  const make = async (name: string, begunAt: number, ...files: string[]): Promise<void> => {
    await mkdir(join(root, name, 'checkpoints'), { recursive: true });
    for (const file of files) await writeFile(join(root, name, file), '{}');
    if (files.includes('config.json')) await utimes(join(root, name, 'config.json'), begunAt, begunAt);
  };
  const best = 'checkpoints/best.safetensors';
  await make('zebra', 100, 'config.json', best);
  await make('2026-01-01', 200, 'config.json', best);
  await make('interrupted', 300, 'config.json', 'checkpoints/last.safetensors');
  await make('other', 400, best);
  await writeFile(join(root, 'zz-file'), '');
  assert.equal(await listRuns(root), [join(root, 'zebra'), join(root, '2026-01-01')]);
  assert.equal(await listRuns(join(root, 'nowhere')), []);
  const said: string[] = [];
  const newest = (): Promise<string> => newestRun(root, (line) => void said.push(line));
  assert.is(await newest(), join(root, '2026-01-01'));
  await writeFile(join(root, 'zebra/summary.json'), '{}');
  assert.is(await newest(), join(root, 'zebra'), 'a run that is done comes before a newer one that is not');
  assert.match(said[0], /^run: \S+2026-01-01 \(not trained to its end\); --run DIR names another$/);
  assert.match(said[1], /^run: \S+zebra; --run DIR names another$/);
  await rm(root, { recursive: true });
});

test('the loss curve draws every step, the mean and the validations', () => {
  const steps = [4, 3, 2].map((loss, i) => ({ step: i + 1, loss }) as StepMetrics);
  const svg = lossCurveSvg(steps, [{ step: 3, epoch: 1, valLoss: 2.5 }]);
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => points.split(' '));
  assert.equal(
    lines.map((points) => points.length),
    [3, 3, 1],
  );
  const heights = lines[0].map((point) => Number(point.split(',')[1]));
  assert.ok(heights[0] < heights[1] && heights[1] < heights[2], 'a lower loss lies lower');
  assert.is(svg.match(/<circle /g)?.length, 1);
  for (const odd of [lossCurveSvg([], []), lossCurveSvg(steps.slice(0, 1), [])])
    assert.not.match(odd, /NaN|Infinity|undefined/);
});

test.run();
