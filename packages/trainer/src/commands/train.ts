// `pnpm train`: pictures and captions in, a trained mapper, captions of the test split and their scores out.
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import {
  CommandError,
  interruptOnce,
  InterruptedError,
  parseFlags,
  runCommand,
  UsageError,
} from '@foreword/cli-kit';
import { Captioner, createMapper } from '@foreword/prefix-mapper';
import { describeAdapter, openDevice } from '@foreword/tensor/node';
import { backbonesRoot, currentCommit, runsRoot, shownPath } from '../data/repository.ts';
import { restoreCheckpoint } from '../run/checkpoint.ts';
import { RunFolder } from '../run/run-folder.ts';
import { prepare } from '../train/prepare.ts';
import { scoreTest, type Sample, type TestScores } from '../train/score-test.ts';
import { toSettings, trainFlags, type Settings, type TrainFlags } from '../train/settings.ts';
import { trainMapper } from '../train/train-mapper.ts';

await runCommand({
  name: 'pnpm train',
  summary: 'Trains a prefix mapper over frozen CLIP and GPT-2, then captions the test split and scores it.',
  flags: trainFlags,
  async run({ values, given }) {
    const startedAt = performance.now();
    const flags = values.config ? await withConfigFile(values.config) : values;
    if (flags.resume !== undefined && flags.out !== undefined)
      throw new UsageError('--resume continues in its own folder; leave out --out');
    const resume = flags.resume !== undefined;
    const folder = new RunFolder(flags.resume ?? flags.out ?? defaultFolder(flags));
    const config = resume ? await folder.readJson('config.json') : undefined;
    const settings = config ? resumedSettings(config, given, flags) : toSettings(flags);
    const interrupt = interruptOnce({ finishing: 'finishing the step and saving' });
    const { signal } = interrupt;
    const device = await openDevice({ adapter: flags.adapter });
    process.stderr.write(`adapter: ${describeAdapter(device.adapter)}\n`);

    const folders = { clip: join(backbonesRoot, 'clip'), gpt2: join(backbonesRoot, 'gpt2') };
    const prepared = await prepare(device, settings, folders, signal);
    const { clip, gpt2, tokenizer, sets, dataset, stopToken } = prepared;
    for (const line of [...dataset.notes, ...prepared.skipped.slice(0, 10)])
      process.stderr.write(`note: ${line}\n`);
    const mapper = createMapper(
      device,
      {
        type: settings.mapper,
        prefixLength: settings.prefix,
        featureSize: clip.config.embedDim,
        embeddingSize: gpt2.config.n_embd,
        ...transformerSizes(settings),
      },
      { seed: settings.seed },
    );
    if (!resume) {
      await folder.create();
      const toFolder = (path: string): string => relative(folder.path, path);
      await folder.writeJson('config.json', {
        settings,
        mapper: mapper.config,
        backbones: { clip: toFolder(folders.clip), gpt2: toFolder(folders.gpt2) },
        stopToken,
        normalizePrefix: false,
        dataset: { name: dataset.name, digest: dataset.digest },
        weights: { clip: prepared.clipHash, gpt2: prepared.gpt2Hash },
        adapter: device.adapter,
        commit: await currentCommit(),
      });
    }
    const preparedAt = performance.now();
    const trained = { mapper, gpt2, tuneGpt2: settings.tuneGpt2 };
    const result = await trainMapper({
      ...trained,
      device,
      settings,
      train: sets.train,
      val: sets.val,
      folder,
      resume,
      maxSteps: flags.maxSteps,
      signal,
    });
    if (result.interrupted) {
      const path = shownPath(folder.path);
      throw new InterruptedError(
        `interrupted after step ${result.steps}; saved. Continue with: pnpm train --resume ${path}`,
      );
    }
    const trainedAt = performance.now();
    await restoreCheckpoint(folder.file('checkpoints/best.safetensors'), trained);
    const captioner = new Captioner({ gpt2, mapper, tokenizer, stop: [stopToken], batch: 50 });
    const maxTokens = Math.min(40, gpt2.config.n_positions - settings.prefix);
    const training = sets.train.examples.flatMap((e) => e.captions);
    const { scores, samples } = await scoreTest(captioner, sets.test, { training, maxTokens, signal });
    await folder.writeLines('samples.jsonl', samples);
    const seconds = {
      prepare: (preparedAt - startedAt) / 1000,
      train: (trainedAt - preparedAt) / 1000,
      score: (performance.now() - trainedAt) / 1000,
    };
    await folder.writeJson('summary.json', {
      scores,
      steps: result.steps,
      bestValLoss: result.bestValLoss,
      counts: Object.fromEntries(
        Object.entries(sets).map(([split, { examples }]) => [split, examples.length]),
      ),
      skipped: prepared.skipped,
      decoding: 'greedy',
      seconds,
    });
    process.stdout.write(report(settings, scores, samples, folder.path, seconds));
    device.close();
  },
});

async function withConfigFile(path: string): Promise<TrainFlags> {
  let base: unknown;
  try {
    base = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new CommandError(`--config ${path} cannot be used: ${(error as Error).message}`, {
      cure: 'give a JSON file such as {"prefix": 20, "epochs": 5}',
    });
  }
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    throw new CommandError(`--config ${path} holds no object of flag values`, {
      cure: 'write it like {"prefix": 20, "epochs": 5}',
    });
  }
  return parseFlags(process.argv.slice(2), trainFlags, {
    base: base as Record<string, unknown>,
    baseLabel: path,
  }).values;
}

/** A resumed run keeps its settings; flags that would change what it computes are refused. */
function resumedSettings(
  config: Record<string, unknown>,
  given: ReadonlySet<string>,
  flags: TrainFlags,
): Settings {
  const settings = config.settings as Settings | undefined;
  if (!settings)
    throw new CommandError('config.json of the run has no "settings"', { cure: 'start a new run' });
  const asked = toSettings(flags);
  for (const key of Object.keys(asked) as (keyof Settings)[]) {
    if (given.has(key) && asked[key] !== settings[key]) {
      throw new UsageError(
        `--resume continues with ${key} ${String(settings[key])}; ${String(asked[key])} would be another run`,
      );
    }
  }
  return settings;
}

function defaultFolder({ prefix, mapper }: TrainFlags): string {
  return join(runsRoot, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-p${prefix}-${mapper}`);
}

/** ClipCap's transformer is 8 layers of width 768; beside a tiny GPT-2 a smaller one does. */
function transformerSizes({ mapper, prefix }: Settings) {
  return mapper === 'transformer' ? { clipLength: prefix, layers: 4, heads: 8 } : {};
}

function report(
  settings: Settings,
  scores: TestScores,
  samples: readonly Sample[],
  path: string,
  seconds: Record<string, number>,
): string {
  const cells = [
    ...scores.bleu.map((b, i) => [`BLEU-${i + 1}`, (100 * b).toFixed(2)]),
    ['ROUGE-L', (100 * scores.rougeL).toFixed(2)],
    ['CIDEr', (100 * scores.ciderD).toFixed(2)],
  ];
  const widths = cells.map(([head, value]) => Math.max(head.length, value.length));
  const row = (i: 0 | 1): string => cells.map((cell, c) => cell[i].padStart(widths[c])).join('  ');
  const shown = samples.filter((_, i) => i % Math.max(1, Math.floor(samples.length / 6)) === 0).slice(0, 6);
  const pictures = shown.map(
    ({ caption, references, picture }) =>
      `${shownPath(picture)}\n  → ${caption}\n${references.map((r) => `    ${r}`).join('\n')}`,
  );
  const right =
    scores.namedRight === undefined
      ? ''
      : `colours and kinds named rightly in ${(100 * scores.namedRight).toFixed(1)} % of the pictures\n`;
  const times = Object.entries(seconds)
    .map(([what, s]) => `${what} ${s.toFixed(0)} s`)
    .join(', ');
  return `
Six of ${scores.pictures} test pictures: the caption (→) and its references
${pictures.join('\n')}

Test split, prefix length ${settings.prefix}, ${settings.mapper} mapper, GPT-2 ${settings.tuneGpt2 ? 'tuned' : 'frozen'}, greedy decoding (× 100)
${row(0)}
${row(1)}
${right}
run folder: ${shownPath(path)}  (config.json, metrics.jsonl, loss.svg, samples.jsonl, summary.json, checkpoints/)
caption a picture: pnpm caption PICTURE --run ${shownPath(path)}
time: ${times}
`;
}
