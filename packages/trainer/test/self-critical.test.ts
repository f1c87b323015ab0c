// Self-critical training: the reward, what a batch becomes, and that it pulls towards what scores better.
import { ciderD, documentFrequencies } from '@foreword/caption-metrics';
import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
import { Captioner, createMapper, type Caption } from '@foreword/prefix-mapper';
import { AdamW, openDevice } from '@foreword/tensor/node';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import type { Tokenizer } from '@foreword/tokenizer';
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
      { decode }: { decode?: 'greedy' | { sample: { seed: number } } },
    ) {
      const sample = typeof decode === 'object' ? decode.sample : undefined;
      asked.push({ features, seed: sample?.seed });
      // The picture's number is told by its feature.
      return features.map(([x]) => {
        const [own] = training[(x - 1) / 2];
        return sample ? caption(own, true, [1, 2, 3, 4, 5, 6, 7, 8, 9]) : caption('A square.');
      });
    },
  } as unknown as Captioner;
  const critic = new SelfCritic({
    captioner: stub,
    train: set,
    val: set,
    samples: 1,
    seed: 4,
    maxTokens: 20,
  });
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
  assert.ok(reward > baseline!);
  await critic.criticise(given, 1);
  await critic.criticise(given, 0);
  const seeds = asked.flatMap(({ seed }) => seed ?? []);
  assert.is(seeds.length, 3);
  assert.ok(seeds[0] !== seeds[1] && seeds[0] === seeds[2], 'drawn by step');
  assert.ok((await critic.validate()) > 0);
});

test('of several captions of a picture, each is held against the mean of the others', async () => {
  let asked = 0;
  const texts = ['A red square on grass.', 'A square.', 'A star.'];
  const stub = {
    captionFeatures: async (features: readonly Float32Array[], { decode }: { decode?: unknown }) => {
      assert.ok(decode !== undefined && decode !== 'greedy', 'no greedy caption is needed');
      asked += features.length;
      return features.map((_, i) => caption(texts[i % 3], true, [1 + (i % 3), 7]));
    },
  } as unknown as Captioner;
  const critic = new SelfCritic({
    captioner: stub,
    train: set,
    val: set,
    samples: 3,
    seed: 4,
    maxTokens: 20,
  });
  const [given] = epochBatches(set, { seed: 1, epoch: 0, batch: 2, mostTokens: 20 });
  const { batch, reward, baseline } = await critic.criticise(given, 0);
  assert.is(asked, 6);
  assert.is(baseline, undefined);
  const scores = new CaptionReward(training);
  const expected = given.examples.map((example) =>
    scores.score(
      texts.map((text) => caption(text)),
      texts.map(() => training[example]),
    ),
  );
  expected.forEach(([a, b, c], picture) => {
    const weightOf = (k: number): number => batch.weights![(3 * picture + k) * batch.T];
    assert.equal(
      [0, 1, 2].map(weightOf),
      [a - (b + c) / 2, b - (a + c) / 2, c - (a + b) / 2].map(Math.fround),
    );
    assert.equal(
      batch.features.subarray(6 * picture, 6 * picture + 6),
      Float32Array.from({ length: 6 }, (_, i) => given.features[2 * picture + (i % 2)]),
    );
  });
  assert.equal(Array.from(batch.tokens.subarray(batch.T, batch.T + 3)), [2, 7, 0]);
  assert.equal(
    batch.examples,
    given.examples.flatMap((example) => [example, example, example]),
  );
  const mean = expected.flat().reduce((sum, score) => sum + score, 0) / 6;
  assert.ok(Math.abs(reward - mean) < 1e-12);
});

test('in a tiny world the reward rises, the same way twice', async () => {
  const words = ['!', 'red', 'blue', 'green', 'square', 'circle', 'star', '.'];
  const world = {
    ...set,
    features: Float32Array.of(1, 0, 0, 1, -1, -1),
    examples: ['red square.', 'blue circle.', 'green star.'].map((text, id) => ({
      id,
      path: '',
      captions: [text],
    })),
  };
  const learn = async (): Promise<number[]> => {
    const config = parseGpt2Config({ vocab_size: 8, n_positions: 16, n_embd: 16, n_layer: 1, n_head: 2 });
    const gpt2 = Gpt2.random(device, config, 3);
    const mapper = createMapper(
      device,
      { type: 'linear', prefixLength: 2, featureSize: 2, embeddingSize: 16 },
      { seed: 7 },
    );
    const tokenizer = {
      decode: (ids: readonly number[]) => ids.map((id) => words[id]).join(' '),
    } as unknown as Tokenizer;
    const captioner = new Captioner({ gpt2, mapper, tokenizer, stop: [7], batch: 48 });
    const critic = new SelfCritic({
      captioner,
      train: world,
      val: world,
      samples: 16,
      seed: 1,
      maxTokens: 4,
    });
    const models = { device, gpt2, mapper, tuneGpt2: true, labelSmoothing: 0 };
    gpt2.trainable(true);
    const plans = new StepPlans(models);
    const parameters = Object.fromEntries([...mapper.namedParameters(), ...gpt2.namedParameters()]);
    const optimizer = new AdamW(parameters, { eps: 1e-6, variant: 'transformers' });
    const given = makeBatch(
      world,
      world.examples.map(({ id }) => ({ example: id, row: id, ids: [1] })),
      4,
    );
    const rewards: number[] = [];
    for (let step = 0; step < 40; step++) {
      const { batch, reward } = await critic.criticise(given, step);
      rewards.push(reward);
      optimizer.schedule(step + 1, 1e-2);
      await (
        await plans.train(batch, optimizer, 1, step)
      ).report;
    }
    await plans.dispose();
    for (const part of [optimizer, captioner, mapper, gpt2]) part.dispose();
    return rewards;
  };
  const rewards = await learn();
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [first, last] = [mean(rewards.slice(0, 8)), mean(rewards.slice(-8))];
  assert.ok(last > 2 * first, `${first} → ${last}`);
  assert.equal(await learn(), rewards);
});

test('a step makes a caption of positive weight likelier and one of negative weight less likely', async () => {
  const config = parseGpt2Config({ vocab_size: 12, n_positions: 16, n_embd: 16, n_layer: 1, n_head: 2 });
  const gpt2 = Gpt2.random(device, config, 3);
  const mapper = createMapper(
    device,
    { type: 'linear', prefixLength: 2, featureSize: 2, embeddingSize: 16 },
    { seed: 7 },
  );
  const parameters = Object.fromEntries(mapper.namedParameters());
  const optimizer = new AdamW(parameters, { eps: 1e-6, variant: 'transformers' });
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
    await (
      await plans.train(batch, optimizer, 1, step)
    ).report;
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
