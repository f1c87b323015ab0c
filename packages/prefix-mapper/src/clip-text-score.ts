// How well texts fit pictures, as CLIP sees it: what MAGIC search and best-of-N reranking ask.
import { ClipError, PromptEncoder, type Clip } from '@foreword/clip';
import { clipTokenize, type Tokenizer } from '@foreword/tokenizer';
import { normaliseFeatures } from './normalise-features.ts';

/** A text and the feature [D] of the picture it is to fit. */
export interface TextOfPicture {
  text: string;
  feature: Float32Array;
}

/**
 * Scores texts with CLIP's text tower. The model must stay alive as long as the scorer; plans are compiled at first
 * use and kept.
 * @example
 * const scorer = new ClipTextScorer(clip, clipTokenizer);
 * const [good, bad] = await scorer.score([{ text: 'A dog.', feature }, { text: 'A cat.', feature }]);
 */
export class ClipTextScorer {
  readonly #clip: Clip;
  readonly #tokenizer: Tokenizer;
  readonly #encoder: PromptEncoder;
  /** exp(logit scale), read once. */
  #scale: number | undefined;

  /** @throws ClipError when the tokenizer has ids that the text tower does not know. */
  constructor(clip: Clip, tokenizer: Tokenizer, { batch = 16 }: { batch?: number } = {}) {
    const { vocabSize } = clip.config.text;
    if (tokenizer.vocabSize > vocabSize) {
      throw new ClipError(
        `CLIP's tokenizer has ${tokenizer.vocabSize} ids, its text tower ${vocabSize}; give the model its own tokenizer.json`,
      );
    }
    this.#clip = clip;
    this.#tokenizer = tokenizer;
    this.#encoder = new PromptEncoder(clip, { batch });
  }

  /**
   * CLIP's logit for each text and its picture: the cosine of their features times exp(logit scale), which is 100 in
   * OpenAI's models. Texts longer than CLIP's context are cut.
   */
  async score(texts: readonly TextOfPicture[]): Promise<Float32Array> {
    const different = [...new Set(texts.map(({ text }) => text))];
    const ids = clipTokenize(this.#tokenizer, different, {
      contextLength: this.#clip.config.text.contextLength,
      truncate: true,
    });
    const features = (await this.#encoder.encode(ids)).map(normaliseFeatures);
    const featureOf = new Map(different.map((text, i) => [text, features[i]]));
    this.#scale ??= Math.exp(await this.#clip.logitScale.item());
    const scale = this.#scale;
    return Float32Array.from(texts, ({ text, feature }) => {
      const picture = normaliseFeatures(feature);
      return scale * featureOf.get(text)!.reduce((sum, x, d) => sum + x * picture[d], 0);
    });
  }

  /** Frees the plans; the model stays. */
  async dispose(): Promise<void> {
    await this.#encoder.dispose();
  }
}
