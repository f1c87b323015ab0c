// The pairs of colour and kind: what counts as true, the loss against its formula, and what counts as found.
import { Clip } from '@foreword/clip';
import { describeScene } from '@foreword/scenes';
import { openDevice, tensor, type Device } from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { dot } from '../src/pretrain/vectors.ts';
import {
  favour,
  favourPairs,
  pairAccuracy,
  pairCount,
  pairLoss,
  pairTargets,
} from '../src/pretrain/pair-loss.ts';

const test = suite('pair loss');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after(() => device.close());
test.after.each(failOnGpuErrors(() => device));

const scenes = Array.from({ length: 40 }, (_, index) => describeScene({ seed: 1, split: 'val', index }));

test('the targets are the pairs of the scene', () => {
  const targets = pairTargets(scenes);
  scenes.forEach(({ groups }, b) => {
    const own = targets.subarray(b * pairCount, (b + 1) * pairCount);
    const pairs = new Set(groups.map(({ colour, kind }) => `${colour} ${kind}`));
    assert.is(
      own.reduce((a, c) => a + c, 0),
      pairs.size,
    );
  });
  // The first colour of the first kind, and the last of the last.
  const [scene] = scenes;
  const only = (kind: string, colour: string) =>
    pairTargets([{ ...scene, groups: [{ ...scene.groups[0], kind, colour } as (typeof scene.groups)[0]] }]);
  assert.is(only('circle', 'red')[0], 1);
  assert.is(only('flower', 'black')[pairCount - 1], 1);
});

test('the loss is the cross-entropies and squared distances, summed over pairs, averaged over pictures', async () => {
  const D = pairCount + 5;
  const features = Float32Array.from({ length: 2 * D }, (_, i) => 2 * Math.sin(i));
  const targets = pairTargets(scenes.slice(0, 2));
  const loss = device.scope(() =>
    pairLoss(tensor(device, features, [2, D]), {
      fits: tensor(device, targets, [2, pairCount], { dtype: 'i32' }),
      wanted: tensor(device, targets, [2, pairCount]),
    }),
  );
  let expected = 0;
  targets.forEach((target, at) => {
    const x = features[Math.floor(at / pairCount) * D + (at % pairCount)] / 3;
    const logit = 10 * (x - 0.5);
    expected += (Math.log1p(Math.exp(target ? -logit : logit)) + (x - target) ** 2) / 2;
  });
  assert.ok(Math.abs((await loss.item()) - expected) < 1e-4 * expected, `${await loss.item()} ${expected}`);
});

test('coordinates that are as they shall be cost next to nothing, and all pairs are found in them', async () => {
  const targets = pairTargets(scenes);
  const D = pairCount;
  const features = Float32Array.from(targets, (t) => 3 * t);
  const loss = device.scope(() =>
    pairLoss(tensor(device, features, [scenes.length, D]), {
      fits: tensor(device, targets, [scenes.length, D], { dtype: 'i32' }),
      wanted: tensor(device, targets, [scenes.length, D]),
    }),
  );
  // 64 sigmoids of five logits each on the right side.
  assert.ok(Math.abs((await loss.item()) - 64 * Math.log1p(Math.exp(-5))) < 1e-3, `${await loss.item()}`);
  const rows = scenes.map((_, b) => features.slice(b * D, (b + 1) * D));
  assert.equal(pairAccuracy(rows, scenes), [1, 1, 1]);
  const others = rows.map((_, b) => rows[(b + 1) % rows.length]);
  const wrong = pairAccuracy(others, scenes);
  assert.ok(
    wrong.every((share) => share < 0.2),
    wrong.join(' '),
  );
});

test('favouring the pairs shrinks the other coordinates of pictures, and no dot product with a text changes', async () => {
  const D = pairCount + 8;
  const tower = { width: 16, layers: 1, heads: 2 };
  const clip = Clip.random(
    device,
    {
      vision: { imageSize: 8, patchSize: 4, ...tower },
      text: { contextLength: 4, vocabSize: 9, ...tower },
      embedDim: D,
    },
    1,
  );
  const read = async (): Promise<Float32Array[]> => {
    const { images, texts } = device.scope(() => {
      const pixels = tensor(
        device,
        Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)),
        [1, 3, 8, 8],
      );
      const tokens = tensor(device, [7, 1, 2, 8], [1, 4], { dtype: 'i32' });
      const ends = tensor(device, [3], [1], { dtype: 'i32' });
      return { images: clip.encodeImage(pixels), texts: clip.encodeText(tokens, ends) };
    });
    return [(await images.read()) as Float32Array, (await texts.read()) as Float32Array];
  };
  const [image, text] = await read();
  await favourPairs(clip);
  const [favoured, answering] = await read();
  assert.equal(favoured.slice(0, pairCount), image.slice(0, pairCount));
  assert.equal(
    favoured.slice(pairCount),
    image.slice(pairCount).map((x) => x / favour),
  );
  const [before, after] = [dot(image, text), dot(favoured, answering)];
  assert.ok(
    Math.abs(before) > 0.1 && Math.abs(after - before) < 1e-5 * Math.abs(before),
    `${before} ${after}`,
  );
  clip.dispose();
});

test.run();
