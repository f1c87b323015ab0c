// `pnpm features`: CLIP features of a large dataset, on one machine or many; `pnpm features merge DIR` joins them.
import { resolve } from 'node:path';
import {
  defineFlags,
  describeShard,
  interruptOnce,
  parseShard,
  runCommand,
  shardOfEnvironment,
  UsageError,
  type FlagValues,
} from '@foreword/cli-kit';
import { formatNames } from '@foreword/caption-data';
import { describeAdapter, openDevice } from '@foreword/tensor/node';
import { openDataset } from '../data/dataset.ts';
import { backbonesRoot, shownPath } from '../data/repository.ts';
import { localClipFolder, placeOf } from '../features/backbone-places.ts';
import { loadClipBackbone } from '../features/backbones.ts';
import { claimFolder, computeChunks, mergeChunks, planChunks } from '../features/feature-chunks.ts';

const flags = defineFlags({
  dataset: {
    type: 'string',
    placeholder: 'NAME',
    describe: `scenes, a path, or FORMAT:PATH with ${formatNames.join(', ')}`,
  },
  out: { type: 'string', placeholder: 'DIR', describe: 'folder of the chunks; all shards share it' },
  shard: {
    type: 'string',
    placeholder: 'I/N',
    describe:
      'do the I-th of N parts (default: what a Slurm array or an indexed Kubernetes Job says, else 1/1)',
  },
  pictures: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder of the pictures, where they do not lie beside the captions',
  },
  backbones: {
    type: 'string',
    placeholder: 'DIR',
    describe: 'folder with the frozen CLIP in clip/ (default: datasets/scenes/backbones)',
  },
  clip: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'CLIP to take instead: openai/clip-vit-base-patch32, ViT-B/32, or ./folder',
  },
  check: { type: 'boolean', describe: 'say what the dataset holds and what is left out, and stop' },
  chunk: { type: 'integer', default: 256, min: 1, max: 1_000_000, describe: 'pictures per file' },
  strict: { type: 'boolean', describe: 'stop at an unreadable picture instead of skipping it' },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm features',
  summary: 'Computes the CLIP features of a dataset, resumable and in parts, for `pnpm train` to find.',
  usage: '--dataset NAME --out DIR [--shard I/N]   or   pnpm features merge DIR',
  flags,
  positionals: {
    name: 'merge DIR',
    describe: 'joins the chunks in DIR and puts them into the cache',
    max: 2,
  },
  notes: ['What a killed process has finished stays: the same command again computes what is missing.'],
  async run({ values, positionals }) {
    const [word, dir] = positionals;
    if (word === undefined) return await extract(values);
    if (word !== 'merge' || dir === undefined)
      throw new UsageError(`"${positionals.join(' ')}" is not understood`, {
        cure: 'pnpm features merge DIR',
      });
    return await merge(dir);
  },
});

async function extract(values: FlagValues<typeof flags>): Promise<void> {
  const { dataset: name, out, pictures, strict, chunk } = values;
  if (values.check && name !== undefined) return await check(name, { pictures, strict });
  if (name === undefined || out === undefined)
    throw new UsageError(`--${name === undefined ? 'dataset' : 'out'} is missing`, {
      cure: 'pnpm features --dataset coco:/data/coco --out features',
    });
  const shard = (values.shard === undefined ? shardOfEnvironment() : parseShard(values.shard)) ?? {
    ...parseShard('1/1'),
    from: 'all of it',
  };
  const place =
    values.clip === undefined
      ? resolve(values.backbones ?? backbonesRoot, 'clip')
      : await placeOf(values.clip);
  const { signal } = interruptOnce({ finishing: 'stopping; finished chunks stay' });
  const device = await openDevice({ adapter: values.adapter });
  process.stderr.write(`adapter: ${describeAdapter(device.adapter)}\n${describeShard(shard)}\n`);
  const dataset = await openDataset(name, { pictures, strict, signal });
  process.stderr.write(`dataset: ${dataset.summary}\n`);
  for (const line of [...dataset.notes, ...dataset.skipped]) process.stderr.write(`note: ${line}\n`);
  const { clip, clipHash } = await loadClipBackbone(device, await localClipFolder(place, signal));
  const plan = await planChunks(dataset, { clip, weightsHash: clipHash, chunk });
  await claimFolder(out, plan);
  const { encoded, found, skipped } = await computeChunks(out, plan, dataset, {
    clip,
    shard,
    strict,
    signal,
  });
  for (const line of skipped) process.stderr.write(`note: ${line}\n`);
  process.stdout.write(
    `${describeShard(shard)}: ${encoded} pictures encoded, ${found} were there, ${skipped.length} unreadable\n` +
      `when all shards are done: pnpm features merge ${shownPath(resolve(out))}\n`,
  );
  device.close();
}

/** What a training would read, without a GPU. */
async function check(
  name: string,
  options: { pictures: string | undefined; strict: boolean },
): Promise<void> {
  const { summary, notes, skipped } = await openDataset(name, options);
  process.stdout.write([summary, ...notes, ...skipped].map((line) => `${line}\n`).join(''));
}

async function merge(dir: string): Promise<void> {
  for (const { split, path, pictures, skipped } of await mergeChunks(dir)) {
    for (const line of skipped) process.stderr.write(`note: ${line}\n`);
    process.stdout.write(
      `${split}: ${pictures} features, ${skipped.length} pictures unreadable → ${shownPath(path)}\n`,
    );
  }
}
