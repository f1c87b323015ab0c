// ClipCap's feature pickles, as PyTorch wrote them: captions by picture, features by the row of each.
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openCaptionData } from '../src/index.ts';
import { folderWith, refusal, removeFolders } from './written-folder.ts';

const test = suite('ClipCap features', { timeLimitSeconds: 30 });
test.after(removeFolders);

const golden = fileURLToPath(new URL('golden', import.meta.url));
/** The feature that write-clipcap.py gives a picture. */
const featureOf = (image: number): number[] => Array.from({ length: 6 }, (_, d) => image / 64 + d);

test('a folder of two splits: captions of one picture together, features by row, f16 widened', async () => {
  const data = await openCaptionData(`clipcap:${golden}`);
  assert.equal(
    data.splits.train.map(({ id, captions }) => [id, captions]),
    [
      [391, ['A dog.', 'A dog runs.']],
      [42, ['A cat sits.', 'One cat.']],
      [7, ['A bird.']],
    ],
  );
  assert.is(data.splits.train[1].path, 'clipcap-mini_train.pkl#1');
  assert.equal(
    data.splits.val.map(({ id }) => id),
    [9, 10],
  );
  assert.is(data.splits.test, data.splits.val);
  const { D, read } = data.features!;
  assert.is(D, 6);
  const features = await read();
  const half = [...new Float32Array([...featureOf(391), ...featureOf(42), ...featureOf(7)])];
  features.train.forEach((x, i) => assert.ok(Math.abs(x - half[i]) <= half[i] * 2 ** -11, `${i}: ${x}`));
  assert.equal([...features.val], [...featureOf(9), ...featureOf(10)]);
  assert.match(
    data.summary,
    /^clipcap .*: 3 train, 2 val, 2 test pictures with 7 captions; nothing left out$/,
  );
  assert.match(data.notes[0], 'features of 6 numbers come with the data');
});

test('one file is divided, and each picture keeps its own feature', async () => {
  const { splits, features } = await openCaptionData(join(golden, 'clipcap-mini_train.pkl'));
  const rows = await features!.read();
  assert.equal([splits.train.length, splits.val.length, splits.test.length], [1, 1, 1]);
  for (const split of ['train', 'val', 'test'] as const) {
    const wanted = featureOf(splits[split][0].id as number)[0];
    assert.ok(Math.abs(rows[split][0] - wanted) <= wanted * 2 ** -11, split);
  }
});

test("the training script's token cache is passed over; damaged files are refused", async () => {
  const root = await folderWith({ 'x_ViT-B_32_tokens.pkl': 'not read', 'y_train.pkl': 'no pickle' });
  assert.match(await refusal(openCaptionData(root)), /y_train\.pkl.* \| give a \.pkl file/);
  await copyFile(join(golden, 'clipcap-mini_train.pkl'), join(root, 'y_train.pkl'));
  assert.is((await openCaptionData(root)).features?.D, 6);
  const bytes = await readFile(join(golden, 'clipcap-mini_val.pkl'));
  const cut = await folderWith({ 'z_val.pkl': bytes.subarray(0, bytes.length - 20) });
  assert.match(await refusal(openCaptionData(cut)), /z_val\.pkl.* \| give a \.pkl file/);
});

test.run();
