// `pnpm bench gpu`: everything the bars for GPUs need, in one command. On a software adapter it measures nothing.
import { CommandError, defineFlags, type Command } from '@foreword/cli-kit';
import { describeAdapter } from '@foreword/tensor/node';
import { peers } from '../engines/peers.ts';
import { formatBars, unmeasuredBars } from '../report/bars.ts';
import { gpuBars, gpuWorks, judgeGpuBars } from '../report/gpu-bars.ts';
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
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

export const gpuCommand = {
  name: 'pnpm bench gpu',
  summary:
    'Measures on a GPU what this project set itself there, beside PyTorch with CUDA on the same card: large products in f32 and f16, the ClipCap-sized step, ViT-B/32 at batch 64, GPT-2 token by token; each bar is met, missed, or unmeasured and why.',
  flags,
  async run({ values: { python, repeats, json, adapter: wantedAdapter } }) {
    const adapter = await adapterHere(wantedAdapter);
    if (adapter.kind === 'software') {
      console.log(`${formatBars(unmeasuredBars(gpuBars, 'no GPU'))}\n`);
      throw new CommandError(`this is no GPU, so nothing was measured: ${describeAdapter(adapter)}`, {
        cure: 'run it where `pnpm run doctor` shows a GPU; --adapter NAME chooses one of several adapters',
        exitCode: 3,
      });
    }
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
