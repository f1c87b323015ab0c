// What a timing depends on besides the code: machine, load, versions, commit.
import { execFile } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { adapterKey, describeAdapter, readTuning, type AdapterSummary } from '@foreword/tensor/node';
import type { Peaks } from './floors.ts';
import { formatNumber } from './format-table.ts';
import { dawnPackage } from '../engines/dawn-package.ts';

export interface Machine {
  node: string;
  platform: string;
  cores: number;
  cpu: string;
  /** Processes that wanted a core during the last minute, when the benchmark began. */
  loadAverage: number;
  engineVersion: string;
  dawnVersion: string;
  /** Short hash, with "+" when tracked files differ from it; null without git. */
  commit: string | null;
}

export const repositoryRoot = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/[/\\]$/, '');

export async function describeMachine(): Promise<Machine> {
  const [engineVersion, commit] = await Promise.all([readEngineVersion(), currentCommit()]);
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    loadAverage: loadavg()[0],
    engineVersion,
    dawnVersion: dawnPackage().version,
    commit,
  };
}

/** How many choices devices on this adapter make otherwise than by default, because `pnpm tune` found something better. */
export const countTunedKernels = async (adapter: AdapterSummary): Promise<number> =>
  Object.keys((await readTuning(adapterKey(adapter)))?.choices ?? {}).length;

/** True when other work takes a noticeable share of the cores: timings are then worth something only as ratios. */
export const isBusy = ({ loadAverage, cores }: Pick<Machine, 'loadAverage' | 'cores'>): boolean =>
  loadAverage > cores / 2;

/** What a table has to say first: adapter, machine, code, and how times are taken. */
export function formatHeading(
  adapter: AdapterSummary,
  machine: Machine,
  { repeats, peaks, tunedKernels }: { repeats: number; peaks?: Peaks; tunedKernels: number },
): string {
  const { node, cores, cpu, loadAverage, engineVersion, dawnVersion, commit } = machine;
  const busy = isBusy(machine) ? ': busy, so read times with care and trust ratios only' : '';
  return [
    `adapter  ${describeAdapter(adapter)}`,
    `machine  ${cores} cores, ${cpu}; load ${loadAverage.toFixed(1)}${busy}`,
    `code     engine ${engineVersion}, Dawn (npm webgpu) ${dawnVersion}, Node ${node}, commit ${commit ?? 'unknown'}`,
    `kernels  ${tunedKernels === 0 ? 'the defaults' : `${tunedKernels} choices as \`pnpm tune\` found them, else the defaults`}`,
    `times    medians of n = ${repeats} after warm-up; GFLOP/s and GB/s (bytes bound) per GPU time where there is one`,
    ...(peaks ? [formatPeaks(peaks)] : []),
  ].join('\n');
}

export const formatPeaks = ({ gigabytesPerSecond, gflops }: Peaks): string =>
  `floors   bytes bound at ${formatNumber(gigabytesPerSecond)} GB/s (a copy), operations at ${formatNumber(gflops)} GFLOP/s (fused multiply-adds in f32), both measured just now`;

/** Version of @foreword/tensor. */
export async function readEngineVersion(): Promise<string> {
  // The entry lies in src/ or dist/ of its package.
  const entry = fileURLToPath(import.meta.resolve('@foreword/tensor'));
  const text = await readFile(join(dirname(entry), '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function currentCommit(): Promise<string | null> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: repositoryRoot })).stdout.trim();
  try {
    const hash = await git('rev-parse', '--short=12', 'HEAD');
    return (await git('status', '--porcelain', '--untracked-files=no')) ? `${hash}+` : hash;
  } catch {
    return null;
  }
}
