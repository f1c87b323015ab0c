// `pnpm run profile` (`pnpm profile` is a command of pnpm's own): where the time of one training step goes, kernel by kernel.
import { defineFlags, runCommand, writeFileAtomic } from '@foreword/cli-kit';
import { describeAdapter, openDevice, type ProfileRow } from '@foreword/tensor/node';
import { openEmbeddedStep } from '@foreword/trainer';
import { measurePeaks } from '../measure-peaks.ts';
import { describeMachine, formatHeading } from '../report/machine.ts';
import { formatOpProfile, profileByOp } from '../report/op-profile.ts';

const flags = defineFlags({
  prefix: { type: 'integer', default: 20, min: 1, max: 512, describe: 'prefix length P' },
  batch: { type: 'integer', default: 16, min: 1, max: 4096, describe: 'captions per step' },
  tokens: {
    type: 'integer',
    default: 16,
    min: 1,
    max: 1024,
    describe: 'tokens per caption, padding included',
  },
  repeats: { type: 'integer', default: 5, min: 1, max: 1000, describe: 'steps timed, after two warm-ups' },
  json: { type: 'string', placeholder: 'FILE', describe: 'write the rows there too' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm run profile',
  summary:
    "Times every kernel of one training step by timestamp queries: the embedded dataset's backbones, MLP mapper, GPT-2 frozen.",
  flags,
  async run({ values: { prefix, batch, tokens, repeats, json, adapter } }) {
    const device = await openDevice({ adapter });
    try {
      const machine = await describeMachine();
      const step = await openEmbeddedStep(device, { prefix, batch, tokens });
      const runs: (readonly ProfileRow[])[] = [];
      for (let run = -2; run < repeats; run++) {
        const rows = await step.plan.profile();
        if (run >= 0) runs.push(rows);
      }
      await step.dispose();
      const peaks = await measurePeaks(device);
      const ops = profileByOp(runs, peaks);
      const title = `training step: P ${prefix}, batch ${batch}, ${tokens} tokens`;
      const tunedKernels = Object.keys(device.choices.table).length;
      console.log(
        `${formatHeading(device.adapter, machine, { repeats, peaks, tunedKernels })}\n\n${title}\n`,
      );
      console.log(formatOpProfile(ops));
      if (json !== undefined) {
        const adapterName = describeAdapter(device.adapter);
        const report = { adapter: adapterName, machine, prefix, batch, tokens, repeats, peaks, ops };
        await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
        console.log(`\nwritten: ${json}`);
      }
    } finally {
      device.close();
    }
  },
});
