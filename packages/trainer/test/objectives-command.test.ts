// Trainings on texts only and self-critical ones as processes: flags, run folders, resuming, captioning.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { RunRecord } from '../src/run/run-record.ts';
import type { EpochMetrics, StepMetrics } from '../src/run/metrics.ts';
import { answer, type Answer } from './run-trainer.ts';
import { makeTinyWorld, type TinyWorld } from './tiny-world.ts';

const test = suite('objectives of the train command', { timeLimitSeconds: 600 });
let world: TinyWorld;
const pathOf = (name: string): string => join(world.root, name);

const train = (args: readonly string[]): Promise<Answer> =>
  answer('train', args, { env: { FOREWORD_CACHE: world.cache } });
const start = (name: string, flags: string): Promise<Answer> =>
  train(
    ['--dataset', world.dataset, '--backbones', world.backbones, '--batch', '4', '--epochs', '2'].concat(
      ['--prefix', '2', '--out', pathOf(name)],
      flags.split(' ').filter(Boolean),
    ),
  );
const lines = async <T>(name: string, file: string): Promise<T[]> =>
  (await readFile(join(pathOf(name), file), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
const record = async (name: string): Promise<RunRecord> =>
  JSON.parse(await readFile(join(pathOf(name), 'config.json'), 'utf8')) as RunRecord;

test.before(async () => {
  world = await makeTinyWorld();
});
test.after(async () => await rm(world.root, { recursive: true }));

const texts =
  '--text-only decap --noise 0.1 --text-space standardised --mapper linear --ending eos --label-smoothing 0.1';

test('a text-only run trains, resumes bit-equal, and captions pictures from its folder', async () => {
  const whole = await start('texts', `${texts} --memory 4`);
  assert.is(whole.code, 0, whole.text);
  const { featureSpace, settings, mapper, stopTokens } = await record('texts');
  assert.is(featureSpace, 'feature-space.safetensors');
  assert.is(mapper.type, 'linear');
  assert.is(stopTokens.length, 1);
  assert.equal([settings.textOnly, settings.noise, settings.ending], ['decap', 0.1, 'eos']);
  assert.is((await start('parts', `${texts} --memory 4 --max-steps 7`)).code, 0);
  const rest = await train(['--resume', pathOf('parts'), '--max-steps', '99']);
  assert.is(rest.code, 0, rest.text);
  const lossesOf = async (name: string): Promise<number[]> =>
    (await lines<StepMetrics>(name, 'metrics.jsonl')).map(({ loss }) => loss);
  assert.equal(await lossesOf('parts'), await lossesOf('texts'));
  const picture = join(world.dataset, 'test/0.png');
  const captioned = await answer('caption', [picture, '--run', pathOf('texts'), '--json']);
  assert.is(captioned.code, 0, captioned.text);
  const [sample] = await lines<{ caption: string }>('texts', 'samples.jsonl');
  assert.is((JSON.parse(captioned.stdout) as { caption: string }).caption, sample.caption);
  const onVal = await answer(
    'caption-test',
    ['--run', pathOf('texts'), '--split', 'val', '--out', pathOf('texts-val')],
    { env: { FOREWORD_CACHE: world.cache } },
  );
  assert.is(onVal.code, 0, onVal.text);
  assert.match(onVal.stdout, /^greedy: BLEU.* on 6 val pictures\n/);
  const onPictures = await lines<{ picture: string; references: string[] }>('texts-val', 'samples.jsonl');
  assert.equal(
    onPictures.map(({ picture: path }) => path),
    [0, 1, 2, 3, 4, 5].map((i) => join(world.dataset, `val/${i}.png`)),
  );
  await rm(join(pathOf('texts'), 'feature-space.safetensors'));
  const bare = await answer('caption', [picture, '--run', pathOf('texts')]);
  assert.match(
    bare.stderr,
    /feature-space\.safetensors is missing or cannot be read: the run was trained on texts only/,
  );
});

test('a self-critical run begins with another run, keeps its settings, and resumes bit-equal', async () => {
  assert.is((await start('first', '--mapper mlp-fixed --lr 0.01')).code, 0);
  const critical = (name: string, ...more: string[]): Promise<Answer> =>
    train([
      '--init',
      pathOf('first'),
      '--objective',
      'self-critical',
      '--out',
      pathOf(name),
      '--batch',
      '4',
      ...more,
    ]);
  const whole = await critical('critical', '--epochs', '2');
  assert.is(whole.code, 0, whole.text);
  assert.match(whole.stderr, /epoch 1: validation loss \d\.\d+, CIDEr-D \d+\.\d\d/);
  const { settings, backbones, mapper } = await record('critical');
  assert.equal([settings.prefix, settings.mapper, settings.lr], [2, 'mlp-fixed', 3e-4]);
  assert.equal([settings.objective, settings.init], ['self-critical', pathOf('first')]);
  const first = await record('first');
  assert.equal(mapper, first.mapper);
  assert.equal(backbones, first.backbones);
  const steps = await lines<StepMetrics>('critical', 'metrics.jsonl');
  assert.is(steps.length, 12);
  assert.ok(steps.every(({ reward, baseline }) => reward! >= 0 && baseline === undefined));
  assert.ok(
    (await lines<EpochMetrics>('critical', 'validation.jsonl')).every(({ valReward }) => valReward! >= 0),
  );
  const { bestValReward } = JSON.parse(await readFile(join(pathOf('critical'), 'summary.json'), 'utf8')) as {
    bestValReward: number;
  };
  const validations = await lines<EpochMetrics>('critical', 'validation.jsonl');
  assert.equal(
    validations.map(({ epoch }) => epoch),
    [0, 1, 2],
  );
  assert.is(bestValReward, Math.max(...validations.map(({ valReward }) => valReward!)));
  assert.is((await critical('stopped', '--epochs', '2', '--max-steps', '5')).code, 0);
  assert.is((await train(['--resume', pathOf('stopped'), '--max-steps', '99'])).code, 0);
  const learned = (rows: StepMetrics[]) =>
    rows.map(({ loss, reward, baseline, gradNorm }) => [loss, reward, baseline, gradNorm]);
  assert.equal(learned(await lines<StepMetrics>('stopped', 'metrics.jsonl')), learned(steps));
  const [a, b] = await Promise.all(
    ['critical', 'stopped'].map((name) => readFile(join(pathOf(name), 'checkpoints/last.safetensors'))),
  );
  assert.ok(a.equals(b), 'checkpoints are equal');

  const single = await critical('single', '--samples', '1', '--max-steps', '2');
  assert.is(single.code, 0, single.text);
  const rows = await lines<StepMetrics>('single', 'metrics.jsonl');
  assert.ok(rows.every(({ reward, baseline }) => reward! >= 0 && baseline! >= 0));

  const wider = await critical('wider', '--prefix', '3');
  assert.is(wider.code, 1);
  assert.match(
    wider.stderr,
    /best\.safetensors has \S+ as \[.*\], but this run needs .*\n {2}cure: check --resume, --init/,
  );
  const alone = await start('alone', '--objective self-critical');
  assert.is(alone.code, 2);
  assert.match(alone.stderr, /begins with a trained run.*\n {2}cure: add --init RUN/);
});

test('flags that do not go together are refused', async () => {
  for (const [flags, wanted] of [
    ['--noise 0.1', /--noise goes with --text-only/],
    ['--samples 2', /--samples goes with --objective self-critical/],
    ['--text-only capdec --shuffle-features', /with --text-only there are none/],
    ['--text-only capdec --score-train 5', /with --text-only the training split has none/],
    [
      '--init x --objective self-critical --label-smoothing 0.1',
      /go with --objective cross-entropy|no folder of a training run/,
    ],
  ] as const) {
    const got = await start('refused', flags);
    assert.ok(got.code === 1 || got.code === 2, got.text);
    assert.match(got.stderr, wanted);
  }
});

test.run();
