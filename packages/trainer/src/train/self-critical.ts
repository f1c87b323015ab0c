// Self-critical sequence training (Rennie et al. 2017): a caption that is drawn at random is made likelier where it scores
// better than a baseline, and less likely where it scores worse. The score is CIDEr-D, with document frequencies of the
// training captions. The baseline of a single caption is the greedy one's score, as in the paper; of several of one
// picture, the mean of the others (Luo 2020), which needs no greedy caption.
//
// Legend: B pictures, K captions drawn of each, T tokens, D feature size.
import { ciderD, documentFrequencies, tokenizeCaption } from '@foreword/caption-metrics';
import type { Caption, Captioner, DecodeChoice } from '@foreword/prefix-mapper';
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
  /** Captions drawn of each picture, K. */
  samples: number;
  seed: number;
  /** Longest caption in tokens. */
  maxTokens: number;
}

/** What a batch is turned into. */
export interface CriticisedBatch {
  /** The B · K captions that were drawn, those of one picture together, with a weight for every token. */
  batch: Batch;
  /** Mean CIDEr-D of the captions drawn. */
  reward: number;
  /** And of the greedy ones, where they are the baseline. */
  baseline?: number;
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
    const { captioner, train, samples: K, seed, maxTokens } = this.#options;
    const D = features.length / examples.length;
    const pictures = examples.map((example, b) => ({
      feature: features.subarray(b * D, (b + 1) * D),
      own: train.examples[example].captions,
    }));
    const each = pictures.flatMap((picture) => Array<typeof picture>(K).fill(picture));
    const rewarded = async (of: typeof pictures, decode: DecodeChoice): Promise<[Caption[], number[]]> => {
      const rows = of.map(({ feature }) => feature);
      const captions = await captioner.captionFeatures(rows, { maxTokens, decode });
      return [
        captions,
        this.#reward.score(
          captions,
          of.map(({ own }) => own),
        ),
      ];
    };
    const greedy = K === 1 ? (await rewarded(pictures, 'greedy'))[1] : undefined;
    const [drawn, rewards] = await rewarded(each, { sample: { seed: streamSeed(seed, 41, step) } });
    const baselines = greedy ?? meansOfOthers(rewards, K);
    const most = Math.max(...drawn.map(({ ids }) => ids.length));
    const T = columnsFor(most, maxTokens);
    const tokens = new Int32Array(drawn.length * T);
    const weights = new Float32Array(drawn.length * T);
    const repeated = new Float32Array(drawn.length * D);
    drawn.forEach(({ ids }, b) => {
      repeated.set(each[b].feature, b * D);
      tokens.set(ids, b * T);
      weights.fill(rewards[b] - baselines[b], b * T, b * T + ids.length);
    });
    const tokenCount = drawn.reduce((sum, { ids }) => sum + ids.length, 0);
    return {
      batch: {
        features: repeated,
        tokens,
        T,
        tokenCount,
        examples: examples.flatMap((example) => Array<number>(K).fill(example)),
        weights,
      },
      reward: mean(rewards),
      ...(greedy && { baseline: mean(greedy) }),
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

/** Of each of K neighbours, the mean of the others. */
function meansOfOthers(rewards: readonly number[], K: number): number[] {
  return rewards.map((reward, i) => {
    const first = i - (i % K);
    const sum = rewards.slice(first, first + K).reduce((a, b) => a + b, 0);
    return (sum - reward) / (K - 1);
  });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
