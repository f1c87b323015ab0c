// Self-critical sequence training (Rennie et al. 2017): a caption that is drawn at random is made likelier where it scores
// better than the caption of greedy decoding, and less likely where it scores worse. The score is CIDEr-D, with document
// frequencies of the training captions.
//
// Legend: B batch, T tokens, D feature size.
import { ciderD, documentFrequencies, tokenizeCaption } from '@foreword/caption-metrics';
import type { Caption, Captioner } from '@foreword/prefix-mapper';
import { streamSeed } from '../data/random.ts';
import { featureOf } from '../features/feature-cache.ts';
import { columnsFor, type Batch, type TokenizedSet } from './batches.ts';

/** Stands behind captions that ended: without it, a caption that breaks off would lose nothing. */
const endWord = '</s>';

/** Scores captions by CIDEr-D (0 to 10) against references. */
export class CaptionReward {
  readonly #frequencies: ReturnType<typeof documentFrequencies>;

  /** @param training references of the training pictures, by picture */
  constructor(training: readonly (readonly string[])[]) {
    this.#frequencies = documentFrequencies(training.map((set) => set.map(ended)));
  }

  /** One score per caption. */
  score(
    captions: readonly Pick<Caption, 'text' | 'isStopped'>[],
    references: readonly (readonly string[])[],
  ): number[] {
    const hypotheses = captions.map(({ text, isStopped }) =>
      isStopped ? ended(text) : tokenizeCaption(text),
    );
    return ciderD(
      hypotheses,
      references.map((set) => set.map(ended)),
      { documentFrequencies: this.#frequencies },
    ).perImage;
  }
}

const ended = (text: string): string[] => [...tokenizeCaption(text), endWord];

export interface SelfCriticalOptions {
  captioner: Captioner;
  train: TokenizedSet;
  val: TokenizedSet;
  seed: number;
  /** Longest caption in tokens. */
  maxTokens: number;
}

/** What a batch is turned into. */
export interface CriticisedBatch {
  /** The captions that were drawn, with a weight for every token. */
  batch: Batch;
  /** Mean CIDEr-D of the captions drawn, and of the greedy ones. */
  reward: number;
  baseline: number;
}

export class SelfCritic {
  readonly #options: SelfCriticalOptions;
  readonly #reward: CaptionReward;

  constructor(options: SelfCriticalOptions) {
    this.#options = options;
    this.#reward = new CaptionReward(options.train.examples.map(({ captions }) => captions));
  }

  /** Captions of the batch's pictures as the models write them now; drawn by seed and step, so a resumed run draws the same. */
  async criticise({ features, examples }: Batch, step: number): Promise<CriticisedBatch> {
    const { captioner, train, seed, maxTokens } = this.#options;
    const D = features.length / examples.length;
    const rows = examples.map((_, b) => features.subarray(b * D, (b + 1) * D));
    const references = examples.map((example) => train.examples[example].captions);
    const greedy = await captioner.captionFeatures(rows, { maxTokens });
    const sample = { seed: streamSeed(seed, 41, step) };
    const drawn = await captioner.captionFeatures(rows, { maxTokens, decode: { sample } });
    const baselines = this.#reward.score(greedy, references);
    const rewards = this.#reward.score(drawn, references);
    const most = Math.max(...drawn.map(({ ids }) => ids.length));
    const T = columnsFor(most, maxTokens);
    const tokens = new Int32Array(drawn.length * T);
    const weights = new Float32Array(drawn.length * T);
    drawn.forEach(({ ids }, b) => {
      tokens.set(ids, b * T);
      weights.fill(rewards[b] - baselines[b], b * T, b * T + ids.length);
    });
    const tokenCount = drawn.reduce((sum, { ids }) => sum + ids.length, 0);
    return {
      batch: { features, tokens, T, tokenCount, examples, weights },
      reward: mean(rewards),
      baseline: mean(baselines),
    };
  }

  /** Mean CIDEr-D of greedy captions of the validation pictures. */
  async validate(): Promise<number> {
    const { captioner, val, maxTokens } = this.#options;
    const rows = val.examples.map((_, i) => featureOf(val, i));
    const captions = await captioner.captionFeatures(rows, { maxTokens });
    return mean(
      this.#reward.score(
        captions,
        val.examples.map((example) => example.captions),
      ),
    );
  }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
