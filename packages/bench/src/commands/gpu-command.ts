// `pnpm bench gpu`: everything the bars for GPUs need, in one command. On a software adapter it measures nothing.
import { CommandError, defineFlags, interruptOnce, type Command } from '@foreword/cli-kit';
import { adapterKey, describeAdapter, openDevice, tuningFile } from '@foreword/tensor/node';
import { peers } from '../engines/peers.ts';
import { formatBars, unmeasuredBars } from '../report/bars.ts';
import { gpuBars, gpuWorks, judgeGpuBars } from '../report/gpu-bars.ts';
import { formatTuned } from '../report/tuned-table.ts';
import { tuneAndSave } from '../tune/tune-and-save.ts';
import { tuneWorks } from '../tune/tune-works.ts';
import { chooseWorks } from '../works/choose-works.ts';
import { adapterHere, compareAndReport } from './compare.ts';

const flags = defineFlags({
  python: {
    type: 'string',
    placeholder: 'FILE',
    describe:
      'Python with torch and CUDA (default: FOREWORD_PYTHON, or the first python3 on PATH that has torch)',
  },
  repeats: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 1000,
    describe: 'rounds of each work, after warm-up; medians are shown',
  },
  json: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'where to write the results (default: benchmarks/results/ADAPTER.gpu.json)',
  },
  tune: {
    type: 'boolean',
    default: true,
    describe: 'choose the kernels of these works first, as `pnpm tune` does',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

async function tuneFirst(wantedAdapter: string | undefined): Promise<void> {
  const device = await openDevice({ adapter: wantedAdapter, tuning: false });
  const { signal, dispose } = interruptOnce({ finishing: 'finishing this kernel; nothing is saved' });
  try {
    const path = tuningFile(adapterKey(device.adapter));
    const works = tuneWorks.filter(({ id }) => gpuWorks.includes(id));
    console.log(`${formatTuned(await tuneAndSave(device, works, { repeats: 7, path, signal }))}\n`);
  } finally {
    dispose();
    device.close();
  }
}

export const gpuCommand = {
  name: 'pnpm bench gpu',
  summary:
    'Chooses kernels, then measures on a GPU what this project set itself there, beside PyTorch with CUDA on the same card: large products in f32 and f16, the ClipCap-sized step, ViT-B/32 at batch 64, GPT-2 token by token; each bar is met, missed, or unmeasured and why.',
  flags,
  async run({ values: { python, repeats, json, tune, adapter: wantedAdapter } }) {
    const adapter = await adapterHere(wantedAdapter);
    if (adapter.kind === 'software') {
      console.log(`${formatBars(unmeasuredBars(gpuBars, 'no GPU'))}\n`);
      throw new CommandError(`this is no GPU, so nothing was measured: ${describeAdapter(adapter)}`, {
        cure: 'run it where `pnpm run doctor` shows a GPU; --adapter NAME chooses one of several adapters',
        exitCode: 3,
      });
    }
    if (tune) await tuneFirst(wantedAdapter);
    await compareAndReport({
      adapter,
      peers: peers.filter(({ id }) => id === 'pytorch'),
      works: chooseWorks({ names: gpuWorks, adapter }),
      repeats,
      python,
      judge: judgeGpuBars,
      barsFor: 'GPUs; PyTorch eager, TF32 off',
      kind: 'gpu',
      json,
      isWhole: true,
    });
  },
} satisfies Command<typeof flags>;
