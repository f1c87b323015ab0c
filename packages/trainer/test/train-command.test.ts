// Whole trainings of tiny models as processes: what they print, what they leave, Ctrl-C, resuming, captioning.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseFlags } from '@foreword/cli-kit';
import { suite } from '@foreword/test-kit';
import { adapterKey, engineVersion, openDevice, tuningFile } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { assertFinite } from '../src/features/assert-finite.ts';
import { recordedKernels, type RunRecord } from '../src/run/run-record.ts';
import type { StepMetrics } from '../src/run/metrics.ts';
import type { ExplainedCaption } from '../src/train/caption-and-score.ts';
import type { Sample, TestScores } from '../src/train/score-test.ts';
import { trainFlags } from '../src/train/settings.ts';
import { answer, type Answer, type AnswerOptions } from './run-trainer.ts';
import { makeTinyWorld, type TinyWorld } from './tiny-world.ts';

const test = suite('train command', { timeLimitSeconds: 120 });
let world: TinyWorld;
let run: string;
let first: Answer;

const train = (args: string[], options: AnswerOptions = {}): Promise<Answer> =>
  answer('train', args, { ...options, env: { ...options.env, FOREWORD_CACHE: world.cache } });
const start = (name: string, args: string[], options?: AnswerOptions): Promise<Answer> =>
  train(
    ['--dataset', world.dataset, '--backbones', world.backbones, '--out', join(world.root, name), ...args],
    options,
  );
const json = async <T>(...path: string[]): Promise<T> =>
  JSON.parse(await readFile(join(...path), 'utf8')) as T;
const lines = async <T>(...path: string[]): Promise<T[]> =>
  (await readFile(join(...path), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

test.before(async () => {
  world = await makeTinyWorld();
  run = join(world.root, 'run');
  const flags = '-- --prefix-length 3 --batch 4 --epochs 2 --lr 0.01 --seed 5 --mapper mlp --score-train 5';
  first = await start('run', flags.split(' '));
});
test.after(async () => await rm(world.root, { recursive: true }));

test('a training prints six captions beside their references, the scores and where everything lies', () => {
  assert.is(first.code, 0, first.text);
  assert.is(first.stdout.match(/^ {2}→ /gm)?.length, 6);
  assert.is(first.stdout.match(/^ {4}This square is (red|green|blue)\.$/gm)?.length, 6);
  for (const score of ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', 'CIDEr', '× 100'])
    assert.match(first.stdout, score);
  assert.match(first.stdout, `run folder: ${run}`);
  assert.match(first.stdout, `pnpm caption PICTURE --run ${run}`);
  assert.match(first.stdout, /time: prepare \d+ s, train \d+ s, score \d+ s/);
});

test('progress on a stderr that is no terminal is plain lines with rate, time, loss and learning rate', () => {
  assert.not.match(first.stderr, /[\r\u001b]/);
  assert.match(first.stderr, /^CLIP features train 24\/24 {2}/m);
  assert.match(
    first.stderr,
    /^train \d+\/12 {2}(\d+ s|[\d:]+)( left)? {2}epoch \d {2}loss \d\.\d+ {2}lr \S+ {2}\S+ (steps\/s|s\/step)$/m,
  );
  assert.match(first.stderr, /^epoch 2: validation loss \d\.\d+$/m);
});

test('the run folder holds everything, and nothing else', async () => {
  const files =
    'checkpoints config.json explained.json loss.svg metrics.jsonl samples.jsonl summary.json train-samples.jsonl validation.jsonl';
  assert.is((await readdir(run)).sort().join(' '), files);
  assert.equal((await readdir(join(run, 'checkpoints'))).sort(), ['best.safetensors', 'last.safetensors']);
  const { settings, ...record } = await json<RunRecord>(run, 'config.json');
  const { shuffleFeatures, strict, quick, tuneGpt2, dataset, prefixKind, visual } = settings;
  const { prefix, mapper, epochs, batch, lr, warmup, seed } = settings;
  assert.equal([prefix, mapper, epochs, batch, lr, warmup, seed], [3, 'mlp', 2, 4, 0.01, 1, 5]);
  assert.equal([shuffleFeatures, strict, quick, tuneGpt2], [false, false, false, false]);
  assert.is(dataset, world.dataset);
  assert.equal([prefixKind, visual], ['embedding', 'raw']);
  assert.match(record.commit ?? '', /^[0-9a-f]{12}\+?$/);
  assert.ok(Object.values(record.adapter).some((value) => typeof value === 'string' && value.length > 3));
  assert.is(record.mapper.prefixLength, 3);
  const steps = await lines<StepMetrics>(run, 'metrics.jsonl');
  assert.equal(
    steps.map(({ step }) => step),
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  for (const row of steps) {
    assert.is(Object.keys(row).join(), 'step,epoch,loss,lr,gradNorm,stepMs,tokensPerSecond');
    assert.ok(Object.values(row).every(Number.isFinite));
  }
  assert.match(
    await readFile(join(run, 'loss.svg'), 'utf8'),
    /^<svg [\s\S]*<polyline points="[\d.]+,[\s\S]*<\/svg>\n$/,
  );
  const summary = await json<Record<string, Record<string, unknown>>>(run, 'summary.json');
  assert.equal(summary.counts, { train: 24, val: 6, test: 8 });
  assert.is((summary.scores.bleu as number[]).length, 4);
  for (const score of ['rougeL', 'ciderD', 'pictures']) assert.type(summary.scores[score], 'number');
  assert.equal(Object.keys(summary.seconds), ['prepare', 'train', 'score']);
  const samples = await lines<{ caption: string; references: string[] }>(run, 'samples.jsonl');
  assert.is(samples.length, 8);
  assert.is(samples[0].references.length, 2);
});

test('a run records the kernels that were tuned when it began, and is resumed with those', async () => {
  const device = await openDevice();
  const adapter = adapterKey(device.adapter);
  device.close();
  const env = { FOREWORD_TUNING: join(world.root, 'tuning') };
  const kernels = { 'a choice': 'a kernel' };
  await mkdir(env.FOREWORD_TUNING);
  await writeFile(
    join(env.FOREWORD_TUNING, basename(tuningFile(adapter))),
    JSON.stringify({ adapter, engine: engineVersion, choices: kernels }),
  );
  const began = await start('tuned', ['--prefix', '1', '--batch', '8', '--epochs', '1'], { env });
  assert.is(began.code, 0, began.text);
  const record = await json<RunRecord>(world.root, 'tuned', 'config.json');
  assert.equal(record.kernels, kernels);
  assert.equal(recordedKernels(record), { choices: kernels });
  assert.equal((await json<RunRecord>(run, 'config.json')).kernels, {});
  assert.equal(recordedKernels({}), { choices: {} });
});

test('--score-train captions that many training pictures; the first test caption is explained', async () => {
  const samples = await lines<Sample>(run, 'train-samples.jsonl');
  assert.is(samples.length, 5);
  assert.is(new Set(samples.map(({ image_id }) => image_id)).size, 5);
  assert.ok(
    samples.every(({ picture }) => picture.includes('train')),
    samples[0].picture,
  );
  const { trainScores, scores } = await json<Record<string, TestScores>>(run, 'summary.json');
  assert.equal([trainScores.pictures, scores.pictures], [5, 8]);
  const [first] = await lines<Sample>(run, 'samples.jsonl');
  const explained = await json<ExplainedCaption>(run, 'explained.json');
  assert.equal([explained.image_id, explained.caption], [first.image_id, first.caption]);
  assert.equal(
    explained.nearest.map((row) => row.length),
    [3, 3, 3],
  );
  assert.is(explained.words.map(({ word }) => word).join(' '), first.caption.replace('.', ' .'));
});

test('a run that is there is not written over', async () => {
  const again = await start('run', []);
  assert.is(again.code, 1);
  assert.match(again.stderr, /is not empty\n {2}cure: continue that run with --resume/);
});

test('Ctrl-C finishes the step, saves and exits 130; --resume goes on where it stopped', async () => {
  const name = 'stopped';
  let sent = false;
  // The shapes of the run above, whose shaders are compiled already; only GPT-2's gradients are new.
  const flags = '--tune-gpt2 --prefix 3 --batch 4 --epochs 5000 --warmup 7 --shuffle-features';
  const stopped = await start(name, flags.split(' '), {
    onError(stderr, kill) {
      if (sent || !/^train \d+\/30000/m.test(stderr)) return;
      sent = true;
      kill('SIGINT');
    },
  });
  assert.is(stopped.code, 130, stopped.text);
  assert.match(stopped.stderr, 'finishing the step and saving; Ctrl-C again quits at once');
  const done = Number(
    /interrupted after step (\d+); saved\. Continue with: pnpm train --resume /.exec(stopped.stderr)?.[1],
  );
  const path = join(world.root, name);
  assert.is((await lines(path, 'metrics.jsonl')).length, done);
  const { settings } = await json<RunRecord>(path, 'config.json');
  assert.equal([settings.warmup, settings.shuffleFeatures, settings.tuneGpt2], [7, true, true]);

  const more = await train(['--resume', path, '--max-steps', String(done + 2)]);
  assert.is(more.code, 0, more.text);
  assert.is((await lines(path, 'metrics.jsonl')).length, done + 2);
  assert.match(more.stdout, 'mlp mapper, GPT-2 tuned');
});

test('--resume keeps --max-steps and --save-every as recorded, or as given anew', async () => {
  const path = join(world.root, 'limited');
  const flags = '--prefix 3 --batch 4 --epochs 2 --max-steps 7 --save-every 2';
  const began = await start('limited', flags.split(' '));
  assert.is(began.code, 0, began.text);
  const stepsOf = async (): Promise<number> => (await json<{ steps: number }>(path, 'summary.json')).steps;
  assert.is(await stepsOf(), 7);
  const limits = async (): Promise<unknown[]> => {
    const { maxSteps, saveEvery } = await json<RunRecord>(path, 'config.json');
    return [maxSteps, saveEvery];
  };
  assert.is((await train(['--resume', path])).code, 0);
  assert.equal([await stepsOf(), ...(await limits())], [7, 7, '2']);
  assert.is((await train(['--resume', path, '--max-steps', '9', '--save-every', '1h'])).code, 0);
  assert.equal([await stepsOf(), ...(await limits())], [9, 9, '1h']);
});

test('a run that is killed goes on from the last save inside an epoch, or begins anew, to the same bits', async () => {
  const flags = '--prefix 3 --batch 4 --epochs 40 --save-every'.split(' ');
  const wholeRun = await start('whole', [...flags, '1h']);
  assert.is(wholeRun.code, 0, wholeRun.text);
  const everything = async (name: string): Promise<unknown[]> => {
    const path = join(world.root, name);
    const files = ['best.safetensors', 'last.safetensors'].map((file) => join(path, 'checkpoints', file));
    const rows = (await lines<StepMetrics>(path, 'metrics.jsonl')).map(({ step, loss }) => [step, loss]);
    const both = ['validation.jsonl', 'samples.jsonl'].map((file) => join(path, file));
    return [rows, ...(await Promise.all([...files, ...both].map((file) => readFile(file))))];
  };
  // Killed at the sight of either file.
  for (const [name, sight] of Object.entries({
    saved: 'checkpoints/last.safetensors',
    begun: 'config.json',
  })) {
    const path = join(world.root, name);
    const killed = await start(name, [...flags, '1'], {
      async onStart(kill, isRunning) {
        while (isRunning() && !existsSync(join(path, sight))) await wait(1);
        kill('SIGKILL');
      },
    });
    assert.is(killed.code, 137, killed.text);
    await writeFile(join(path, `checkpoints/.last.safetensors.${killed.pid}-0123abcd.tmp`), 'part');
    const more = await train(['--resume', path]);
    assert.is(more.code, 0, more.text);
    assert.is(more.stderr.includes('it begins at step 0'), name === 'begun');
    assert.equal(await everything(name), await everything('whole'), name);
    assert.equal((await readdir(join(path, 'checkpoints'))).sort(), ['best.safetensors', 'last.safetensors']);
  }
});

test('a folder whose run was killed before it was recorded is begun again; a log that cannot be written ends nothing', async () => {
  const path = join(world.root, 'early');
  await mkdir(join(path, 'checkpoints'), { recursive: true });
  await writeFile(join(path, `.config.json.${first.pid}-0123abcd.tmp`), '{');
  const stderrTo = existsSync('/dev/full') ? '/dev/full' : undefined;
  const again = await start('early', ['--prefix', '3', '--batch', '4', '--epochs', '1'], { stderrTo });
  assert.is(again.code, 0, again.text);
  assert.ok(existsSync(join(path, 'summary.json')));
});

test('features that are no numbers are refused before training, with the picture', async () => {
  const features = join(world.cache, 'features');
  const name = (await readdir(features)).find((file) => file.startsWith('train-'))!;
  const whole = await readFile(join(features, name));
  const damaged = Buffer.from(whole);
  const header = Number(damaged.readBigUInt64LE(0));
  const entry = JSON.parse(damaged.toString('utf8', 8, 8 + header)) as {
    features: { data_offsets: [number, number]; shape: [number, number] };
  };
  const [, D] = entry.features.shape;
  damaged.writeFloatLE(NaN, 8 + header + entry.features.data_offsets[0] + 4 * (3 * D + 5));
  await writeFile(join(features, name), damaged);
  const got = await start('nan', ['--prefix', '3', '--batch', '4', '--epochs', '1']);
  await writeFile(join(features, name), whole);
  assert.is(got.code, 1, got.text);
  assert.match(
    got.stderr,
    /^error: the features of \S*train\/3\.png \(train split\) hold NaN \(number 6 of 16\)\n {2}cure: /m,
  );
  assert.not(existsSync(join(world.root, 'nan')));
});

test('features that hold infinities, or are too large for f32, are refused by name', () => {
  const told = (...values: number[]): string => {
    try {
      assertFinite(Float32Array.from([1, 2, ...values, 3, 4]), 2, (row) => `row ${row}`);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.is(told(1e18, -1e18), '');
  assert.is(told(0, -Infinity), 'the features of row 1 hold -Infinity (number 2 of 2)');
  assert.is(told(NaN, 0), 'the features of row 1 hold NaN (number 1 of 2)');
  assert.is(told(1e38, 0), 'the features of row 1 are too large for f32');
});

test('an output folder that cannot be is refused before anything is computed', async () => {
  const bad = async (...args: string[]): Promise<Answer> =>
    await train(['--dataset', world.dataset, '--backbones', world.backbones, ...args]);
  const empty = await bad('--out', '');
  assert.equal([empty.code, /error: --out must not be empty/.test(empty.stderr)], [2, true], empty.text);
  const odd = await bad('--save-every', 'often');
  assert.equal([odd.code, /--save-every must be a number of steps or a time/.test(odd.stderr)], [2, true]);
  if (!existsSync('/proc/self')) return;
  const proc = await bad('--out', '/proc/foreword');
  assert.is(proc.code, 1);
  assert.match(
    proc.stderr,
    /^error: could not make the folder \/proc\/foreword: no folder can be made there/m,
  );
  assert.not.match(proc.stderr, 'CLIP features');
});

test('learning rates that are none are refused', () => {
  for (const rate of ['NaN', 'Infinity', '-0.01', '0', '1e30'])
    assert.throws(() => parseFlags(['--lr', rate], trainFlags), /--lr must be a number/, rate);
});

test('a second Ctrl-C quits at once, in the middle of a step', async () => {
  const path = join(world.root, 'quit');
  const checkpoints = join(path, 'checkpoints');
  // Without a shader cache the first step waits seconds for its kernels (on a software adapter).
  let told: (() => void) | undefined;
  const heard = new Promise<void>((resolve) => void (told = resolve));
  let twice = false;
  const quit = await start('quit', ['--batch', '4', '--prefix', '3', '--epochs', '5000'], {
    env: { MESA_SHADER_CACHE_DISABLE: 'true' },
    onError: (stderr) => stderr.includes('finishing the step and saving') && told?.(),
    async onStart(kill, isRunning) {
      while (isRunning() && !existsSync(join(path, 'config.json'))) await wait(20);
      await wait(500);
      kill('SIGINT');
      // Only a second signal that comes later than an echo of the first counts; a busy process hears the first late.
      await heard;
      await wait(300);
      twice = isRunning();
      kill('SIGINT');
    },
  });
  assert.is(quit.code, 130, quit.text);
  assert.match(quit.stderr, 'finishing the step and saving');
  // A fast adapter has finished its step and saved before the second one comes.
  assert.is(quit.stderr.includes('; saved.'), !twice);
  assert.not.ok((await readdir(checkpoints)).some((name) => name.endsWith('.tmp')));
});

test('--resume refuses other settings, damaged and mismatching files', async () => {
  const other = await train(['--resume', run, '--prefix', '4']);
  assert.is(other.code, 2);
  assert.match(other.stderr, 'continues with prefix 3; 4 would be another run');
  const config = await readFile(join(run, 'config.json'), 'utf8');
  const damages: [change: (text: string) => string, wanted: RegExp][] = [
    [(text) => text.slice(0, 40), /config\.json is no JSON object: .*\n {2}cure: restore the file/],
    [(text) => text.replace('"batch": 4', '"batch": "four"'), /config\.json: batch must be a whole number/],
    [
      (text) => text.replace('"prefix": 3', '"prefix": 4'),
      /last\.safetensors has \S+ as .*, but this run needs/,
    ],
    [(text) => text.replace(/"digest": "./, '"digest": "x'), /the dataset \S+ changed since the run/],
    [(text) => text.replace('"val": 6', '"val": 5'), /the number of readable val pictures changed since/],
    [(text) => text.replace(/("weights": \{\s*"clip": ")./, '$1x'), /CLIP's weights changed since the run/],
  ];
  for (const [change, wanted] of damages) {
    await writeFile(join(run, 'config.json'), change(config));
    const got = await train(['--resume', run]);
    assert.is(got.code, 1, got.text);
    assert.match(got.stderr, wanted);
    assert.match(got.stderr, /\n {2}cure: /);
  }
  await writeFile(join(run, 'config.json'), config);
});

test('caption streams a line per picture, or JSON; what cannot be read is told and the rest goes on', async () => {
  const [one, two, broken] = ['test/0.png', 'test/1.png', 'test/broken.png'].map((p) =>
    join(world.dataset, p),
  );
  await writeFile(broken, (await readFile(one)).subarray(0, 60));
  const args = [one, broken, two, join(world.root, 'none.png'), '--run', run];
  const plain = await answer('caption', args);
  assert.is(plain.code, 1);
  assert.match(plain.stdout, new RegExp(`^${one}: .*\n${two}: .*\n$`));
  assert.match(plain.stderr, /error: \S+broken\.png: .*\nerror: \S+none\.png: there is no such file\n/);
  const listed = await answer('caption', [one, two, '--json', '--run', run]);
  assert.is(listed.code, 0, listed.text);
  const rows = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    rows.map(({ image }) => image),
    [one, two],
  );
  assert.equal(Object.keys(rows[0]), ['image', 'caption', 'finished']);
  assert.match(plain.stdout, `${one}: ${String(rows[0].caption)}\n`);
  await rm(broken);
});

test('caption --explain shows nearest tokens and attention, as text and as JSON', async () => {
  const picture = join(world.dataset, 'test/0.png');
  const plain = await answer('caption', [picture, '--run', run, '--explain']);
  assert.is(plain.code, 0, plain.text);
  assert.match(plain.stdout, /prefix rows and the tokens nearest to them \(cosine\)\n +1 {2}".*" -?\d\.\d\d/);
  const got = await answer('caption', [picture, '--run', run, '--explain', '--json']);
  const line = JSON.parse(got.stdout) as { nearest: unknown[]; words: { attention: number[] }[] };
  assert.is(line.nearest.length, 3);
  assert.ok(line.words.length > 0);
  for (const { attention } of line.words) {
    assert.is(attention.length, 3);
    assert.ok(attention.every((share) => share > 0) && attention.reduce((a, b) => a + b, 0) <= 1.001);
  }
  assert.is(plain.stdout.split('\n').filter((row) => /(\d+\.\d +){4}\d/.test(row)).length, line.words.length);
});

test('caption --decode writes captions by any method; --beam N is short for beam:N', async () => {
  const picture = join(world.dataset, 'test/0.png');
  const caption = async (...args: string[]): Promise<string> => {
    const got = await answer('caption', [picture, '--run', run, '--max-tokens', '8', ...args]);
    assert.is(got.code, 0, got.text);
    return got.stdout;
  };
  const beam = await caption('--beam', '3');
  assert.match(beam, /^.+\n$/);
  assert.is(await caption('--decode', 'beam:3'), beam);
  const rules = 'no-repeat=1,min-length=4,bad-words=red|green|blue';
  for (const method of ['magic:4', 'best-of:3', 'diverse:3,groups=3']) {
    const text = await caption('--decode', `${method},${rules}`);
    assert.match(text, /^.+\n$/);
    assert.not.match(text, /red|green|blue/);
  }
});

test('caption refuses a damaged checkpoint with the run, the file and a cure', async () => {
  const best = join(run, 'checkpoints/best.safetensors');
  await truncate(best, (await readFile(best)).length - 1);
  const got = await answer('caption', [join(world.dataset, 'test/0.png'), '--run', run]);
  assert.is(got.code, 1);
  assert.match(
    got.stderr,
    /^error: the run \S+ cannot caption: .*best\.safetensors.*\n {2}cure: give another --run/m,
  );
});

test.run();
