// `pnpm models`: which models are known and cached; `pnpm models get NAME` fetches one.
import { defineFlags, interruptOnce, runCommand, UsageError } from '@foreword/cli-kit';
import { hubNameOf } from '@foreword/clip/node';
import { listCache, readEnvironment, resolveModel, type CachedModel } from '@foreword/hub/node';
import { downloadBar } from '../models/download-bar.ts';
import { explainModel } from '../models/explain-model.ts';
import { formatBytes } from '../models/format-bytes.ts';
import { knownModels } from '../models/known-models.ts';

const flags = defineFlags({
  revision: {
    type: 'string',
    placeholder: 'NAME',
    describe: 'get: branch, tag or commit of the repository (default: main)',
  },
  refresh: { type: 'boolean', describe: 'get: ask what the revision stands for now, although it is cached' },
  json: { type: 'boolean', describe: 'print JSON: {"known": […], "cached": […], "cacheFolder"}' },
});

await runCommand({
  name: 'pnpm models',
  summary: 'Lists the models that are known and those in the cache, or fetches one.',
  usage: '[get NAME…] [flags]',
  flags,
  positionals: {
    name: 'words',
    describe: '`get` and names: gpt2, owner/name, ViT-B/32, or the URL of a file',
  },
  notes: [
    'The cache is that of Python’s huggingface_hub (HF_HOME, HF_HUB_CACHE). Downloads resume where they were cut.',
    'HF_ENDPOINT names a mirror, HF_TOKEN a token for models that need one.',
  ],
  async run({ values, positionals: [word, ...names], given }) {
    if (word === undefined) {
      if (given.has('revision') || given.has('refresh'))
        throw new UsageError('--revision and --refresh go with `pnpm models get NAME`');
      const cached = await listCache();
      const { hubCache: cacheFolder } = readEnvironment();
      process.stdout.write(
        values.json
          ? `${JSON.stringify({ known: knownModels, cached, cacheFolder }, null, 2)}\n`
          : table(cached, cacheFolder),
      );
      return;
    }
    if (word !== 'get' || names.length === 0) {
      throw new UsageError(word === 'get' ? 'get needs the name of a model' : `unknown word "${word}"`, {
        cure: `pnpm models get ${word === 'get' ? 'gpt2' : word}`,
      });
    }
    const { signal } = interruptOnce({ finishing: 'stopping; what has come is kept' });
    for (const name of names) {
      const bar = downloadBar();
      const { revision, refresh } = values;
      const options = { revision, refresh, signal, progress: bar.progress };
      const model = await explainModel(name, async () => resolveModel(hubNameOf(name), options)).finally(() =>
        bar.finish(),
      );
      const { files, commit, folder = '' } = model;
      process.stdout.write(
        values.json
          ? `${JSON.stringify({ name, commit, folder, files })}\n`
          : `${name}: ${files.join(', ')}\n  in ${folder}\n`,
      );
    }
  },
});

function table(cached: readonly CachedModel[], cacheFolder: string): string {
  const found = new Map(cached.map((model) => [model.name, model]));
  const others = cached.filter(({ name }) => !knownModels.some((known) => known.name === name));
  const rows = [
    ['name', 'kind', 'parameters', 'download', 'cached'],
    ...knownModels.map(({ name, kind, parameters, downloadBytes }) => [
      name,
      kind,
      `${parameters} M`,
      formatBytes(downloadBytes),
      sizeOf(found.get(name)),
    ]),
    ...others.map((model) => [model.name, model.kind === 'url' ? 'from a URL' : '', '', '', sizeOf(model)]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isNumber = [false, false, true, true, false];
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const bytes = cached.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return [
    ...lines,
    '',
    `cache: ${cacheFolder}, ${formatBytes(bytes)}`,
    'pnpm models get NAME fetches one; OpenAI’s ResNets (RN50, RN50x4, …) are files: get their URL, or name a .pt file',
    '',
  ].join('\n');
}

/** What is on the disk, and what is not yet. */
function sizeOf(model: CachedModel | undefined): string {
  if (model === undefined) return '–';
  const { files, sizeBytes, unfinishedBytes } = model;
  if (unfinishedBytes > 0)
    return `${formatBytes(sizeBytes)}, ${formatBytes(unfinishedBytes)} of it unfinished`;
  const hasWeights = files.some((file) => /\.(safetensors|bin|pt|pth)$/.test(file));
  return hasWeights ? formatBytes(sizeBytes) : `${formatBytes(sizeBytes)}, no weights`;
}
