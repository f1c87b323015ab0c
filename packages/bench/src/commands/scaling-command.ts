// `pnpm bench scaling`: what training costs at other sizes and elsewhere, on paper; with --measure also on this adapter.
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineFlags, ProgressBar, writeFileAtomic, type Command } from '@foreword/cli-kit';
import { describeAdapter, openDevice } from '@foreword/tensor/node';
import { describeMachine, repositoryRoot } from '../report/machine.ts';
import { measureCells } from '../scaling/measure-cells.ts';
import { modelNames } from '../scaling/model-sizes.ts';
import { scalingPage, type ScalingOptions } from '../scaling/scaling-page.ts';
import { cocoPictures } from '../scaling/study-hours.ts';
import { readNumbers } from './read-numbers.ts';

const flags = defineFlags({
  tflops: {
    type: 'string',
    default: '2,10,30',
    placeholder: 'NUMBERS',
    describe: 'rates that a step reaches, in TFLOP/s, comma-separated',
  },
  machines: {
    type: 'string',
    default: '1,2,4,8',
    placeholder: 'NUMBERS',
    describe: 'numbers of machines, comma-separated',
  },
  lengths: {
    type: 'string',
    default: '1,10,20',
    placeholder: 'NUMBERS',
    describe: 'prefix lengths of the study, comma-separated',
  },
  seeds: { type: 'integer', default: 3, min: 1, max: 1000, describe: 'trainings per length' },
  examples: {
    type: 'integer',
    default: cocoPictures,
    min: 1,
    max: 1e9,
    describe: 'examples per epoch (566747 shows every caption of COCO)',
  },
  epochs: { type: 'integer', default: 10, min: 1, max: 10_000, describe: 'epochs per training' },
  batch: { type: 'integer', default: 40, min: 1, max: 65_536, describe: 'captions per step' },
  tokens: {
    type: 'integer',
    default: 22,
    min: 1,
    max: 1024,
    describe: 'tokens per caption, padding included',
  },
  model: {
    type: 'choices',
    choices: modelNames,
    default: '124M',
    describe: 'GPT-2 of the base and of the study',
  },
  measure: { type: 'boolean', describe: 'time small steps on the adapter as well' },
  repeats: { type: 'integer', default: 5, min: 1, max: 1000, describe: 'with --measure: timings per step' },
  adapter: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'with --measure: part of the name of the WebGPU adapter to use',
  },
  out: { type: 'string', placeholder: 'FILE', describe: 'where to write (default: benchmarks/scaling.md)' },
});

async function measure(repeats: number, adapter?: string): Promise<ScalingOptions['measured']> {
  const load = await describeMachine();
  const device = await openDevice({ adapter });
  const bar = new ProgressBar({ label: 'bench scaling', unit: 'part' });
  let done = 0;
  try {
    const cells = await measureCells(device, {
      repeats,
      progress: (part) => bar.update(done++, { part }),
    });
    bar.finish();
    return { adapter: describeAdapter(device.adapter), load, cells };
  } finally {
    device.close();
  }
}

export const scalingCommand = {
  name: 'pnpm bench scaling',
  summary:
    'Computes how operations, bytes and memory of a training step grow with prefix, batch, caption length and model, and how many hours a study of prefix lengths on COCO takes on one machine and on several. Writes a page in Markdown.',
  flags,
  async run({ values }) {
    const { tflops, machines, lengths, out, measure: measured, repeats, adapter, ...sizes } = values;
    const options: ScalingOptions = {
      ...sizes,
      command: ['pnpm bench', ...process.argv.slice(2)].join(' '),
      teraflops: readNumbers(tflops, { flag: '--tflops' }),
      machines: readNumbers(machines, { flag: '--machines', whole: true }),
      lengths: readNumbers(lengths, { flag: '--lengths', whole: true }),
      ...(measured && { measured: await measure(repeats, adapter) }),
    };
    const page = scalingPage(options);
    console.log(page);
    const path = out === undefined ? join(repositoryRoot, 'benchmarks/scaling.md') : resolve(out);
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, page);
    console.log(`written: ${path}`);
  },
} satisfies Command<typeof flags>;
