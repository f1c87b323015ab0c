// `pnpm tune`: times every kernel that could do the same work on this adapter, and saves which was the fastest.
import { resolve } from 'node:path';
import { CommandError, defineFlags, interruptOnce, runCommand } from '@foreword/cli-kit';
import { adapterKey, describeAdapter, engineVersion, openDevice, tuningFile } from '@foreword/tensor/node';
import { describeMachine, formatHeading } from '../report/machine.ts';
import { formatExplained, formatTuned } from '../report/tuned-table.ts';
import { readSavedTuning, tuneAndSave } from '../tune/tune-and-save.ts';
import { tuneWorks } from '../tune/tune-works.ts';
import { chooseNames } from './choose-names.ts';

const workNames = tuneWorks.map(({ id }) => id);

const flags = defineFlags({
  work: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `whose kernels to choose, comma-separated: ${workNames.join(', ')} (default: on a software adapter the embedded models and the small step, on a GPU all)`,
  },
  repeats: {
    type: 'integer',
    default: 7,
    min: 1,
    max: 1000,
    describe: 'timings of each kernel, after one warm-up',
  },
  explain: {
    type: 'boolean',
    describe:
      'measure nothing; show what was found before: every kernel tried, its time, why it was taken or not',
  },
  out: {
    type: 'string',
    placeholder: 'FILE',
    describe: "where to write (default: the user's cache, where other commands look)",
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm tune',
  summary:
    'Times, on this adapter, every kernel that could compute the products and attentions of some works, checks that they agree, and saves the fastest for all later commands. Without it, defaults are taken.',
  flags,
  async run({ values: { work, repeats, explain, out, adapter } }) {
    const chosen = new Set<string>(chooseNames(work, workNames, { flag: '--work', what: 'work' }));
    const device = await openDevice({ adapter, tuning: false });
    try {
      const key = adapterKey(device.adapter);
      const path = out === undefined ? tuningFile(key) : resolve(out);
      const saved = await readSavedTuning(key, path);
      if (explain) {
        if (!saved) {
          throw new CommandError(
            `nothing is saved for this adapter and engine ${engineVersion}: there is no ${path}`,
            {
              cure: 'run `pnpm tune` first',
            },
          );
        }
        console.log(`adapter  ${describeAdapter(device.adapter)}\nsaved    ${path}\n`);
        console.log(formatExplained(saved.measured));
        return;
      }
      const { signal } = interruptOnce({ finishing: 'finishing this kernel; nothing is saved' });
      const works = tuneWorks.filter(
        ({ id, heavy }) => chosen.has(id) && (work !== undefined || !heavy || device.adapter.kind === 'gpu'),
      );
      const machine = await describeMachine();
      const tuned = await tuneAndSave(device, works, { repeats, path, signal });
      console.log(`${formatHeading(device.adapter, machine, { repeats, tunedKernels: 0 })}\n`);
      console.log(`${formatTuned(tuned)}\n\nwritten: ${path}`);
    } finally {
      device.close();
    }
  },
});
