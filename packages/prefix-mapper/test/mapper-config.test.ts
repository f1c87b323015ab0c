// Sizes of mappers: defaults, what checkpoints tell, and the sentences for what does not fit.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  fixedHiddenSize,
  inferMapperConfig,
  mapperShapes,
  parseRunConfig,
  resolveMapperConfig,
  type MapperConfig,
} from '../src/index.ts';

const test = suite('mapper sizes');
const mlp: MapperConfig = { type: 'mlp', prefixLength: 10, featureSize: 512, embeddingSize: 768 };

const parameterCount = (config: MapperConfig): number => {
  const shapes = [...mapperShapes(resolveMapperConfig(config)).values()];
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0);
};

test('parameter counts are ClipCap’s', () => {
  // CAPTIONING's table and formulas, for CLIP ViT-B/32 and GPT-2 small.
  const counts = [1, 5, 10, 20].map((prefixLength) => parameterCount({ ...mlp, prefixLength }));
  assert.equal(counts, [492_672, 8_361_600, 31_468_800, 121_920_000]);
  assert.is(parameterCount({ ...mlp, type: 'linear' }), 3_939_840);
  assert.is(parameterCount({ ...mlp, type: 'transformer' }), 41_745_408);
});

test('an MLP of an odd width rounds its hidden layer down', () => {
  const shapes = mapperShapes(
    resolveMapperConfig({ type: 'mlp', prefixLength: 3, featureSize: 4, embeddingSize: 5 }),
  );
  assert.equal(shapes.get('model.0.weight'), [7, 4]);
  assert.equal(shapes.get('model.2.weight'), [15, 7]);
});

test('a fixed-width MLP has the parameters of P = 10 at every length', () => {
  // CAPTIONING's table, for CLIP ViT-B/32 and GPT-2 small.
  const lengths = [1, 5, 10, 20, 40];
  const hidden = lengths.map((prefixLength) => fixedHiddenSize({ ...mlp, prefixLength }));
  assert.equal(hidden, [24_565, 7_228, 3_840, 1_982, 1_007]);
  lengths.forEach((prefixLength, i) => {
    const count = parameterCount({ ...mlp, prefixLength, hiddenSize: hidden[i] });
    assert.ok(Math.abs(count - 31_468_800) <= (513 + 768 * prefixLength) / 2, `P ${prefixLength}: ${count}`);
  });
  assert.is(fixedHiddenSize({ ...mlp, prefixLength: 4 }, { atLength: 4 }), 4 * 384);
  assert.throws(
    () => fixedHiddenSize({ prefixLength: 700, featureSize: 8, embeddingSize: 16 }),
    /a prefix of 700 rows is too long for an MLP with the 13680 parameters of prefix length 10/,
  );
});

test('every mapper’s sizes are read off its own shapes', () => {
  for (const config of [
    { ...mlp, prefixLength: 20 },
    { ...mlp, prefixLength: 20, hiddenSize: 7 },
    { ...mlp, type: 'linear' },
    { ...mlp, type: 'transformer', clipLength: 7, layers: 3 },
  ] as MapperConfig[]) {
    const resolved = resolveMapperConfig(config);
    const shapes = new Map(
      [...mapperShapes(resolved)].map(([name, shape]) => [`module.clip_project.${name}`, shape]),
    );
    shapes
      .set('gpt.transformer.wte.weight', [50257, 768])
      .set('gpt.transformer.h.0.attn.bias', [1, 1, 1024, 1024]);
    assert.equal(inferMapperConfig(shapes, { embeddingSize: 768 }), resolved);
  }
});

test('patches: each row of the feature becomes a row of the transformer, under a name of its own', () => {
  const config = { ...mlp, type: 'transformer', featureSize: 50 * 512, featureRows: 50 } as const;
  const resolved = resolveMapperConfig(config);
  assert.is(resolved.clipLength, 50);
  const shapes = mapperShapes(resolved);
  assert.equal(shapes.get('patches.weight'), [768, 512]);
  assert.not.ok(shapes.has('linear.weight'));
  assert.throws(() => inferMapperConfig(shapes, { embeddingSize: 768 }), /no mapper in it/);
  assert.throws(
    () => resolveMapperConfig({ ...config, type: 'mlp' }),
    /50 rows of a feature need a transformer/,
  );
  assert.throws(() => resolveMapperConfig({ ...config, featureRows: 49 }), /does not consist of 49 rows/);
});

test('what does not fit is named', () => {
  const infer = (name: string, shape: number[]) => () =>
    inferMapperConfig(new Map([[name, shape]]), { embeddingSize: 64 });
  assert.throws(infer('gpt.transformer.wte.weight', [9, 9]), /no mapper in it/);
  assert.throws(infer('clip_project.weight', [65, 8]), /65 outputs, which are no whole rows of 64/);
  assert.throws(
    () => resolveMapperConfig({ ...mlp, prefixLength: 0 }),
    /prefixLength is 0; a whole number from 1/,
  );
  assert.throws(
    () => resolveMapperConfig({ ...mlp, type: 'mpl' as 'mlp' }),
    /type is "mpl"; one of mlp, transformer, linear/,
  );
  assert.throws(
    () => resolveMapperConfig({ ...mlp, type: 'transformer', heads: 7 }),
    /768 is not divisible by 7 heads/,
  );
});

test('a run’s config.json is checked key by key', () => {
  const config = {
    mapper: mlp,
    backbones: { clip: '../clip', gpt2: '../gpt2' },
    stopTokens: [13],
    epochs: 10,
  };
  const { mapper, normalizePrefix, stopTokens } = parseRunConfig(config);
  assert.equal(mapper, resolveMapperConfig(mlp));
  assert.is(normalizePrefix, false);
  assert.equal(stopTokens, [13]);
  assert.is(parseRunConfig({ ...config, normalizePrefix: true }).normalizePrefix, true);
  assert.throws(() => parseRunConfig(null), /config\.json: the content is null/);
  assert.throws(
    () => parseRunConfig({ ...config, stopTokens: [-1] }, { name: 'a/config.json' }),
    /a\/config\.json: stopTokens is \[-1\]/,
  );
  assert.throws(
    () => parseRunConfig({ ...config, backbones: { clip: 'x' } }),
    /backbones\.gpt2 is undefined; a folder/,
  );
  assert.throws(() => parseRunConfig({ ...config, mapper: undefined }), /mapper is undefined/);
});

test.run();
