// Every CLIP that OpenAI published: sizes as inferred from the shapes, numbers of parameters, and config.json.
import * as assert from 'uvu/assert';
import {
  ClipError,
  clipConfigJson,
  clipParameterShapes,
  inferClipConfig,
  isResNet,
  parseClipConfig,
  vitB32,
  type ClipConfig,
  type ResNetConfig,
} from '@foreword/clip';
import { suite } from '@foreword/test-kit';

/** A text tower of 12 layers, as all of them have. */
const text = (width: number): ClipConfig['text'] => ({ ...vitB32.text, width, heads: width / 64 });

const vit = (
  patchSize: number,
  embedDim: number,
  [width, layers]: [number, number],
  imageSize = 224,
): ClipConfig => ({
  vision: { imageSize, patchSize, width, layers, heads: width / 64 },
  text: text(embedDim),
  embedDim,
});

function resNet(
  layers: ResNetConfig['layers'],
  width: number,
  imageSize: number,
  sizes: { embedDim: number; textWidth: number },
): ClipConfig {
  const vision = { imageSize, width, layers, heads: (32 * width) / 64 };
  return { vision, text: text(sizes.textWidth), embedDim: sizes.embedDim };
}

// Sizes: Radford et al. 2021, tables 19 and 20, and the table of models in openai/CLIP. Parameters: without buffers; all
// but RN50x64's were counted a second time in the modules of golden/torch/make.py at these sizes.
const published: Record<string, { config: ClipConfig; parameters: number; image: number }> = {
  'ViT-B/32': { config: vit(32, 512, [768, 12]), parameters: 151_277_313, image: 87_849_216 },
  'ViT-B/16': { config: vit(16, 512, [768, 12]), parameters: 149_620_737, image: 86_192_640 },
  'ViT-L/14': { config: vit(14, 768, [1024, 24]), parameters: 427_616_513, image: 303_966_208 },
  'ViT-L/14@336px': { config: vit(14, 768, [1024, 24], 336), parameters: 427_944_193, image: 304_293_888 },
  RN50: {
    config: resNet([3, 4, 6, 3], 64, 224, { embedDim: 1024, textWidth: 512 }),
    parameters: 102_007_137,
    image: 38_316_896,
  },
  RN101: {
    config: resNet([3, 4, 23, 3], 64, 224, { embedDim: 512, textWidth: 512 }),
    parameters: 119_688_033,
    image: 56_259_936,
  },
  RN50x4: {
    config: resNet([4, 6, 10, 6], 80, 288, { embedDim: 640, textWidth: 640 }),
    parameters: 178_300_601,
    image: 87_137_080,
  },
  RN50x16: {
    config: resNet([6, 8, 18, 8], 96, 384, { embedDim: 768, textWidth: 768 }),
    parameters: 290_979_217,
    image: 167_328_912,
  },
  RN50x64: {
    config: resNet([3, 15, 36, 10], 128, 448, { embedDim: 1024, textWidth: 1024 }),
    parameters: 623_258_305,
    image: 420_380_352,
  },
};

const test = suite('published CLIPs');

const count = (shapes: Iterable<readonly [string, readonly number[]]>): number =>
  [...shapes].reduce((sum, [, shape]) => sum + shape.reduce((product, n) => product * n, 1), 0);

for (const [name, { config, parameters, image }] of Object.entries(published)) {
  test(`${name}: parameters, and the sizes that follow from their shapes`, () => {
    const shapes = clipParameterShapes(config);
    assert.is(count([...shapes].filter(([key]) => key.startsWith('visual.'))), image);
    assert.is(count(shapes), parameters);
    assert.equal(inferClipConfig(shapes), config);
  });

  test(`${name}: config.json`, () => {
    if (isResNet(config.vision)) {
      assert.throws(
        () => clipConfigJson(config),
        (error: Error) => error instanceof ClipError && error.message.includes('has no ResNet'),
      );
    } else assert.equal(parseClipConfig(JSON.parse(JSON.stringify(clipConfigJson(config)))), config);
  });
}

test('ResNets that cannot be are refused', () => {
  const { config } = published.RN50;
  const refused = (change: (shapes: Map<string, readonly number[]>) => void, message: RegExp): void => {
    const shapes = clipParameterShapes(config);
    change(shapes);
    assert.throws(() => inferClipConfig(shapes), message);
  };
  refused(
    (shapes) => shapes.set('visual.layer1.0.conv1.weight', [63, 64, 1, 1]),
    /even width|no multiple of 64/,
  );
  refused((shapes) => {
    for (const name of shapes.keys()) if (name.startsWith('visual.layer3.')) shapes.delete(name);
  }, /four stages/);
  const vision = { ...(config.vision as ResNetConfig), width: 63 };
  assert.throws(() => clipParameterShapes({ ...config, vision }), /even width/);
});

test.run();
