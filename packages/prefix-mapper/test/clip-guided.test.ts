// What joins CLIP and GPT-2: MAGIC search and reranking by CLIP, on tiny models, against plain recomputation.
import { clipTokenize } from '@foreword/tokenizer';
import { similarity } from '@foreword/clip';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { concat, openDevice, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import { Captioner, ClipTextScorer, type Caption, type CaptionOptions } from '../src/index.ts';
import { disposeModels, stripes, tinyModels, type TinyModels } from './tiny-run.ts';

const test = suite('CLIP-guided decoding', { timeLimitSeconds: 300 });
const maxTokens = 4;
const P = 2;
let device: Device;
let models: TinyModels;
let captioner: Captioner;
let features: Float32Array[];

test.before(async () => {
  device = await openDevice();
  models = tinyModels(device);
  captioner = new Captioner({ ...models, stop: [], batch: 3 });
  features = Array.from({ length: 3 }, (_, n) =>
    Float32Array.from({ length: 16 }, (__, i) => 8 * Math.sin((n + 1) * (i + 1))),
  );
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => {
  captioner.dispose();
  disposeModels(models);
  assert.is(device.stats.liveBytes, 0, 'all memory is freed');
  device.close();
});

const caption = (decode: CaptionOptions['decode'], given = features): Promise<Caption[]> =>
  captioner.captionFeatures(given, { decode, maxTokens });

/** CLIP's logit of one text for one picture, by the model's own ops and with the whole context. */
async function clipLogit(feature: Float32Array, text: string): Promise<number> {
  const { clip, clipTokenizer } = models;
  const { contextLength } = clip.config.text;
  const ids = clipTokenize(clipTokenizer, [text], { contextLength, truncate: true });
  const end = ids.indexOf(Math.max(...ids));
  return await device.scope(async () => {
    const tokens = tensor(device, ids, [1, contextLength], { dtype: 'i32' });
    const texts = clip.encodeText(tokens, tensor(device, [end], [1], { dtype: 'i32' }));
    const [logit] = (await similarity(
      tensor(device, feature, [1, 16]),
      texts,
      clip.logitScale,
    ).read()) as Float32Array;
    return logit;
  });
}

test('the scorer gives CLIP’s logits, for texts of any length and repeated ones', async () => {
  const scorer = new ClipTextScorer(models.clip, models.clipTokenizer, { batch: 4 });
  const texts = ['A red circle.', '', 'zwei blaue Kreise', 'A red circle.', 'a square '.repeat(20), 'é!'];
  const pairs = texts.map((text, i) => ({ text, feature: features[i % 3] }));
  const scores = await scorer.score(pairs);
  for (const [i, { text, feature }] of pairs.entries()) {
    const wanted = await clipLogit(feature, text);
    assert.ok(Math.abs(scores[i] - wanted) < 1e-4, `${text}: ${scores[i]}, wanted ${wanted}`);
  }
  assert.ok(new Set(scores).size > 4);
  await scorer.dispose();
});

interface Weights {
  k: number;
  alpha: number;
  beta: number;
}

/** MAGIC search by recomputing everything for each candidate. */
async function plainMagic(feature: Float32Array, { k, alpha, beta }: Weights): Promise<number[]> {
  const { gpt2, mapper, tokenizer } = models;
  const V = gpt2.config.vocab_size;
  const C = gpt2.config.n_embd;
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const read = (ids: readonly number[]): Promise<{ states: Float32Array[]; logits: Float32Array }> =>
    device.scope(async () => {
      // Filled up to one length, so that all share their kernels; a row does not see those after it.
      const filled = Array.from({ length: maxTokens }, (_, i) => ids[i] ?? 0);
      const embedded = gpt2.embed(tensor(device, filled, [1, maxTokens], { dtype: 'u32' }));
      const prefix = mapper.forward(tensor(device, feature, [1, 16]));
      const hidden = gpt2.hidden(concat([prefix, embedded], { axis: 1 }));
      const states = (await gpt2.normalise(hidden).read()) as Float32Array;
      const logits = (await gpt2.logits(hidden).read()) as Float32Array;
      const length = P + ids.length;
      return {
        states: Array.from({ length }, (_, t) => states.slice(t * C, (t + 1) * C)),
        logits: logits.slice((length - 1) * V, length * V),
      };
    });
  const text: number[] = [];
  while (text.length < maxTokens) {
    const { states, logits } = await read(text);
    const mass = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const tried = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, k);
    const scores: number[] = [];
    const fits: number[] = [];
    for (const id of tried) {
      const own = (await read([...text, id])).states.at(-1)!;
      const alike = states.map((state) => dot(state, own) / Math.sqrt(dot(state, state) * dot(own, own)));
      scores.push(((1 - alpha) * Math.exp(logits[id])) / mass - alpha * Math.max(...alike));
      fits.push(
        Math.exp(await clipLogit(feature, tokenizer.decode([...text, id], { skipSpecialTokens: true }))),
      );
    }
    const all = fits.reduce((a, b) => a + b, 0);
    const total = scores.map((score, i) => score + (beta * fits[i]) / all);
    text.push(tried[total.indexOf(Math.max(...total))]);
  }
  return text;
}

test('MAGIC search is the search by plain recomputation', async () => {
  const found = await caption({ magic: 4, alpha: 0.2, beta: 3 });
  for (const [i, feature] of features.slice(0, 2).entries()) {
    assert.equal(found[i].ids, await plainMagic(feature, { k: 4, alpha: 0.2, beta: 3 }));
  }
  const unguided = await caption({ contrastive: 4, alpha: 0.2 });
  const free = await caption({ magic: 4, alpha: 0.2, beta: 0 });
  assert.equal(
    free.map(({ ids }) => ids),
    unguided.map(({ ids }) => ids),
  );
  assert.not.equal(
    found.map(({ ids }) => ids),
    unguided.map(({ ids }) => ids),
  );
});

const choices = [
  'greedy,no-repeat=1',
  'beam:4,length=gnmt,alpha=0.6,finished=apart',
  'diverse:4,groups=2,strength=1',
  'contrastive:4,alpha=0.5,min-length=3',
  'magic:4,alpha=0.2,beta=3',
  'beam:4,rerank=clip',
];

for (const choice of choices) {
  test(`${choice}: a batch gives the captions its pictures have alone`, async () => {
    const together = await caption(choice);
    for (const [i, feature] of features.entries()) {
      const [alone] = await caption(choice, [feature]);
      assert.equal(
        [alone.ids, alone.others.map(({ ids }) => ids)],
        [together[i].ids, together[i].others.map(({ ids }) => ids)],
      );
    }
  });
}

test('best of several: the sample that CLIP likes best comes first', async () => {
  const plain = await caption({ sample: { seed: 3, samples: 4 } });
  const best = await caption('best-of:4,seed=3');
  for (const [i, { ids, others, score, text }] of best.entries()) {
    const drawn = [plain[i].ids, ...plain[i].others.map((other) => other.ids)];
    assert.equal([ids, ...others.map((other) => other.ids)].map(String).sort(), drawn.map(String).sort());
    assert.ok(Math.abs(score! - (await clipLogit(features[i], text))) < 1e-3);
    const scores = [score!, ...others.map((other) => other.score!)];
    assert.equal(
      scores,
      [...scores].sort((a, b) => b - a),
    );
  }
  // Where batches are cut does not matter: five pictures go three by three.
  const [, , , , fifth] = await caption('best-of:4,seed=3', [...features, ...features.slice(0, 2)]);
  const [again] = await caption({ sample: { seed: 3, samples: 4, stream: 4 }, rerank: 'clip' }, [
    features[1],
  ]);
  assert.equal(fifth.ids, again.ids);
});

test('minimum Bayes risk, and scores of one’s own that know pictures by their number', async () => {
  const mbr = await caption('mbr:4,seed=3');
  for (const { score, others } of mbr) assert.ok(others.every((other) => other.score! <= score!));
  const numbers = new Set<number>();
  const five = [...features, ...features.slice(0, 2)];
  await caption(
    { sample: { seed: 3, samples: 4 }, rerank: (texts) => texts.map(({ item }) => (numbers.add(item), 0)) },
    five,
  );
  assert.equal(
    [...numbers].sort((a, b) => a - b),
    [0, 1, 2, 3, 4],
  );
});

test('a stream of a reranked choice ends as its caption; bad words stay out', async () => {
  const picture = stripes(1);
  const { text } = await captioner.caption(picture, { decode: 'best-of:4,seed=1', maxTokens });
  let joined = '';
  for await (const piece of captioner.stream(picture, { decode: 'best-of:4,seed=1', maxTokens }))
    joined += piece;
  assert.is(joined, text);
  const { ids } = await captioner.caption(picture, { maxTokens });
  const word = models.tokenizer.decode([ids[0]]);
  const other = await captioner.caption(picture, {
    decode: { greedy: true, badWords: [[ids[0]]] },
    maxTokens,
  });
  assert.not.ok(other.ids.includes(ids[0]), word);
});

test('without CLIP’s tokenizer MAGIC and reranking by CLIP say what is missing', async () => {
  const blind = new Captioner({ ...models, clipTokenizer: undefined, stop: [] });
  for (const decode of ['magic:4', 'best-of:3', 'beam:2,rerank=clip']) {
    const error = await blind.captionFeatures(features, { decode }).catch((e: unknown) => e);
    assert.match((error as Error).message, "needs CLIP's text tower and its tokenizer");
  }
  blind.dispose();
  assert.throws(
    () => new ClipTextScorer({ config: { text: { vocabSize: 9 } } } as never, models.clipTokenizer),
    /ids, its text tower 9/,
  );
});

test.run();
