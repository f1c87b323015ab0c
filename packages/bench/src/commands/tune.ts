// `pnpm tune`: times every kernel that could do the same work on this adapter, and saves which was the fastest.
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  CommandError,
  defineFlags,
  interruptOnce,
  ProgressBar,
  runCommand,
  writeFileAtomic,
} from '@foreword/cli-kit';
import {
  adapterKey,
  describeAdapter,
  engineVersion,
  meetChoices,
  openDevice,
  readTuning,
  tune,
  tuningFile,
  tuningOf,
  type TunedChoice,
  type Tuning,
} from '@foreword/tensor/node';
import { describeMachine, formatHeading } from '../report/machine.ts';
import { formatExplained, formatTuned } from '../report/tuned-table.ts';
import { tuneWorks } from '../tune/tune-works.ts';
import { chooseNames } from './choose-names.ts';

/** The table, and what it was made from. */
interface SavedTuning extends Tuning {
  measured: TunedChoice[];
}

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
      const saved = (await readTuning(key, path)) as SavedTuning | undefined;
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
      const sites = await meetChoices(device, async () => {
        const bar = new ProgressBar({ label: 'looking at', unit: 'work', total: works.length });
        for (const [done, { id, run }] of works.entries()) {
          bar.update(done, { work: id });
          await run(device);
        }
        bar.finish();
      });
      const bar = new ProgressBar({ label: 'tune', unit: 'choice', total: sites.length });
      const tuned = await tune(device, sites, {
        repeats,
        signal,
        onChoice: ({ key: choice }, done) => bar.update(done, { choice }),
      });
      bar.finish();
      console.log(`${formatHeading(device.adapter, await describeMachine(), { repeats })}\n`);
      console.log(formatTuned(tuned));
      // Choices of works that were not looked at now stay as they are.
      const met = new Set(tuned.map((choice) => choice.key));
      const measured = [...(saved?.measured ?? []).filter((choice) => !met.has(choice.key)), ...tuned];
      const tuning: SavedTuning = { ...tuningOf(device, measured), measured };
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, `${JSON.stringify(tuning, null, 2)}\n`);
      console.log(`\nwritten: ${path}`);
    } finally {
      device.close();
    }
  },
});
