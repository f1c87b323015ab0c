// Self-critical training: the reward, what a batch becomes, and that it pulls towards what scores better.
import { ciderD, documentFrequencies } from '@foreword/caption-metrics';
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import { createMapper, type Caption, type Captioner } from '@foreword/prefix-mapper';
import { AdamW, openDevice } from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { epochBatches, makeBatch, type TokenizedSet } from '../src/train/batches.ts';
import { CaptionReward, SelfCritic } from '../src/train/self-critical.ts';
import { StepPlans } from '../src/train/step-plans.ts';

const test = suite('self-critical', { timeLimitSeconds: 120 });
const device = await openDevice();
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const training = [
  ['A red square on grass.', 'A square that is red.'],
  ['A blue circle on grass.', 'A circle that is blue.'],
  ['A green star on snow.', 'A star that is green.'],
];
const caption = (text: string, isStopped = true, ids = [5, 6, 7]): Caption => ({
  text,
  isStopped,
  ids,
  others: [],
});

test('the reward is CIDEr-D with the training captions’ frequencies, the end counted as a word', () => {
  const reward = new CaptionReward(training);
  const words = (text: string): string[] => [...text.toLowerCase().replace('.', '').split(' '), '</s>'];
  const table = documentFrequencies(training.map((set) => set.map(words)));
  const texts = ['A blue circle on snow.', 'A red square on grass.'];
  const references = [training[1], training[0]];
  const wanted = ciderD(
    texts.map(words),
    references.map((set) => set.map(words)),
    { documentFrequencies: table },
  ).perImage;
  const got = reward.score(
    texts.map((text) => caption(text)),
    references,
  );
  assert.equal(got, wanted);
  assert.ok(got[1] > got[0] && got[0] > 0);
  const [whole, broken] = reward.score(
    [caption('A red square on grass.'), caption('A red square on grass', false)],
    [training[0], training[0]],
  );
  assert.ok(broken < whole, 'a caption that did not end earns less');
});

const set: TokenizedSet = {
  D: 2,
  skipped: [],
  features: Float32Array.of(1, 2, 3, 4, 5, 6),
  examples: training.map((captions, id) => ({ id, path: '', captions })),
  tokens: training.map(() => [[9, 9]]),
};

test('a batch becomes the drawn captions, each token weighted by reward less baseline', async () => {
  const asked: { features: readonly Float32Array[]; seed?: number }[] = [];
  const stub = {
    async captionFeatures(
      features: readonly Float32Array[],
      { decode }: { decode?: { sample: { seed: number } } },
    ) {
      asked.push({ features, seed: decode?.sample.seed });
      // The picture's number is told by its feature.
      return features.map(([x]) => {
        const [own] = training[(x - 1) / 2];
        return decode ? caption(own, true, [1, 2, 3, 4, 5, 6, 7, 8, 9]) : caption('A square.');
      });
    },
  } as unknown as Captioner;
  const critic = new SelfCritic({ captioner: stub, train: set, val: set, seed: 4, maxTokens: 20 });
  const [given] = epochBatches(set, { seed: 1, epoch: 0, batch: 2, mostTokens: 20 });
  const { batch, reward, baseline } = await critic.criticise(given, 0);
  assert.is(batch.T, 16);
  assert.equal(Array.from(batch.tokens.subarray(0, 10)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  assert.equal(batch.features, given.features);
  const scores = new CaptionReward(training);
  given.examples.forEach((example, b) => {
    const [own] = scores.score([caption(training[example][0])], [training[example]]);
    const [base] = scores.score([caption('A square.')], [training[example]]);
    assert.equal(
      Array.from(batch.weights!.subarray(b * 16, b * 16 + 9)),
      Array(9).fill(Math.fround(own - base)),
    );
    assert.ok(batch.weights!.subarray(b * 16 + 9, b * 16 + 16).every((weight) => weight === 0));
  });
  assert.ok(reward > baseline);
  await critic.criticise(given, 1);
  await critic.criticise(given, 0);
  const seeds = asked.flatMap(({ seed }) => seed ?? []);
  assert.is(seeds.length, 3);
  assert.ok(seeds[0] !== seeds[1] && seeds[0] === seeds[2], 'drawn by step');
  assert.ok((await critic.validate()) > 0);
});

test('a step makes a caption of positive weight likelier and one of negative weight less likely', async () => {
  const config = parseGpt2Config({ vocab_size: 12, n_positions: 16, n_embd: 16, n_layer: 1, n_head: 2 });
  const gpt2 = Gpt2.random(device, config, 3);
  const mapper = createMapper(
    device,
    { type: 'linear', prefixLength: 2, featureSize: 2, embeddingSize: 16 },
    { seed: 7 },
  );
  const parameters = mapper.parameters();
  const optimizer = new AdamW(device, parameters, { eps: 1e-6, variant: 'transformers' });
  const plans = new StepPlans({ device, gpt2, mapper, tuneGpt2: false, labelSmoothing: 0 });
  const rows = [
    { example: 0, row: 0, ids: [5, 6, 7] },
    { example: 1, row: 1, ids: [8, 9, 10] },
  ];
  const batch = { ...makeBatch(set, rows, 8), weights: new Float32Array(16) };
  batch.weights.fill(2, 0, 3).fill(-2, 8, 11);
  const lossOf = (i: number): Promise<number> => plans.evaluate(makeBatch(set, [rows[i]], 8));
  const before = [await lossOf(0), await lossOf(1)];
  for (let step = 0; step < 3; step++) {
    optimizer.schedule(step + 1, 1e-2);
    await plans.train(batch, optimizer, 1, step);
  }
  const after = [await lossOf(0), await lossOf(1)];
  assert.ok(after[0] < before[0], `rewarded: ${before[0]} → ${after[0]}`);
  assert.ok(after[1] > before[1], `punished: ${before[1]} → ${after[1]}`);
  await plans.dispose();
  optimizer.dispose();
  mapper.dispose();
  gpt2.dispose();
});

test.run();
