// Configurations: Hugging Face's config.json both ways, sizes inferred from shapes, and what is refused.
import * as assert from 'uvu/assert';
import {
  ClipError,
  clipConfigJson,
  clipParameterShapes,
  inferClipConfig,
  parseClipConfig,
  vitB32,
} from '@foreword/clip';
import { suite } from '@foreword/test-kit';
import { tinyConfig } from './tiny-clip.ts';

const test = suite('clip config');

test('an empty config.json means ViT-B/32', () => {
  assert.equal(parseClipConfig({ vision_config: {}, text_config: { eos_token_id: 2 } }), vitB32);
});

test('fields of config.json are read', () => {
  const json = {
    projection_dim: 768,
    vision_config: {
      hidden_size: 1024,
      intermediate_size: 4096,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      patch_size: 14,
    },
    text_config: {
      hidden_size: 768,
      intermediate_size: 3072,
      num_attention_heads: 12,
      hidden_act: 'quick_gelu',
      eos_token_id: 49407,
    },
  };
  assert.equal(parseClipConfig(json), {
    vision: { imageSize: 224, patchSize: 14, width: 1024, layers: 24, heads: 16 },
    text: { contextLength: 77, vocabSize: 49408, width: 768, layers: 12, heads: 12 },
    embedDim: 768,
  });
});

test('a written config.json reads back', () => {
  const gelu = { ...vitB32, activation: 'gelu' as const };
  for (const config of [vitB32, tinyConfig, gelu]) {
    assert.equal(parseClipConfig(JSON.parse(JSON.stringify(clipConfigJson(config)))), config);
  }
});

test('what these towers do not do is refused with its field', () => {
  const refused = (vision: object, text: object, message: RegExp): void =>
    assert.throws(
      () => parseClipConfig({ vision_config: vision, text_config: text }),
      (error: Error) => error instanceof ClipError && message.test(error.message),
      String(message),
    );
  refused({ hidden_act: 'relu' }, {}, /hidden_act is relu and quick_gelu/);
  refused({ hidden_act: 'gelu' }, {}, /hidden_act is gelu and quick_gelu/);
  refused(
    { intermediate_size: 100 },
    {},
    /vision_config\.intermediate_size is 100; only 4·hidden_size = 3072/,
  );
  refused({ layer_norm_eps: 1e-6 }, {}, /layer_norm_eps is 0\.000001/);
  refused({ hidden_size: '768' }, {}, /vision_config\.hidden_size is "768"/);
  refused({ num_hidden_layers: 1e9 }, {}, /num_hidden_layers is 1000000000; a whole number from 1 to 10000/);
  refused({ patch_size: 33 }, {}, /224 is no multiple of the patch size 33/);
  refused({ num_attention_heads: 7 }, {}, /vision width 768 does not split into 7 heads/);
  refused({ num_channels: 1 }, {}, /num_channels is 1/);
  refused({}, { eos_token_id: 5 }, /eos_token_id is 5; the end token must have the largest id, 49407/);
  assert.throws(() => parseClipConfig({ n_embd: 768 }), /this is no CLIP configuration/);
});

test('sizes are inferred from OpenAI’s shapes', () => {
  assert.equal(inferClipConfig(clipParameterShapes(vitB32)), vitB32);
  const shapes = clipParameterShapes(vitB32);
  shapes.delete('visual.conv1.weight');
  assert.throws(() => inferClipConfig(shapes), /no tensor "visual\.conv1\.weight"; pass the configuration/);
  shapes.set('visual.conv1.weight', [768, 32]);
  assert.throws(() => inferClipConfig(shapes), /"visual\.conv1\.weight" is \[768, 32\], and 4 sizes above 0/);
  shapes.set('visual.conv1.weight', [100, 3, 32, 32]);
  assert.throws(() => inferClipConfig(shapes), /the width 100 is no multiple of 64/);
  shapes.set('visual.conv1.weight', [768, 3, 32, 32]);
  assert.equal(
    inferClipConfig(new Map([...shapes].map(([name, shape]) => [`module.${name}`, shape]))),
    vitB32,
  );
  shapes.set('visual.layer1.0.conv1.weight', [64, 64, 1, 1]);
  assert.throws(() => inferClipConfig(shapes), /no tensor "visual\.attnpool\.positional_embedding"/);
  shapes.set('visual.attnpool.positional_embedding', [50, 2048]);
  assert.throws(() => inferClipConfig(shapes), /four stages .* not stages of \[1, 0, 0, 0\] blocks/);
});

test.run();
