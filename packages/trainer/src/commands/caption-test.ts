// `pnpm caption-test`: captions a split of a run's dataset again, another way than greedily, and scores it.
import { resolve } from 'node:path';
import {
  defineFlags,
  interruptOnce,
  InterruptedError,
  makeFolder,
  parseFlags,
  runCommand,
  UsageError,
} from '@foreword/cli-kit';
import {
  knownDecodeChoices,
  parseDecodeChoice,
  positionsBefore,
  type DecodeChoice,
} from '@foreword/prefix-mapper';
import { loadCaptioner } from '@foreword/prefix-mapper/node';
import { openDevice } from '@foreword/tensor/node';
import { splits } from '../data/dataset.ts';
import { shownPath } from '../data/repository.ts';
import { localFolders } from '../features/backbone-places.ts';
import { splitFeatures } from '../features/feature-cache.ts';
import { RunFolder } from '../run/run-folder.ts';
import { assertSameInputs, recordedBackbones, recordedSettings } from '../run/run-record.ts';
import { prepare } from '../train/prepare.ts';
import { scoreTest } from '../train/score-test.ts';
import { toSettings, trainFlags } from '../train/settings.ts';

const flags = defineFlags({
  run: { type: 'string', required: true, placeholder: 'DIR', describe: 'run folder of `pnpm train`' },
  out: {
    type: 'string',
    required: true,
    placeholder: 'DIR',
    describe: 'empty folder for samples.jsonl and summary.json',
  },
  decode: {
    type: 'string',
    default: 'greedy',
    placeholder: 'METHOD',
    describe: `how captions are written, with options after commas; one of ${knownDecodeChoices}`,
  },
  split: {
    type: 'choices',
    choices: splits,
    default: 'test',
    describe: 'what is captioned; settings are chosen on val',
  },
  adapter: { type: 'string', placeholder: 'NAME', describe: 'part of the name of the WebGPU adapter to use' },
});

await runCommand({
  name: 'pnpm caption-test',
  summary:
    'Captions the test split of a run, or another one, by another way of decoding, and scores the captions.',
  flags,
  async run({ values }) {
    const decode = decodeOf(values.decode);
    const startedAt = performance.now();
    const run = new RunFolder(resolve(values.run));
    const folder = new RunFolder(resolve(values.out));
    await folder.assertFree();
    const recorded = await run.readJson('config.json');
    const asked = toSettings(parseFlags([], trainFlags).values);
    const settings = recordedSettings(run, recorded, { asked, given: new Set() });
    const { signal } = interruptOnce({ finishing: 'stopping; nothing is kept' });
    const device = await openDevice({ adapter: values.adapter });
    const folders = await localFolders(recordedBackbones(run, recorded), signal);
    const prepared = await prepare(device, settings, folders, signal);
    assertSameInputs(run, recorded, prepared);
    const { sets, dataset, clip, featuresHash } = prepared;
    const { split } = values;
    const { strict, visual } = settings;
    // Of other pictures, a training on texts only has read none, and a blind one has mixed them up.
    const set =
      split !== 'test' && (settings.textOnly || settings.shuffleFeatures)
        ? await splitFeatures(dataset, split, {
            clip,
            tokens: visual === 'patches',
            weightsHash: featuresHash,
            strict,
            signal,
          })
        : sets[split];
    // The run's own captioner has the run's own models.
    prepared.clip.dispose();
    prepared.gpt2.dispose();
    const captioner = await loadCaptioner(device, run.path, { batch: 50 });
    const { gpt2, mapper } = captioner.parts;
    const preparedAt = performance.now();
    const { scores, samples } = await scoreTest(captioner, set, {
      training: sets.train.examples.flatMap((e) => e.captions),
      maxTokens: Math.min(40, gpt2.config.n_positions - positionsBefore(mapper.config)),
      signal,
      decode,
    }).catch((error: unknown) => {
      throw signal.aborted ? new InterruptedError() : error;
    });
    const seconds = {
      prepare: (preparedAt - startedAt) / 1000,
      score: (performance.now() - preparedAt) / 1000,
    };
    await makeFolder(folder.path);
    await folder.writeJson('config.json', { run: values.run, decoding: values.decode, split });
    await folder.writeLines('samples.jsonl', samples);
    await folder.writeJson('summary.json', { scores, decoding: values.decode, split, seconds });
    const bleu = scores.bleu.map((b) => (100 * b).toFixed(2)).join(' ');
    process.stdout.write(
      `${values.decode}: BLEU-1..4 ${bleu}, CIDEr ${(100 * scores.ciderD).toFixed(2)} on ${scores.pictures} ${split} pictures\n` +
        `written: ${shownPath(folder.path)}\n`,
    );
    captioner.dispose();
    device.close();
  },
});

/** @throws UsageError for a method that is not understood, before anything is loaded. */
function decodeOf(text: string): DecodeChoice {
  try {
    return parseDecodeChoice(text);
  } catch (error) {
    throw new UsageError((error as Error).message, { cure: 'for example --decode beam:5,no-repeat=3' });
  }
}
