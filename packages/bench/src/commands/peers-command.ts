// `pnpm bench peers`: the same work in this and other engines, in turns, on one adapter.
import { defineFlags, type Command } from '@foreword/cli-kit';
import { peerIds, peers } from '../engines/peers.ts';
import { judgeBars } from '../report/bars.ts';
import { softwareBars } from '../report/software-bars.ts';
import { chooseWorks, heavyNames, workNames } from '../works/choose-works.ts';
import { chooseNames } from './choose-names.ts';
import { adapterHere, compareAndReport } from './compare.ts';

const flags = defineFlags({
  only: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `works to compare, comma-separated: ${workNames.join(', ')}; on a software adapter by these names only: ${heavyNames.join(', ')}`,
  },
  peers: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `engines to run beside this one, comma-separated: ${peerIds.join(', ')} (default: all)`,
  },
  clipcapBatch: {
    type: 'integer',
    default: 40,
    min: 1,
    max: 4096,
    describe: 'captions per step of clipcap-step',
  },
  python: {
    type: 'string',
    placeholder: 'FILE',
    describe:
      'Python with torch, for the peer pytorch (default: FOREWORD_PYTHON, or the first python3 on PATH that has it)',
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

export const peersCommand = {
  name: 'pnpm bench peers',
  summary:
    'Runs the same work in this engine and in TensorFlow.js, jax-js, ONNX Runtime and PyTorch, in turns, checks that results agree, and prints ratios. Peers from npm are installed if missing, about 800 MB; PyTorch takes part where a Python has it.',
  flags,
  async run({ values }) {
    const { only, peers: wantedPeers, clipcapBatch, python, repeats, json } = values;
    const names =
      only === undefined ? undefined : chooseNames(only, workNames, { flag: '--only', what: 'work' });
    const chosenPeers = chooseNames(wantedPeers, peerIds, { flag: '--peers', what: 'peer' });
    const adapter = await adapterHere(values.adapter);
    await compareAndReport({
      adapter,
      peers: peers.filter(({ id }) => chosenPeers.includes(id)),
      works: chooseWorks({ names, adapter, clipcapBatch }),
      repeats,
      python,
      judge: (compared) => judgeBars(softwareBars, compared),
      barsFor: 'the software adapter of a 2-core machine',
      kind: 'peers',
      json,
      isWhole: only === undefined && wantedPeers === undefined,
    });
  },
} satisfies Command<typeof flags>;
