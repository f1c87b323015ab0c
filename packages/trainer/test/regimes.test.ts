// Trainings in other regimes than ClipCap's, as processes: each trains, captions with its folder, and resumes as what it was.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevice, openSafetensorsPath } from '@foreword/tensor/node';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { StepMetrics } from '../src/run/metrics.ts';
import type { RunRecord } from '../src/run/run-record.ts';
import type { Sample } from '../src/train/score-test.ts';
import { answer, type Answer } from './run-trainer.ts';
import { makeTinyWorld, type TinyWorld } from './tiny-world.ts';

const test = suite('regimes', { timeLimitSeconds: 240 });
let world: TinyWorld;
test.before(async () => {
  world = await makeTinyWorld();
});
test.after(async () => await rm(world.root, { recursive: true }));

const train = (...args: string[]): Promise<Answer> =>
  answer('train', args, { env: { FOREWORD_CACHE: world.cache } });
const start = (name: string, flags: string): Promise<Answer> => {
  const { dataset, backbones, root } = world;
  const own = `--dataset ${dataset} --backbones ${backbones} --out ${join(root, name)} --prefix 3 --batch 4`;
  return train(...`${own} --epochs 2 ${flags}`.split(' '));
};

const jsonLines = <T>(text: string): T[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

interface Trained {
  path: string;
  record: RunRecord;
  losses: number[];
  answer: Answer;
}

/** Trains with these flags; what `pnpm caption` says with the folder must be what the training said. */
async function trained(name: string, flags: string): Promise<Trained> {
  const got = await start(name, flags);
  assert.is(got.code, 0, got.text);
  const path = join(world.root, name);
  const lines = async <T>(file: string): Promise<T[]> =>
    jsonLines<T>(await readFile(join(path, file), 'utf8'));
  const losses = (await lines<StepMetrics>('metrics.jsonl')).map(({ loss }) => loss);
  assert.is(losses.length, 12);
  // Both epochs see the same pictures; single batches differ by more than twelve steps teach.
  const [first, second] = [losses.slice(0, 6), losses.slice(6)].map((of) => of.reduce((a, b) => a + b) / 6);
  assert.ok(second < first, `${name}: the loss goes from ${first} to ${second}`);
  const samples = await lines<Sample>('samples.jsonl');
  const pictures = samples.slice(0, 3).map(({ picture }) => picture);
  const captions = await answer('caption', [...pictures, '--run', path, '--json']);
  assert.is(captions.code, 0, captions.text);
  assert.equal(
    jsonLines<Sample>(captions.stdout).map(({ caption }) => caption),
    samples.slice(0, 3).map(({ caption }) => caption),
  );
  const record = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as RunRecord;
  return { path, record, losses, answer: got };
}

test('deep, infix and hard prefixes train, caption and resume', async () => {
  const deep = await trained('deep', '--prefix-kind deep');
  const { placement } = deep.record.mapper;
  assert.equal([placement?.kind, placement?.layers, placement?.prompt?.length], ['deep', 1, 1]);
  assert.match(deep.answer.stdout, 'prefix length 3 (deep), mlp mapper');
  const infix = await start('infix', '--max-steps 1 --prefix-kind infix --prompt This');
  assert.is(infix.code, 0, infix.text);
  const path = join(world.root, 'infix');
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as RunRecord;
  assert.is(config.settings.prompt, 'This');
  assert.ok(config.mapper.placement!.prompt!.length >= 1);
  assert.is((await train('--resume', path, '--max-steps', '2')).code, 0);
  const other = await train('--resume', path, '--prefix-kind', 'infix', '--prompt', 'That');
  assert.match(other.stderr, 'continues with prompt This; That would be another run');
  await trained('hard', '--prefix-kind hard');
});

test('LoRA trains, captions and resumes; its captions are those of the merged model', async () => {
  const { record, path, answer: got } = await trained('lora', '--lora 2 --lora-alpha 8');
  assert.equal(record.lora, { rank: 2, alpha: 8 });
  assert.match(got.stdout, 'GPT-2 with LoRA of rank 2');
  const file = await openSafetensorsPath(join(path, 'checkpoints/best.safetensors'));
  const names = file.names().filter((name) => name.startsWith('base_model.model.transformer.'));
  assert.is(names.length, 4);
  for (const name of names)
    assert.ok(
      (await file.readAsF32(name)).some((x) => x !== 0),
      `${name} was trained`,
    );
  assert.not.ok(
    file.names().some((name) => name.startsWith('gpt.')),
    'the frozen weights are not saved',
  );
  await file.close();
  assert.match(
    (await train('--resume', path, '--lora', '3')).stderr,
    'continues with lora 2; 3 would be another run',
  );
  const config = join(path, 'config.json');
  await writeFile(config, (await readFile(config, 'utf8')).replace('"lora": {', '"was": {'));
  const strange = await answer('caption', [join(world.dataset, 'test/0.png'), '--run', path]);
  assert.match(strange.stderr, /holds changes of GPT-2 \(LoRA\), but config\.json does not say how strong/);
});

test('frozen models in f16 train, caption and resume, also under LoRA', async () => {
  const device = await openDevice();
  const { f16 } = device.adapter;
  device.close();
  if (!f16) {
    assert.match((await start('half', '--dtype f16')).stderr, 'this adapter has no f16');
    return;
  }
  const features = join(world.cache, 'features');
  await trained('full', '--seed 1');
  const before = await readdir(features);
  const { record, path } = await trained('half', '--dtype f16 --lora 2');
  assert.is(record.dtype, 'f16');
  const added = (await readdir(features)).filter((name) => !before.includes(name));
  assert.is(added.length, 3, 'features of f16 weights are not those of f32 ones');
  const other = await train('--resume', path, '--dtype', 'f32');
  assert.match(other.stderr, 'continues with dtype f16; f32 would be another run');
});

test('normalised features and patch tokens train, caption, and have features of their own', async () => {
  const normalised = await trained('normalised', '--visual normalised');
  assert.is(normalised.record.normalizePrefix, true);
  const features = join(world.cache, 'features');
  const before = await readdir(features);
  // Five rows of 16: the class token and four patches.
  const patches = await trained('patches', '--visual patches --mapper transformer');
  const { featureRows, featureSize, clipLength } = patches.record.mapper;
  assert.equal([featureRows, featureSize, clipLength], [5, 80, 5]);
  assert.is(patches.record.normalizePrefix, false);
  const added = (await readdir(features)).filter((name) => !before.includes(name));
  assert.is(added.length, 3, added.join());
  const picture = join(world.dataset, 'test/0.png');
  const judged = await answer('caption', [
    picture,
    '--run',
    patches.path,
    '--decode',
    'best-of:2',
    '--max-tokens',
    '4',
  ]);
  assert.is(judged.code, 0, judged.text);
});

test('flags that do not go together are refused before anything is loaded', async () => {
  const refused = async (flags: string, message: string | RegExp): Promise<void> => {
    const got = await start('refused', flags);
    assert.is(got.code, 2, got.text);
    assert.match(got.stderr, message);
  };
  await refused('--prefix-kind infix', /infix needs the text it stands behind\n {2}cure: add --prompt/);
  await refused('--lora 4 --tune-gpt2', /--lora changes a frozen GPT-2/);
  await refused('--dtype f16 --tune-gpt2', /--dtype f16 stores frozen weights/);
  await refused('--lora-alpha 4', /--lora-alpha goes with --lora\n {2}cure: add --lora 8/);
  await refused(
    '--visual patches',
    /needs a mapper that reads rows, and mlp reads one feature\n {2}cure: add --mapper/,
  );
  await refused('--prompt x', /--prompt does nothing with --prefix-kind embedding\n {2}cure: /);
});

test.run();
