// Own data: tables, JSON lines, folders; and what is found out when nobody says the format.
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { formatNames, openCaptionData, type Dataset } from '../src/index.ts';
import { folderWith, pictures, refusal, removeFolders } from './written-folder.ts';

const test = suite('own data', { timeLimitSeconds: 30 });
test.after(removeFolders);

const captionsOf = ({ splits }: Dataset): Record<string, string[][]> => ({
  train: splits.train.map(({ captions }) => captions),
  val: splits.val.map(({ captions }) => captions),
  test: splits.test.map(({ captions }) => captions),
});
const four = pictures('a.jpg', 'b.jpeg', 'c.PNG', 'deep/d.png');

test('CSV: quoted line breaks and commas, several captions by rows, a column of splits', async () => {
  const root = await folderWith({
    'mine.csv':
      '\uFEFFid,Split,Caption,Image\n1,train,"A dog,\nrunning.",a.jpg\n2,train,"He said ""sit"".",a.jpg\n' +
      '3,validation,Two cats.,b.jpeg\n4,test,A bird.,c.PNG\n5,holdout,Nobody.,deep/d.png\n6,test,Leak.,a.jpg\n7,train,,a.jpg\n8\n',
    ...four,
  });
  for (const name of [root, join(root, 'mine.csv'), `csv:${root}`]) {
    const data = await openCaptionData(name);
    assert.equal(captionsOf(data), {
      train: [['A dog, running.', 'He said "sit".']],
      val: [['Two cats.']],
      test: [['A bird.']],
    });
    assert.equal(data.skipped, [
      'mine.csv: 1 × row of an unknown split (line 7: holdout)',
      'mine.csv: 1 × caption of a picture that is in train already (a.jpg)',
      'mine.csv: 1 × empty caption (line 9)',
      'mine.csv: 1 × row without a picture or a caption (line 10)',
    ]);
  }
});

test('TSV and semicolons; without a header the cell that names a picture decides', async () => {
  for (const [file, text] of [
    ['x.tsv', 'file_name\ttext\na.jpg\tA, b; c\n'],
    ['x.csv', 'caption;image_path\nA, b; c;a.jpg\n'.replace('A, b; c', '"A, b; c"')],
    ['x.tsv', 'A, b; c\ta.jpg\n'],
  ]) {
    const root = await folderWith({ [file]: text, ...four });
    const { splits } = await openCaptionData(root);
    assert.equal(splits.train[0].captions, ['A, b; c'], text);
    assert.is(splits.train[0].path, join(root, 'a.jpg'));
  }
});

test('train.csv, val.csv and test.csv are splits; absolute paths stay', async () => {
  const far = await folderWith(four);
  const row = (name: string): string => `image,caption\n${join(far, name)},This is ${name}\n`;
  const root = await folderWith({
    'train.csv': row('a.jpg'),
    'valid.csv': row('b.jpeg'),
    'test.csv': row('deep/d.png'),
  });
  const { splits } = await openCaptionData(`csv:${root}`);
  assert.is(splits.val[0].path, join(far, 'b.jpeg'));
  assert.equal(splits.test[0].captions, ['This is deep/d.png']);
  await writeFile(join(root, 'more.csv'), row('c.PNG'));
  assert.match(await refusal(openCaptionData(root)), /more\.csv is not named after a split \| give one file/);
});

test('train and test alone: val is set apart from train, test stays whole', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}.jpg`);
  const rows = (own: string[]): string =>
    `image,caption\n${own.map((name) => `${name},Of ${name}`).join('\n')}`;
  const root = await folderWith({
    'train.csv': rows(names.slice(0, 15)),
    'test.csv': rows(names.slice(15)),
    ...pictures(...names),
  });
  const { splits, notes } = await openCaptionData(root);
  assert.equal([splits.train.length, splits.val.length, splits.test.length], [13, 2, 5]);
  assert.equal(
    splits.test.map(({ id }) => id),
    names.slice(15),
  );
  assert.equal(new Set([...splits.train, ...splits.val].map(({ id }) => id)).size, 15);
  assert.match(notes.join(), 'no val split: 10 % of its train pictures are set apart');
});

test('tables that cannot be understood name the row or the line', async () => {
  const odd = await folderWith({ 'x.csv': 'photo,words\na.jpg,b,c\n' });
  assert.match(
    await refusal(openCaptionData(odd)),
    /x\.csv: its first row names no columns of pictures and captions: photo, words \| .*image,caption/,
  );
  const open = await folderWith({ 'x.csv': 'image,caption\na.jpg,"never closed\nb.jpg,x\n', ...four });
  assert.match(
    await refusal(openCaptionData(open)),
    /x\.csv cannot be read as a table: Quote Not Closed.* \| close/,
  );
});

test('a large table is streamed: 200,000 rows', async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `${['a.jpg', 'b.jpeg'][i % 2]},Caption ${i}`);
  const root = await folderWith({ 'x.csv': `image,caption\n${rows.join('\n')}`, ...four });
  const { summary } = await openCaptionData(root);
  assert.match(summary, 'with 200,000 captions; nothing left out');
});

test('JSON lines: one caption or several, other names of keys, broken lines', async () => {
  const lines = [
    '{"image": "a.jpg", "captions": ["One.", "Two.", 3]}',
    '{"file_name": "b.jpeg", "text": "Three.", "split": "val"}',
    '',
    '{"image": "a.jpg", "caption": "Four."}',
    '{"image": "c.PNG"',
    '[1]',
    '{"caption": "No picture."}',
    '{"image": "c.PNG", "caption": "Five.", "split": "test"}',
  ];
  const root = await folderWith({ 'metadata.jsonl': lines.join('\n'), ...four });
  for (const name of [root, `jsonl:${join(root, 'metadata.jsonl')}`]) {
    const data = await openCaptionData(name);
    assert.equal(captionsOf(data), {
      train: [['One.', 'Two.', 'Four.']],
      val: [['Three.']],
      test: [['Five.']],
    });
    assert.equal(data.skipped, [
      'metadata.jsonl: 1 × empty caption (line 1)',
      'metadata.jsonl: 1 × line that is no JSON (line 5)',
      'metadata.jsonl: 1 × line that is no JSON object (line 6)',
      'metadata.jsonl: 1 × line without image (line 7)',
    ]);
  }
});

test('a folder: a caption per line, inner folders as splits, strangers counted', async () => {
  const root = await folderWith({
    'train/a.jpg': '',
    'train/a.txt': 'One.\r\n\r\nTwo.\n',
    'train/more/b.png': '',
    'train/more/b.txt': 'Three.',
    'validation/c.jpg': '',
    'validation/c.txt': 'Four.',
    'test/d.jpg': '',
    'test/d.txt': 'Five.',
    'test/e.webp': '',
    'test/f.jpg': '',
    'test/g.txt': 'Of nothing.',
    '.git/h.jpg': '',
  });
  for (const name of [root, `folder:${root}`]) {
    const data = await openCaptionData(name);
    assert.equal(captionsOf(data), {
      train: [['One.', 'Two.'], ['Three.']],
      val: [['Four.']],
      test: [['Five.']],
    });
    assert.is(data.splits.train[1].path, join(root, 'train/more/b.png'));
    const file = root.split('/').at(-1);
    assert.equal(data.skipped, [
      `${file}: 1 × picture that is neither PNG nor JPEG (test/e.webp)`,
      `${file}: 1 × text file without a picture (test/g.txt)`,
      `${file}: 1 × picture without a caption (test/f.jpg)`,
    ]);
  }
  await symlink(root, join(root, 'train/loop'));
  assert.is((await openCaptionData(root)).splits.train.length, 2, 'a link to itself adds nothing');
  const before = (await openCaptionData(root)).digest;
  await writeFile(join(root, 'test/d.txt'), 'Five!');
  assert.not.equal((await openCaptionData(root)).digest, before);
});

test('missing paths, unknown formats and unknown folders say what to do', async () => {
  const open = (name: string): Promise<string> => refusal(openCaptionData(name, { otherNames: ['scenes'] }));
  assert.match(
    await open('/nowhere'),
    /^dataset \/nowhere: there is no such folder or file \| correct the path/,
  );
  assert.match(await open('scene'), /\| did you mean scenes\?$/);
  assert.match(await open('karpaty:/x'), /there is no format karpaty \| did you mean karpathy:\/x\?/);
  assert.match(await open('xyzzyx:/x'), new RegExp(`known are ${formatNames.join(', ')}`));
  const empty = await folderWith({ 'notes.md': 'nothing' });
  assert.match(await open(empty), /nothing in this folder is known \| say the format, as in coco:/);
  assert.match(await open(join(empty, 'notes.md')), /this file is known \| say the format/);
  for (const format of formatNames.filter((name) => name !== 'folder')) {
    const message = await open(`${format}:${empty}`);
    assert.match(message, /\| give /, `${format}: ${message}`);
    assert.not.match(message, 'it was taken');
  }
});

test('the README names every format', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  for (const name of formatNames) assert.match(readme, `${name}:`, name);
});

test.run();
