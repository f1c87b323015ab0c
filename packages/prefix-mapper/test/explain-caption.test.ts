// Reading a prefix: nearest tokens, and where words looked.
import { meanAttention } from '@foreword/gpt2';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { concat, openDevice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Captioner, explainCaption } from '../src/index.ts';
import { disposeModels, tinyModels, type TinyModels } from './tiny-run.ts';

const test = suite('explain caption', { timeLimitSeconds: 120 });
let device: Device;
let models: TinyModels;
test.before(async () => {
  device = await openDevice();
  models = tinyModels(device);
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  disposeModels(models);
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

test('a prefix made of token embeddings, of any length, lies next to these tokens', () =>
  device.scope(async () => {
    const { gpt2, tokenizer } = models;
    const wanted = [70, 7, 200];
    const prefix = gpt2
      .embed(tensor(device, wanted, [1, 3], { dtype: 'u32' }))
      .mul(-3)
      .mul(-2);
    const { nearest, words } = await explainCaption({ gpt2, tokenizer }, prefix, [], { nearest: 2 });
    assert.equal(
      nearest.map(([first]) => first.id),
      wanted,
    );
    for (const [i, [first, second]] of nearest.entries()) {
      assert.ok(Math.abs(first.cosine - 1) < 1e-5);
      assert.ok(second.cosine < first.cosine - 1e-3);
      assert.is(first.token, tokenizer.decode([wanted[i]]));
    }
    assert.equal(words, []);
  }));

test('a word’s attention is that of the rows that wrote its tokens, averaged', () =>
  device.scope(async () => {
    const { gpt2, tokenizer } = models;
    const ids = [...tokenizer.encode('A blue square.')];
    const P = 2;
    const values = Float32Array.from({ length: P * 32 }, (_, i) => Math.cos(i * i));
    const prefix = tensor(device, values, [1, P, 32]);
    const { words } = await explainCaption({ gpt2, tokenizer }, prefix, ids);
    assert.equal(
      words.map(({ word }) => word),
      ['A', 'blue', 'square', '.'],
    );
    const T = P + ids.length;
    const all = concat([prefix, gpt2.embed(tensor(device, ids, [1, ids.length], { dtype: 'u32' }))], {
      axis: 1,
    });
    const weights = await meanAttention(gpt2, all);
    let at = P - 1;
    for (const { word, attention } of words) {
      const count = tokenizer.encode(word === 'A' || word === '.' ? word : ` ${word}`).length;
      const wanted = Array.from({ length: P }, (_, slot) => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += weights[(at + i) * T + slot];
        return sum / count;
      });
      attention.forEach((share, slot) =>
        assert.ok(Math.abs(share - wanted[slot]) < 1e-6, `${word}, slot ${slot}`),
      );
      at += count;
    }
    assert.ok(
      Math.abs(words[0].attention[0] + words[0].attention[1] - 1) < 1e-6,
      'only the prefix is there yet',
    );
  }));

test('a captioner explains its own captions', async () => {
  const captioner = new Captioner({ ...models, stop: [] });
  const feature = Float32Array.from({ length: 16 }, (_, i) => 8 * Math.sin(i + 1));
  const [{ ids }] = await captioner.captionFeatures([feature], { maxTokens: 6 });
  const { nearest, words } = await captioner.explain(feature, ids);
  assert.is(nearest.length, 2);
  assert.ok(nearest.every((row) => row.length === 5));
  assert.ok(words.length > 0 && words.every(({ attention }) => attention.length === 2));
  captioner.dispose();
});

test.run();
