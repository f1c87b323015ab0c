// COCO captions: years, folders of pictures, and files that are not quite right.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openCaptionData } from '../src/index.ts';
import { folderWith, pictures, refusal, removeFolders } from './written-folder.ts';

const test = suite('COCO captions', { timeLimitSeconds: 30 });
test.after(removeFolders);

const coco = (images: [id: number, file: string][], annotations: [image: number, caption: unknown][]) => ({
  info: {},
  licenses: [],
  images: images.map(([id, file_name]) => ({ id, file_name, width: 4, height: 3 })),
  annotations: annotations.map(([image_id, caption], id) => ({ id, image_id, caption })),
});
const train2014 = 'COCO_train2014_000000000009.jpg';
const val2014 = 'COCO_val2014_000000000042.jpg';
const files2014 = {
  'annotations/captions_train2014.json': coco([[9, train2014]], [[9, 'A meal. ']]),
  'annotations/captions_val2014.json': coco([[42, val2014]], [[42, 'A  shoe.']]),
  'annotations/instances_val2014.json': 'not read',
};
const pictures2014 = pictures(`train2014/${train2014}`, `val2014/${val2014}`);

test('2014: captions in the order of images, pictures in train2014/ and val2014/, val scored too', async () => {
  const root = await folderWith({ ...files2014, ...pictures2014 });
  const data = await openCaptionData(`coco:${root}`);
  const shoe = { id: 42, path: join(root, 'val2014', val2014), captions: ['A shoe.'] };
  assert.equal(data.splits.train.map(plain), [
    { id: 9, path: join(root, 'train2014', train2014), captions: ['A meal.'] },
  ]);
  assert.equal(data.splits.val.map(plain), [shoe]);
  assert.is(data.splits.test, data.splits.val);
  assert.equal(data.notes, ['this dataset has no test split: the val split is scored instead']);
  assert.equal(data.skipped, []);
  assert.match(data.summary, /^coco .*: 1 train, 1 val, 1 test pictures with 2 captions; nothing left out$/);
});

const plain = ({ id, path, captions }: { id: unknown; path: string; captions: string[] }) => ({
  id,
  path,
  captions,
});

test('the newest year is taken, or the one in the format; a bare folder is recognised', async () => {
  const root = await folderWith({
    ...files2014,
    ...pictures2014,
    'annotations/captions_train2017.json': coco([[9, '000000000009.jpg']], [[9, 'Food.']]),
    'annotations/captions_val2017.json': coco([[42, '000000000042.jpg']], [[42, 'Shoe.']]),
    ...pictures('images/train2017/000000000009.jpg', 'images/val2017/000000000042.jpg'),
  });
  const newest = await openCaptionData(root);
  assert.equal(newest.splits.train[0].captions, ['Food.']);
  assert.is(newest.splits.train[0].path, join(root, 'images/train2017/000000000009.jpg'));
  assert.ok(newest.notes.includes('the caption files of 2017 are taken, not those of 2014'));
  const older = await openCaptionData(`coco2014:${root}`);
  assert.equal(older.splits.train[0].captions, ['A meal.']);
  assert.not.equal(older.digest, newest.digest);
  await rm(join(root, 'annotations/captions_train2014.json'));
  await rm(join(root, 'annotations/captions_val2014.json'));
  assert.match(
    await refusal(openCaptionData(`coco2014:${root}`)),
    /there is no annotations\/captions_train2014\.json .* \| give a folder with/,
  );
});

test('pictures elsewhere are found with the folder that people name', async () => {
  const root = await folderWith(files2014);
  const far = await folderWith(pictures2014);
  assert.match(
    await refusal(openCaptionData(root)),
    /the folder \S+train2014 of its train pictures is missing.* \| .*--pictures DIR/,
  );
  const nowhere = openCaptionData(root, { pictures: join(far, 'nowhere') });
  assert.match(await refusal(nowhere), /nowhere is no folder of pictures \| correct --pictures/);
  const { splits } = await openCaptionData(root, { pictures: far });
  assert.is(splits.train[0].path, join(far, 'train2014', train2014));
});

test('what is left out is counted with its cases; strict stops at a missing picture', async () => {
  const images: [number, string][] = [1, 2, 3, 4, 5, 6].map((id) => [id, `${id}.jpg`]);
  images.push([2, '2.jpg']);
  const root = await folderWith({
    'annotations/captions_train.json': coco(images, [
      [1, 'One.'],
      [1, '  '],
      [2, null],
      [3, 'Three.'],
      [4, 'Four.'],
      [5, 'Five.'],
      [6, 'Six.'],
      [77, 'Nothing.'],
    ]),
    'annotations/captions_val.json': coco([[1, '1.jpg']], [[1, 'Uno.']]),
    ...pictures('train/1.jpg', 'val/1.jpg'),
  });
  const data = await openCaptionData(root);
  assert.equal(
    data.splits.train.map(({ captions }) => captions),
    [['One.']],
  );
  assert.equal(data.splits.val[0].captions, ['Uno.']);
  const shown = [3, 4, 5].map((id) => join(root, `train/${id}.jpg`)).join(', ');
  assert.equal(data.skipped, [
    'captions_train.json: 1 × entry of a picture that is listed twice (2)',
    'captions_train.json: 2 × empty caption (picture 1, picture 2)',
    'captions_train.json: 1 × caption of a picture that "images" does not list (picture 77)',
    'captions_train.json: 1 × picture without a caption (2)',
    `captions_train.json: 4 × picture that does not exist (${shown}, …)`,
  ]);
  assert.match(data.summary, /; 9 left out$/);
  assert.match(
    await refusal(openCaptionData(root, { strict: true })),
    /unreadable picture: \S+train\/3\.jpg does not exist \| .*--strict/,
  );
});

test('a training file alone is divided by the hash of its names', async () => {
  const images = Array.from({ length: 40 }, (_, id): [number, string] => [id, `${id}.jpg`]);
  const captions = images.map(([id]): [number, string] => [id, `Number ${id}.`]);
  const root = await folderWith({
    'annotations/captions_train.json': coco(images, captions),
    ...pictures(...images.map(([, name]) => `train/${name}`)),
  });
  const { splits, notes } = await openCaptionData(root);
  assert.equal([splits.train.length, splits.val.length, splits.test.length], [32, 4, 4]);
  const ids = [...splits.train, ...splits.val, ...splits.test].map(({ id }) => id as number);
  assert.equal(
    ids.sort((a, b) => a - b),
    images.map(([id]) => id),
  );
  assert.match(notes.join(), '10 % each are set apart');
  const again = await folderWith({
    'annotations/captions_train.json': coco(images.toReversed(), captions),
    ...pictures(...images.map(([, name]) => `train/${name}`)),
  });
  const other = (await openCaptionData(again)).splits;
  assert.equal(new Set(other.test.map(({ id }) => id)), new Set(splits.test.map(({ id }) => id)));
});

test('the two lists may stand in either order, and over many pieces of the file', async () => {
  const ids = Array.from({ length: 3000 }, (_, id) => id);
  const { images, annotations } = coco(
    ids.map((id) => [id, `${id}.jpg`]),
    ids.flatMap((id): [number, string][] => [
      [id, `Größe ${id}.`],
      [id, `Nummer ${id}.`],
    ]),
  );
  const train = JSON.stringify({ info: {}, annotations, licenses: [], images });
  const val = `\uFEFF${JSON.stringify({ images, annotations: [...annotations, { image_id: 5000, caption: 'x' }] })}\n`;
  const root = await folderWith({
    'annotations/captions_train.json': train,
    'annotations/captions_val.json': val,
    ...pictures(...[0, 1, 2999].flatMap((id) => [`train/${id}.jpg`, `val/${id}.jpg`])),
  });
  const { splits, skipped, digest } = await openCaptionData(root);
  for (const split of [splits.train, splits.val])
    assert.equal(
      split.map(({ captions }) => captions),
      [0, 1, 2999].map((id) => [`Größe ${id}.`, `Nummer ${id}.`]),
    );
  const lost = 'caption of a picture that "images" does not list (picture 5000)';
  assert.ok(skipped.includes(`captions_val.json: 1 × ${lost}`), skipped.join());
  assert.is(digest, createHash('sha256').update(train).update(val).digest('hex'));
});

test('a file is judged while it is read, not after', async () => {
  const wrong = JSON.stringify({ images: [{ id: 1 }] }).slice(0, -2);
  const root = await folderWith({
    'annotations/captions_train.json': `${wrong}${', {"id": 2}'.repeat(100_000)} and no JSON any more`,
  });
  assert.match(await refusal(openCaptionData(root)), /images\[0\] has no "file_name"/);
});

test('files of another shape are refused with the entry that is wrong', async () => {
  for (const [json, wanted] of [
    ['{"images": 3', /^captions_train\.json is no COCO caption file: .*JSON/],
    [{ images: [], sentences: [] }, /: the "images" and "annotations" lists are missing or empty/],
    [{ images: [{ file_name: 'a.jpg', id: 1 }], annotations: {} }, /: the "annotations" list is missing/],
    [{ images: [{ id: 1 }], annotations: [] }, /images\[0\] has no "file_name"/],
    [{ images: [], annotations: [{ caption: 'x' }] }, /annotations\[0\] has no "image_id" \| give a folder/],
  ] as const) {
    const root = await folderWith({ 'annotations/captions_train.json': json });
    assert.match(await refusal(openCaptionData(root)), wanted);
  }
});

test.run();
