// What `pnpm bench peers` and `pnpm bench gpu` have in common: make peers ready, run the works in turns, print, judge, write.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, writeFileAtomic } from '@foreword/cli-kit';
import { openDevice, type AdapterSummary } from '@foreword/tensor/node';
import type { FailedEngine, SideBySide } from '../engines/compare-engines.ts';
import { preparePeer, type ReadyPeer } from '../engines/install-peers.ts';
import type { Peer } from '../engines/peers.ts';
import { runEngines } from '../engines/run-engines.ts';
import { formatBars, type BarResult } from '../report/bars.ts';
import { adapterSlug, reportHead, reportJson, type PeersReport } from '../report/bench-report.ts';
import { formatSideBySide, sideBySideProblems } from '../report/format-side-by-side.ts';
import { countTunedKernels, describeMachine, formatHeading, repositoryRoot } from '../report/machine.ts';
import type { Work } from '../works/index.ts';

/** The adapter that engines will run on; `wanted` is passed on to them. */
export async function adapterHere(wanted: string | undefined): Promise<AdapterSummary> {
  // Children read it too.
  if (wanted !== undefined) process.env.FOREWORD_ADAPTER = wanted;
  const device = await openDevice();
  device.close();
  return device.adapter;
}

export interface CompareOptions {
  adapter: AdapterSummary;
  peers: readonly Peer[];
  works: readonly Work[];
  repeats: number;
  python?: string;
  judge: (compared: SideBySide) => BarResult[];
  /** What the bars are for. */
  barsFor: string;
  /** Between the adapter and `.json` in the name of the committed file. */
  kind: 'peers' | 'gpu';
  /** Where to write instead. */
  json?: string;
  /** Whether this is all there is to compare: a part must not replace a committed whole. */
  isWhole: boolean;
}

/** @throws CommandError when results differ or adapters do */
export async function compareAndReport(options: CompareOptions): Promise<void> {
  const { adapter, works, repeats, judge, barsFor, kind, json, isWhole } = options;
  const machine = await describeMachine();
  const tunedKernels = await countTunedKernels(adapter);
  console.log(`${formatHeading(adapter, machine, { repeats, tunedKernels })}\n`);

  const { ready, missing } = await prepare(options);
  const sideBySide = await runEngines({ peers: ready, missing, works, rounds: repeats });
  console.log(`${formatSideBySide(sideBySide)}\n`);
  const bars = judge(sideBySide);
  console.log(`${formatBars(bars)}\n(set for ${barsFor})\n`);

  const report: PeersReport = {
    ...reportHead(adapter, { machine, tunedKernels, repeats }),
    sideBySide,
    bars,
  };
  const whole = join(repositoryRoot, 'benchmarks/results', `${adapterSlug(adapter)}.${kind}.json`);
  const path = json !== undefined ? resolve(json) : isWhole ? whole : undefined;
  if (path !== undefined) {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, reportJson(report));
    console.log(`written: ${path}`);
  }
  const problems = sideBySideProblems(sideBySide);
  if (problems.length > 0)
    throw new CommandError(problems.join('; '), {
      cure: 'the ratios above compare nothing until this is found',
    });
}

/** Installs what is missing; a peer that cannot be had is left out with its reason. */
async function prepare({
  peers,
  python,
}: CompareOptions): Promise<{ ready: ReadyPeer[]; missing: FailedEngine[] }> {
  const ready: ReadyPeer[] = [];
  const missing: FailedEngine[] = [];
  for (const peer of peers) {
    try {
      ready.push(await preparePeer(peer, { python }));
    } catch (error) {
      missing.push({ id: peer.id, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { ready, missing };
}
