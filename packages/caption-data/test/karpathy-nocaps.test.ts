// Karpathy's splits and nocaps: files whose entries say where they belong.
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openCaptionData } from '../src/index.ts';
import { folderWith, pictures, refusal, removeFolders } from './written-folder.ts';

const test = suite('Karpathy and nocaps', { timeLimitSeconds: 30 });
test.after(removeFolders);

const image = (split: string, filename: string, raw: unknown[], more: object = {}) => ({
  split,
  filename,
  imgid: 7,
  sentids: [],
  sentences: raw.map((text, sentid) => ({ raw: text, tokens: ['lost'], imgid: 7, sentid })),
  ...more,
});

test('COCO: raw sentences, COCO ids, restval is learned from, folders by filepath', async () => {
  const of = (filepath: string, cocoid: number) => ({ filepath, cocoid });
  const root = await folderWith({
    'dataset_coco.json': {
      dataset: 'coco',
      images: [
        image('test', 'b.jpg', ['A Dog, running.', 'Dog!'], of('val2014', 20)),
        image('train', 'a.jpg', ['One.'], of('train2014', 10)),
        image('restval', 'c.jpg', ['Two.'], of('val2014', 30)),
        image('val', 'd.jpg', ['Three.'], of('val2014', 40)),
        image('secret', 'e.jpg', ['Four.'], of('val2014', 50)),
      ],
    },
    ...pictures('train2014/a.jpg', 'val2014/b.jpg', 'val2014/c.jpg', 'val2014/d.jpg'),
  });
  const { splits, notes, skipped, summary } = await openCaptionData(`karpathy:${root}`);
  assert.equal(
    splits.train.map(({ id }) => id),
    [10, 30],
  );
  assert.equal(
    splits.val.map(({ id }) => id),
    [40],
  );
  assert.equal(splits.test[0].captions, ['A Dog, running.', 'Dog!']);
  assert.is(splits.test[0].path, join(root, 'val2014/b.jpg'));
  assert.equal(notes, ['train includes 1 restval pictures, as usual']);
  assert.equal(skipped, ['dataset_coco.json: 1 × picture of an unknown split (e.jpg: secret)']);
  assert.match(summary, '2 train, 1 val, 1 test pictures with 5 captions; 1 left out');
});

test('Flickr: no filepath; the file itself, or a bare folder; pictures a level below', async () => {
  const split = (name: string) => image(name, `${name}.jpg`, [`${name} caption.`]);
  const root = await folderWith({
    'dataset_flickr8k.json': { images: ['train', 'val', 'test'].map(split) },
    ...pictures('Flicker8k_Dataset/train.jpg', 'Flicker8k_Dataset/val.jpg', 'Flicker8k_Dataset/test.jpg'),
    'other/readme.md': 'not a picture',
  });
  for (const name of [root, join(root, 'dataset_flickr8k.json'), `karpathy:${root}`]) {
    const { splits } = await openCaptionData(name);
    assert.is(splits.test[0].path, join(root, 'Flicker8k_Dataset/test.jpg'), name);
    assert.equal(splits.test[0].captions, ['test caption.']);
  }
});

test('two files in one folder, and files of another shape, are refused', async () => {
  const two = await folderWith({ 'dataset_coco.json': {}, 'dataset_flickr8k.json': {} });
  assert.match(
    await refusal(openCaptionData(two)),
    /there are dataset_coco\.json and dataset_flickr8k\.json \| give one of them: karpathy:/,
  );
  for (const [json, wanted] of [
    [{}, 'the "images" list is missing'],
    [{ images: [{ filename: 'a.jpg', sentences: [] }] }, 'images[0] has no "split"'],
    [{ images: [{ filename: 'a.jpg', split: 'val' }] }, 'images[0] has no "sentences"'],
  ] as const) {
    const root = await folderWith({ 'dataset_coco.json': json });
    assert.ok((await refusal(openCaptionData(root))).includes(wanted), wanted);
  }
});

test('nocaps: domains stay with the pictures, nothing is learned from', async () => {
  const domains = ['in-domain', 'near-domain', 'out-domain', 'near-domain'];
  const root = await folderWith({
    'nocaps_val_4500_captions.json': {
      images: domains.map((domain, id) => ({ id, file_name: `${id}.jpg`, domain, open_images_id: `x${id}` })),
      annotations: domains.flatMap((_, id) => [
        { id: 2 * id, image_id: id, caption: `Caption of ${id}.` },
        { id: 2 * id + 1, image_id: id, caption: `Another of ${id}.` },
      ]),
    },
    ...pictures('validation/0.jpg', 'validation/1.jpg', 'validation/2.jpg', 'validation/3.jpg'),
  });
  for (const name of [root, `nocaps:${join(root, 'nocaps_val_4500_captions.json')}`]) {
    const { splits, notes } = await openCaptionData(name);
    assert.equal(splits.train, []);
    assert.equal(
      splits.test.map(({ domain }) => domain),
      domains,
    );
    assert.is(splits.test[2].path, join(root, 'validation/2.jpg'));
    assert.is(splits.test[2].captions.length, 2);
    assert.equal(notes[0], 'domains: in-domain 1, near-domain 2, out-domain 1');
  }
  const info = await folderWith({ 'nocaps_val_image_info.json': { images: [] } });
  assert.match(
    await refusal(openCaptionData(info)),
    /"annotations" lists are missing or empty \| .*nocaps_val_4500/,
  );
});

test.run();
