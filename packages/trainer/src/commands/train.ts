// `pnpm train`: pictures and captions in, a trained mapper, captions of the test split and their scores out.
import { join, relative, resolve } from 'node:path';
import {
  assertWritable,
  interruptOnce,
  InterruptedError,
  runCommand,
  UsageError,
  writeFileAtomic,
} from '@foreword/cli-kit';
import { imageTokenCount } from '@foreword/clip';
import { Lora } from '@foreword/gpt2';
import { seeded } from '@foreword/nn';
import { Captioner, createMapper, featureSpaceEntries, positionsBefore } from '@foreword/prefix-mapper';
import { describeAdapter, openDevice, safetensorsChunks } from '@foreword/tensor/node';
import type { Split } from '../data/dataset.ts';
import { backbonesRoot, currentCommit, runsRoot, shownPath } from '../data/repository.ts';
import { isOnHub, localFolders, placeOf, type BackbonePlaces } from '../features/backbone-places.ts';
import { restoreCheckpoint } from '../run/checkpoint.ts';
import { initialiseFrom, openInitRun } from '../run/init-run.ts';
import { RunFolder } from '../run/run-folder.ts';
import { parseSaveEvery } from '../run/save-every.ts';
import {
  assertSameInputs,
  recordedBackbones,
  recordedKernels,
  recordedLimits,
  recordedSettings,
  type RunRecord,
} from '../run/run-record.ts';
import { prepare, type Prepared } from '../train/prepare.ts';
import { mapperConfigOf } from '../train/mapper-of.ts';
import { loraOf } from '../train/regime.ts';
import { captionAndScore } from '../train/caption-and-score.ts';
import { formatReport } from '../train/format-report.ts';
import { readFlags } from '../train/read-flags.ts';
import { SelfCritic } from '../train/self-critical.ts';
import { toSettings, trainFlags, type Settings, type TrainFlags } from '../train/settings.ts';
import { trainMapper } from '../train/train-mapper.ts';

/** In the run folder, after a training on texts only. */
const spaceFile = 'feature-space.safetensors';

await runCommand({
  name: 'pnpm train',
  summary: 'Trains a prefix mapper over frozen CLIP and GPT-2, then captions the test split and scores it.',
  flags: trainFlags,
  async run({ values, given }) {
    const startedAt = performance.now();
    const { flags, init: asksInit } = await readFlags(values);
    if (flags.resume !== undefined && flags.out !== undefined)
      throw new UsageError('--resume continues in its own folder; leave out --out');
    if (flags.resume !== undefined && flags.config !== undefined)
      throw new UsageError('--resume continues with its own settings; leave out --config');
    const resume = flags.resume !== undefined;
    const folder = new RunFolder(resolve(flags.resume ?? flags.out ?? defaultFolder(flags)));
    const recorded = resume ? await folder.readJson('config.json') : undefined;
    const asked = toSettings(flags);
    const wanted = recorded ? recordedSettings(folder, recorded, { asked, given }) : asked;
    const kept = recorded && recordedLimits(folder, recorded);
    const maxSteps = flags.maxSteps ?? kept?.maxSteps;
    const saveEvery = kept && !given.has('saveEvery') ? kept.saveEvery : flags.saveEvery;
    const saveTimes = parseSaveEvery(saveEvery);
    if (recorded) await folder.clean();
    await (recorded ? assertWritable(folder.path) : folder.assertFree());
    // A run that was ended before it saved anything begins anew in its place.
    const goesOn = resume && (await folder.hasSaved());
    if (resume && !goesOn)
      process.stderr.write('note: this run has saved nothing yet; it begins at step 0\n');
    const init = resume && !goesOn && wanted.init !== undefined ? await openInitRun(wanted.init) : asksInit;
    const places = await backbonesOf(flags, recorded ? recordedBackbones(folder, recorded) : init?.places);
    const { signal } = interruptOnce({ finishing: 'finishing the step and saving' });
    // A resumed run goes on with the kernels it began with, whatever was tuned since.
    const device = await openDevice({
      adapter: flags.adapter,
      tuning: recorded && recordedKernels(recorded),
    });
    process.stderr.write(`adapter: ${describeAdapter(device.adapter)}\n`);

    const prepared = await prepare(device, wanted, await localFolders(places, signal), signal);
    const { clip, gpt2, tokenizer, sets, dataset, stopTokens, space } = prepared;
    const settings = { ...wanted, warmup: wanted.warmup ?? defaultWarmup(wanted, sets.train) };
    process.stderr.write(`dataset: ${dataset.summary}\n`);
    for (const line of [...dataset.notes, ...listed(prepared.skipped)])
      process.stderr.write(`note: ${line}\n`);
    if (recorded) assertSameInputs(folder, recorded, prepared);
    const mapper = createMapper(
      device,
      mapperConfigOf(settings, {
        featureSize: sets.train.D,
        featureRows: settings.visual === 'patches' ? imageTokenCount(clip.config) : 1,
        embeddingSize: gpt2.config.n_embd,
        placement: prepared.placement,
      }),
      { seed: settings.seed },
    );
    const loraConfig = loraOf(settings);
    const lora = loraConfig && new Lora(seeded(device, { seed: settings.seed }), gpt2.config, loraConfig);
    gpt2.adapt(lora);
    if (!resume) {
      await folder.create();
      const recordedAs = (place: string): string => (isOnHub(place) ? place : relative(folder.path, place));
      const record: RunRecord = {
        settings,
        maxSteps,
        saveEvery,
        mapper: mapper.config,
        backbones: { clip: recordedAs(places.clip), gpt2: recordedAs(places.gpt2) },
        stopTokens,
        normalizePrefix: settings.visual === 'normalised',
        lora: loraConfig,
        dtype: settings.dtype,
        featureSpace: space && spaceFile,
        dataset: { name: dataset.name, digest: dataset.digest, pictures: countsOf(sets) },
        weights: { clip: prepared.clipHash, gpt2: prepared.gpt2Hash },
        adapter: device.adapter,
        kernels: device.choices.table,
        commit: await currentCommit(),
      };
      await folder.writeJson('config.json', record);
    } else if (maxSteps !== kept?.maxSteps || saveEvery !== kept?.saveEvery) {
      await folder.writeJson('config.json', { ...recorded, maxSteps, saveEvery });
    }
    if (space && !goesOn) {
      const { entries, metadata } = featureSpaceEntries(space, mapper.config.featureSize);
      await writeFileAtomic(folder.file(spaceFile), safetensorsChunks(entries, metadata));
    }
    const preparedAt = performance.now();
    const trained = { mapper, gpt2, tuneGpt2: settings.tuneGpt2, lora };
    if (init) await initialiseFrom(init, trained, prepared);
    const maxTokens = Math.min(40, gpt2.config.n_positions - positionsBefore(mapper.config));
    const { samples: drawn } = settings;
    const critic =
      drawn !== undefined
        ? new SelfCritic({
            captioner: new Captioner({
              gpt2,
              mapper,
              tokenizer,
              stop: stopTokens,
              batch: Math.min(128, drawn * settings.batch),
            }),
            ...sets,
            samples: drawn,
            seed: settings.seed,
            maxTokens,
          })
        : undefined;
    const result = await trainMapper({
      ...trained,
      device,
      settings,
      train: sets.train,
      val: sets.val,
      folder,
      resume: goesOn,
      maxSteps,
      saveEvery: saveTimes,
      critic,
      noise: space && { deviation: settings.noise ?? 0, length: space.length },
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
    gpt2.merge();
    const captioner = new Captioner({
      gpt2,
      mapper,
      tokenizer,
      stop: stopTokens,
      featureSpace: space,
      batch: 50,
    });
    const scored = await captionAndScore({ captioner, sets, settings, maxTokens, signal }).catch(
      (error: unknown) => {
        if (!signal.aborted) throw error;
        throw new InterruptedError(
          `interrupted while captioning; the trained mapper is saved. Score it with: pnpm train --resume ${shownPath(folder.path)}`,
        );
      },
    );
    const { test, train, explained } = scored;
    await folder.writeLines('samples.jsonl', test.samples);
    if (train) await folder.writeLines('train-samples.jsonl', train.samples);
    if (explained) await folder.writeJson('explained.json', explained);
    const seconds = {
      prepare: (preparedAt - startedAt) / 1000,
      train: (trainedAt - preparedAt) / 1000,
      score: (performance.now() - trainedAt) / 1000,
    };
    await folder.writeJson('summary.json', {
      scores: test.scores,
      trainScores: train?.scores,
      steps: result.steps,
      ...(critic ? { bestValReward: -result.bestValLoss } : { bestValLoss: result.bestValLoss }),
      counts: countsOf(sets),
      skipped: prepared.skipped,
      decoding: 'greedy',
      seconds,
    });
    process.stdout.write(formatReport(settings, test, folder.path, seconds));
    device.close();
  },
});

function defaultFolder({ prefix, mapper }: TrainFlags): string {
  return join(runsRoot, `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-p${prefix}-${mapper}`);
}

/** Each model by its own flag, else from --backbones, else that of the run that is resumed, else the embedded one. */
async function backbonesOf(
  { clip, gpt2, backbones }: TrainFlags,
  recorded: BackbonePlaces | undefined,
): Promise<BackbonePlaces> {
  const root = backbones ?? backbonesRoot;
  const base =
    recorded && backbones === undefined
      ? recorded
      : { clip: resolve(root, 'clip'), gpt2: resolve(root, 'gpt2') };
  return {
    clip: clip === undefined ? base.clip : await placeOf(clip),
    gpt2: gpt2 === undefined ? base.gpt2 : await placeOf(gpt2),
  };
}

function countsOf({ train, val, test }: Prepared['sets']): Record<Split, number> {
  return { train: train.examples.length, val: val.examples.length, test: test.examples.length };
}

/** 5 % of all steps. */
function defaultWarmup({ batch, epochs }: Settings, { examples }: { examples: readonly unknown[] }): number {
  return Math.ceil((Math.floor(examples.length / batch) * epochs) / 20);
}

/** The first ten, and how many more there are. */
function listed(skipped: readonly string[]): string[] {
  const more = skipped.length - 10;
  return [...skipped.slice(0, 10), ...(more > 0 ? [`${more} more are listed in summary.json`] : [])];
}
