// The space that pictures' features go through after a training on texts: its arithmetic, its file, its place in a captioner.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import {
  bytesSource,
  openDevice,
  openSafetensors,
  writeSafetensors,
  type Device,
} from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import {
  Captioner,
  featureSpaceEntries,
  MapperError,
  readFeatureSpace,
  toFeatureSpace,
  type FeatureSpace,
} from '../src/index.ts';
import { disposeModels, tinyModels } from './tiny-run.ts';

const test = suite('feature space', { timeLimitSeconds: 120 });
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const near = (got: Float32Array, wanted: readonly number[]): void => {
  assert.is(got.length, wanted.length);
  wanted.forEach((x, i) => assert.ok(Math.abs(got[i] - x) < 1e-6, `${i}: ${got[i]}, wanted ${x}`));
};

test('a feature is standardised where statistics are given, and gets the wanted length', () => {
  near(toFeatureSpace(Float32Array.of(3, 4), { length: 1 }), [0.6, 0.8]);
  near(toFeatureSpace(Float32Array.of(0, 0), { length: 1 }), [0, 0]);
  const image = { mean: Float32Array.of(1, 2, 5), deviation: Float32Array.of(0.5, 4, 0) };
  // (3 − 1)/0.5 = 4, (14 − 2)/4 = 3, and a coordinate that never changes says nothing.
  near(toFeatureSpace(Float32Array.of(3, 14, 9), { image, length: 10 }), [8, 6, 0]);
});

test('a memory answers with its texts, weighted by softmax(cosine / temperature)', () => {
  const memory = { rows: Float32Array.of(1, 0, 0, 1, -1, 0), temperature: 0.5 };
  // Cosines 0.6, 0.8 and −0.6.
  const [a, b, c] = [0.6, 0.8, -0.6].map((cosine) => Math.exp(cosine / 0.5));
  const norm = Math.hypot(a - c, b);
  near(toFeatureSpace(Float32Array.of(3, 4), { length: 2, memory }), [(2 * (a - c)) / norm, (2 * b) / norm]);
  near(
    toFeatureSpace(Float32Array.of(3, 4), { length: 2, memory: { ...memory, temperature: 1e-3 } }),
    [0, 2],
  );
});

test('its file gives it back; files for other features and damaged ones are refused', async () => {
  const space: FeatureSpace = {
    image: { mean: Float32Array.of(1, 2), deviation: Float32Array.of(3, 4) },
    length: Math.sqrt(2),
    memory: { rows: Float32Array.of(1, 0, 0, 1, 0.6, 0.8), temperature: 0.01 },
  };
  const reopened = ({ entries, metadata }: ReturnType<typeof featureSpaceEntries>) =>
    openSafetensors(bytesSource(writeSafetensors(entries, metadata), 'space.safetensors'));
  const saved = featureSpaceEntries(space, 2);
  assert.equal(await readFeatureSpace(await reopened(saved), 2), space);
  assert.equal(await readFeatureSpace(await reopened(featureSpaceEntries({ length: 1 }, 2)), 2), {
    image: undefined,
    length: 1,
    memory: undefined,
  });
  const refusal = async (file: typeof saved, D: number): Promise<string> => {
    const error = await readFeatureSpace(await reopened(file), D).catch((e: unknown) => e);
    assert.instance(error, MapperError);
    return (error as Error).message;
  };
  assert.match(await refusal(saved, 3), /space\.safetensors: image\.mean is \[2\]; features have 3 numbers/);
  assert.match(await refusal({ ...saved, metadata: { length: '1' } }, 2), /"temperature" is undefined/);
});

test('a captioner sends features through it', async () => {
  const models = tinyModels(device);
  const features = Array.from({ length: 6 }, (_, n) =>
    Float32Array.from({ length: 16 }, (__, i) => 8 * Math.sin((n + 1) * (i + 1))),
  );
  const featureSpace: FeatureSpace = {
    image: { mean: new Float32Array(16).fill(2), deviation: new Float32Array(16).fill(0.1) },
    length: 30,
  };
  const options = { maxTokens: 8 };
  const plain = new Captioner({ ...models, stop: [] });
  const spaced = new Captioner({ ...models, stop: [], featureSpace });
  const seen = features.map((feature) => toFeatureSpace(feature, featureSpace));
  const raw = await plain.captionFeatures(features, options);
  const wanted = await plain.captionFeatures(seen, options);
  const got = await spaced.captionFeatures(features, options);
  assert.equal(got, wanted);
  assert.not.equal(got, raw);
  plain.dispose();
  spaced.dispose();
  disposeModels(models);
});

test.run();
