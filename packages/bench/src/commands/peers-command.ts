// `pnpm bench peers`: the same work in this and other engines, in turns, on one adapter.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, defineFlags, writeFileAtomic, type Command } from '@foreword/cli-kit';
import { describeAdapter, openDevice, type AdapterSummary } from '@foreword/tensor/node';
import type { FailedEngine } from '../engines/compare-engines.ts';
import { installPeer } from '../engines/install-peers.ts';
import { peerIds, peers, type Peer } from '../engines/peers.ts';
import { runEngines } from '../engines/run-engines.ts';
import { formatBars, judgeBars } from '../report/bars.ts';
import { adapterSlug, reportJson, type PeersReport } from '../report/bench-report.ts';
import { formatSideBySide, sideBySideProblems } from '../report/format-side-by-side.ts';
import { describeMachine, formatHeading, repositoryRoot } from '../report/machine.ts';
import { workGroups, works } from '../works/index.ts';
import { chooseNames } from './choose-names.ts';

/** Works whose group holds more than them. */
const singleNames = works.map(({ id }) => id).filter((id) => !(workGroups as readonly string[]).includes(id));

const flags = defineFlags({
  only: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `works to compare, comma-separated: ${workGroups.join(', ')}, or single ones: ${singleNames.join(', ')}`,
  },
  peers: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `engines to run beside this one, comma-separated: ${peerIds.join(', ')} (default: all)`,
  },
  repeats: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 1000,
    describe: 'rounds of each work, after warm-up; medians are shown',
  },
  json: {
    type: 'string',
    placeholder: 'FILE',
    describe:
      'where to write the results (default: benchmarks/results/ADAPTER.peers.json; none with --only or --peers)',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

async function adapterHere(): Promise<AdapterSummary> {
  const device = await openDevice();
  device.close();
  return device.adapter;
}

/** Installs what is missing. */
async function install(wanted: readonly Peer[]): Promise<{ installed: Peer[]; missing: FailedEngine[] }> {
  const installed: Peer[] = [];
  const missing: FailedEngine[] = [];
  for (const peer of wanted) {
    try {
      await installPeer(peer);
      installed.push(peer);
    } catch (error) {
      missing.push({ id: peer.id, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { installed, missing };
}

export const peersCommand = {
  name: 'pnpm bench peers',
  summary:
    'Runs the same work in this engine and in TensorFlow.js, jax-js and ONNX Runtime, in turns, checks that results agree, and prints ratios. Peers are installed if missing, about 800 MB.',
  flags,
  async run({ values: { only, peers: wantedPeers, repeats, json, adapter: wantedAdapter } }) {
    const names = [...workGroups, ...singleNames];
    const chosenNames = chooseNames(only, names, { flag: '--only', what: 'work' });
    const chosen = works.filter(({ id, group }) => chosenNames.includes(id) || chosenNames.includes(group));
    const chosenPeers = chooseNames(wantedPeers, peerIds, { flag: '--peers', what: 'peer' });
    // Children read it too.
    if (wantedAdapter !== undefined) process.env.FOREWORD_ADAPTER = wantedAdapter;
    const adapter = await adapterHere();
    const machine = await describeMachine();
    console.log(`${formatHeading(adapter, machine, { repeats })}\n`);

    const { installed, missing } = await install(peers.filter(({ id }) => chosenPeers.includes(id)));
    const sideBySide = await runEngines({ peers: installed, missing, works: chosen, rounds: repeats });
    console.log(`${formatSideBySide(sideBySide)}\n`);
    const bars = judgeBars(sideBySide);
    console.log(formatBars(bars));
    console.log('(set for the software adapter of a 2-core machine)\n');

    const report: PeersReport = {
      format: 2,
      date: new Date().toISOString(),
      command: ['pnpm bench', ...process.argv.slice(2)].join(' '),
      adapter: describeAdapter(adapter),
      driver: adapter.description,
      machine,
      repeats,
      sideBySide,
      bars,
    };
    const isWhole = only === undefined && wantedPeers === undefined;
    const whole = join(repositoryRoot, 'benchmarks/results', `${adapterSlug(adapter)}.peers.json`);
    // A part must not replace a committed whole.
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
  },
} satisfies Command<typeof flags>;
