// Trainings on data that is not in COCO's layout, as processes: ClipCap's features, a CSV, nocaps to be scored on.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { RunRecord } from '../src/run/run-record.ts';
import type { Sample, TestScores } from '../src/train/score-test.ts';
import { answer, type Answer } from './run-trainer.ts';
import { makeTinyWorld, picture, type TinyWorld } from './tiny-world.ts';

const test = suite('other data', { timeLimitSeconds: 120 });
let world: TinyWorld;
test.before(async () => {
  world = await makeTinyWorld({ train: 4 });
});
test.after(async () => await rm(world.root, { recursive: true }));

const env = (): Record<string, string> => ({ FOREWORD_CACHE: world.cache });
const train = (run: string, ...args: string[]): Promise<Answer> => {
  const out = join(world.root, run);
  const flags = [
    '--batch',
    '2',
    '--epochs',
    '1',
    '--prefix',
    '2',
    '--backbones',
    world.backbones,
    '--out',
    out,
  ];
  return answer('train', [...flags, ...args], { env: env() });
};
const samplesOf = async (run: string): Promise<Sample[]> =>
  (await readFile(join(world.root, run, 'samples.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);

test("ClipCap's features train and score without a picture; captioning pictures with another CLIP is refused", async () => {
  const golden = fileURLToPath(new URL('../../caption-data/test/golden', import.meta.url));
  const trained = await train('clipcap', '--dataset', `clipcap:${golden}`);
  assert.is(trained.code, 0, trained.text);
  assert.not.match(trained.stderr, 'CLIP features');
  assert.match(trained.stderr, 'note: features of 6 numbers come with the data');
  const record = JSON.parse(await readFile(join(world.root, 'clipcap/config.json'), 'utf8')) as RunRecord;
  assert.is((record.mapper as { featureSize: number }).featureSize, 6);
  assert.equal(
    (await samplesOf('clipcap')).map(({ references }) => references),
    [['A fish.'], ['A horse.']],
  );
  const file = join(world.dataset, 'val/0.png');
  const caption = await answer('caption', [file, '--run', join(world.root, 'clipcap')], { env: env() });
  assert.is(caption.code, 1, caption.text);
  assert.match(caption.stderr, /CLIP's features have 16 numbers, the mapper takes 6/);
});

test('a CSV with its pictures elsewhere', async () => {
  const names = Array.from({ length: 6 }, (_, i) => `${i}.png`);
  await mkdir(join(world.root, 'elsewhere'));
  for (const [i, name] of names.entries()) await writeFile(join(world.root, 'elsewhere', name), picture(i));
  const rows = names.map((name, i) => `${name},A square.,${['train', 'train', 'val'][i % 3]}`);
  await writeFile(join(world.root, 'mine.csv'), `image,caption,split\n${rows.join('\n')}\n`);
  const csv = `csv:${join(world.root, 'mine.csv')}`;
  const trained = await train('csv', '--dataset', csv, '--pictures', join(world.root, 'elsewhere'));
  assert.is(trained.code, 0, trained.text);
  assert.equal(
    (await samplesOf('csv')).map(({ image_id }) => image_id),
    ['2.png', '5.png'],
  );
  const resumed = await answer('train', ['--resume', join(world.root, 'csv')], { env: env() });
  assert.is(resumed.code, 0, resumed.text);
});

test('nocaps alone cannot be learned from; --test-on scores on it, by domain, and keeps the features of the rest', async () => {
  const root = join(world.root, 'nocaps');
  await mkdir(root);
  const domains = ['in-domain', 'out-domain'];
  const images = domains.map((domain, id) => ({ id, file_name: `${id}.png`, domain }));
  const annotations = domains.map((_, id) => ({ image_id: id, caption: 'A novel square.' }));
  await writeFile(join(root, 'nocaps_val_4500_captions.json'), JSON.stringify({ images, annotations }));
  for (const { id, file_name } of images) await writeFile(join(root, file_name), picture(id));
  const alone = await train('alone', '--dataset', `nocaps:${root}`);
  assert.is(alone.code, 1);
  assert.match(alone.stderr, /its train split has no usable picture with a caption\n {2}cure: .*--test-on/);
  const first = await train('on-own', '--dataset', world.dataset);
  assert.is(first.code, 0, first.text);
  const other = await train('on-nocaps', '--dataset', world.dataset, '--test-on', `nocaps:${root}`);
  assert.is(other.code, 0, other.text);
  assert.not.match(other.stderr, 'CLIP features train');
  assert.match(other.stderr, /dataset: coco .*\nscored on nocaps /);
  const samples = await samplesOf('on-nocaps');
  assert.equal(
    samples.map(({ domain }) => domain),
    domains,
  );
  const { scores } = JSON.parse(await readFile(join(world.root, 'on-nocaps/summary.json'), 'utf8')) as {
    scores: TestScores;
  };
  const byDomain = Object.values(scores.domains!);
  assert.equal(Object.keys(scores.domains!), domains);
  assert.equal(
    byDomain.map(({ ciderD, pictures }) => [ciderD, pictures]),
    samples.map(({ ciderD }) => [ciderD, 1]),
  );
  assert.match(
    other.stdout,
    /^ +BLEU-1 .*CIDEr\nin-domain \(1\) +(?:\d+\.\d\d *){6}\nout-domain \(1\) .*\nentire \(2\) +\d/m,
  );
  const own = JSON.parse(await readFile(join(world.root, 'on-own/summary.json'), 'utf8')) as object;
  assert.not.match(JSON.stringify(own), 'domain');
  const record = async (run: string): Promise<RunRecord> =>
    JSON.parse(await readFile(join(world.root, run, 'config.json'), 'utf8')) as RunRecord;
  assert.not.equal((await record('on-nocaps')).dataset.digest, (await record('on-own')).dataset.digest);
  assert.is((await record('on-nocaps')).dataset.pictures.test, 2);
});

test.run();
