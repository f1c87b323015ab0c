// Flickr's token files and Kaggle's tables, Conceptual Captions with downloads under the names that programs give them.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openCaptionData, type Dataset } from '../src/index.ts';
import { folderWith, pictures, refusal, removeFolders } from './written-folder.ts';

const test = suite('Flickr and Conceptual Captions', { timeLimitSeconds: 30 });
test.after(removeFolders);

const byId = ({ splits }: Dataset): Record<string, string[]> =>
  Object.fromEntries(
    Object.values(splits)
      .flat()
      .map(({ id, captions }) => [id, captions]),
  );

test("Flickr8k's token file with its split files; lemmas are not read", async () => {
  const root = await folderWith({
    'Flickr8k.lemma.token.txt': 'a.jpg#0\tlemma',
    'Flickr8k.token.txt':
      'a.jpg#0\tA child in a pink dress .\r\na.jpg#1\tA girl#2 .\r\nb.jpg#0\tA dog .\r\nc.jpg#0\tA cat .\r\n' +
      'd.jpg#0\tIn no list .\r\nno tabulator\r\nbad.jpg.1#0\tA listed picture that is not there .\r\n',
    'Flickr_8k.trainImages.txt': 'a.jpg\nbad.jpg.1\n',
    'Flickr_8k.devImages.txt': 'b.jpg\n',
    'Flickr_8k.testImages.txt': 'c.jpg\n',
    ...pictures('Images/a.jpg', 'Images/b.jpg', 'Images/c.jpg', 'Images/d.jpg'),
  });
  const data = await openCaptionData(root);
  assert.equal(byId(data), {
    'a.jpg': ['A child in a pink dress .', 'A girl#2 .'],
    'b.jpg': ['A dog .'],
    'c.jpg': ['A cat .'],
  });
  assert.is(data.splits.val[0].path, join(root, 'Images/b.jpg'));
  assert.is(data.splits.test[0].id, 'c.jpg');
  assert.equal(data.skipped, [
    'Flickr8k.token.txt: 1 × caption of a picture that no split file names (d.jpg)',
    'Flickr8k.token.txt: 1 × line that is not name#number, tabulator, caption (line 6)',
    `Flickr8k.token.txt: 1 × picture that does not exist (${join(root, 'Images/bad.jpg.1')})`,
  ]);
});

test("Flickr30k's token file has no splits: pictures are set apart", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `${1000 + i}.jpg`);
  const root = await folderWith({
    'results_20130124.token': names.map((name) => `${name}#0\tPicture ${name} .`).join('\n'),
    ...pictures(...names.map((name) => `flickr30k-images/${name}`)),
  });
  const { splits, notes } = await openCaptionData(`flickr:${root}`);
  assert.equal([splits.train.length, splits.val.length, splits.test.length], [24, 3, 3]);
  assert.match(notes.join(), 'names no val and no test pictures');
});

test("Kaggle's Flickr8k: quotation marks, commas, and a comma without them", async () => {
  const root = await folderWith({
    'captions.txt':
      'image,caption\na.jpg,"A man , in a ""Lakers"" shirt , jumps ."\na.jpg,A "quoted" word .\n' +
      'b.jpg,Two dogs , running .\nc.jpg\nc.jpg,A cat .\n',
    ...pictures('Images/a.jpg', 'Images/b.jpg', 'Images/c.jpg'),
  });
  const data = await openCaptionData(`flickr:${root}`);
  assert.equal(byId(data), {
    'a.jpg': ['A man , in a "Lakers" shirt , jumps .', 'A "quoted" word .'],
    'b.jpg': ['Two dogs , running .'],
    'c.jpg': ['A cat .'],
  });
  assert.equal(data.skipped, ['captions.txt: 1 × line without a caption (line 5)']);
});

test("Kaggle's Flickr30k: bars, quotation marks that mean nothing, the known row without a bar", async () => {
  const root = await folderWith({
    'results.csv':
      'image_name| comment_number| comment\n1.jpg| 0| Two "young guys with shaggy hair .\n' +
      '1.jpg| 1| A | bar .\n2.jpg| 4   A dog runs across the grass .\n3.jpg|\n3.jpg| 0| A cat .\n',
    ...pictures('flickr30k_images/1.jpg', 'flickr30k_images/2.jpg', 'flickr30k_images/3.jpg'),
  });
  const data = await openCaptionData(root);
  assert.equal(byId(data), {
    '1.jpg': ['Two "young guys with shaggy hair .', 'A | bar .'],
    '2.jpg': ['A dog runs across the grass .'],
    '3.jpg': ['A cat .'],
  });
  assert.equal(data.skipped, ['results.csv: 1 × line without a caption (line 5)']);
  assert.ok(data.notes.includes('results.csv: 1 × row with a missing bar, repaired'));
});

const urls = [
  'http://a.example/1.jpg',
  'https://b.example/zwei.png',
  'http://c.example/3',
  'http://d.example/4',
];
const tsv = urls.map((url, i) => `caption "${i}\t${url}`).join('\n');

test('Conceptual Captions: rows in digits, for each split in its own folder', async () => {
  const root = await folderWith({
    'Train_GCC-training.tsv': tsv,
    'Validation_GCC-1.1.0-Validation.tsv': 'a val caption\thttp://e.example/5\n',
    // ClipCap's script, and img2dataset with its nine digits in folders of shards.
    ...pictures('train/00000001.jpg', 'train/00000/000000003.jpg', 'val/00000000.jpg'),
    'train/00000_stats.json': '{}',
  });
  const data = await openCaptionData(`cc:${root}`);
  assert.equal(
    data.splits.train.map(({ captions }) => captions),
    [['caption "1'], ['caption "3']],
  );
  assert.is(data.splits.train[1].path, join(root, 'train/00000/000000003.jpg'));
  assert.equal(data.splits.val[0].captions, ['a val caption']);
  assert.equal(data.skipped, [
    'Train_GCC-training.tsv: 2 × picture that was not downloaded (line 1, line 3)',
  ]);
  assert.match(data.summary, '2 train, 1 val, 1 test pictures with 3 captions; 2 left out');
});

test('Conceptual Captions: names made of the URL, columns the other way round, pictures elsewhere', async () => {
  // CRC-32 by Python: zlib.crc32(b'http://a.example/1.jpg'), …'http://c.example/3'
  const far = await folderWith({
    ...pictures('3297752686', '2_163975036.jpg'),
    [`${createHash('md5').update(urls[1]).digest('hex')}.jpg`]: '',
    [`${createHash('sha256').update(urls[3]).digest('hex')}.jpg`]: '',
  });
  const root = await folderWith({
    'cc12m.tsv': urls.map((url, i) => `${url}\tcaption ${i}`).join('\n'),
  });
  const { splits } = await openCaptionData(root, { pictures: far });
  const captions = Object.values(splits).flatMap((own) => own.flatMap((example) => example.captions));
  assert.equal(captions.sort(), ['caption 0', 'caption 1', 'caption 2', 'caption 3']);
});

test('Conceptual Captions without pictures or without URLs are refused', async () => {
  const bare = await folderWith({ 'Train_GCC-training.tsv': tsv });
  assert.match(await refusal(openCaptionData(bare)), /there is no picture in .* \| .*img2dataset/);
  const odd = await folderWith({ 'Train_GCC-training.tsv': 'one\ttwo\n', ...pictures('train/00000000.jpg') });
  assert.match(await refusal(openCaptionData(odd)), 'the first line of Train_GCC-training.tsv has no URL');
});

test.run();
