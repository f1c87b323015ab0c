// The user's door: pictures in, captions out.
//
// Legend: N pictures, D feature, P prefix rows, d GPT-2's width.
import { ImageEncoder, type Clip, type Preprocessing } from '@foreword/clip';
import {
  Gpt2Generator,
  prepareMethod,
  type DecodeMethod,
  type Generation,
  type Gpt2,
  type ScoreTexts,
} from '@foreword/gpt2';
import { clipPreprocess, type DecodedImage } from '@foreword/image';
import { noGrad, tensor, type Device } from '@foreword/tensor';
import type { Tokenizer } from '@foreword/tokenizer';
import { assertPartsFit } from './assert-parts-fit.ts';
import { ClipTextScorer } from './clip-text-score.ts';
import { atItem, needsClipScores, toDecodeMethod, toReranking, type DecodeChoice } from './decode-choice.ts';
import { explainCaption, type CaptionExplanation, type ExplainOptions } from './explain-caption.ts';
import { toFeatureSpace, type FeatureSpace } from './feature-space.ts';
import { loadCaptionerFiles, type CaptionerFiles } from './load-captioner-files.ts';
import { MapperError } from './mapper-error.ts';
import { normaliseFeatures } from './normalise-features.ts';
import { parseDecodeChoice } from './parse-decode-choice.ts';
import { prefixInputs, type PrefixInputs } from './prefix-inputs.ts';
import type { PrefixMapper } from './prefix-mapper.ts';

/** A PNG or JPEG file, decoded pixels, or pixels [3, n, n] as CLIP's preprocessing gives them. */
export type Picture = Uint8Array | DecodedImage | Float32Array;

export interface CaptionerParts {
  /** Needed for pictures; features can be captioned without. */
  clip?: Clip;
  /** How CLIP's pictures are normalised. Default OpenAI's figures. */
  preprocessing?: Pick<Preprocessing, 'mean' | 'std'>;
  gpt2: Gpt2;
  mapper: PrefixMapper;
  /** GPT-2's; `encode` is needed for bad words given as texts. */
  tokenizer: Pick<Tokenizer, 'decode' | 'stream'> & Partial<Pick<Tokenizer, 'encode'>>;
  /** CLIP's, needed where CLIP reads texts: MAGIC search and reranking by `clip`. */
  clipTokenizer?: Tokenizer;
  /** Ids of tokens that end a caption; they are kept in it, unless they are special tokens. */
  stop: readonly number[];
  /** Divide features by their L2 norm; must be as in training. Default false. */
  normalizePrefix?: boolean;
  /** What features go through after a training on texts only; `normalizePrefix` then has no effect. */
  featureSpace?: FeatureSpace;
  /** Pictures and captions worked on at once. Default 16. */
  batch?: number;
}

export interface CaptionOptions {
  /** A choice, or its text as {@link parseDecodeChoice} reads it (`'beam:5'`). Default greedy. */
  decode?: Exclude<DecodeChoice, string> | string;
  /** Most tokens per caption. Default 67, or as many as GPT-2 has positions for. */
  maxTokens?: number;
  signal?: AbortSignal;
}

export interface Caption {
  text: string;
  /** Tokens, the stop token included. */
  ids: number[];
  /** True when it ended with a stop token, false when the length limit cut it. */
  isStopped: boolean;
  /** What a beam search or a reranking ranked it by. */
  score?: number;
  /** The other hypotheses of a beam search, best first, or the other samples. */
  others: { text: string; ids: number[]; score?: number }[];
}

function dispose(inputs: PrefixInputs | undefined): void {
  inputs?.rows.dispose();
  inputs?.past?.dispose();
}

/** Sequences grown at once (with 77 positions of GPT-2 small: 0.7 GB of keys and values). */
const mostRows = 128;

/**
 * Captions pictures. Calls may overlap: they take turns. Plans are compiled at first use and kept.
 * @example
 * const captioner = await loadCaptioner(device, 'runs/last'); // from '@foreword/prefix-mapper/node'
 * const { text } = await captioner.caption(fileBytes, { decode: 'beam:5' });
 */
export class Captioner {
  readonly device: Device;
  readonly parts: Readonly<CaptionerParts>;
  readonly #batch: number;
  readonly #generator: Gpt2Generator;
  readonly #encoders = new Map<number, ImageEncoder>();
  #scorer: ClipTextScorer | undefined;
  /** Settles when the call at work is done. */
  #turn: Promise<void> = Promise.resolve();
  /** What {@link Captioner.load} made, and dispose frees. */
  #owned: { dispose(): void }[] = [];

  /** @throws MapperError when the models do not fit each other. */
  constructor(parts: CaptionerParts) {
    const { gpt2, batch = 16 } = parts;
    assertPartsFit(parts);
    if (!Number.isInteger(batch) || batch < 1)
      throw new MapperError(`captioner: batch is ${batch}; at least 1 is needed`);
    this.device = gpt2.device;
    this.parts = parts;
    this.#batch = batch;
    this.#generator = new Gpt2Generator(gpt2);
  }

  /**
   * A captioner from a run's files, wherever they come from; for a folder on disk see `loadCaptioner` of the
   * entry `@foreword/prefix-mapper/node`. Disposing it frees the models too.
   * @throws MapperError, ClipError, CheckpointError when the files do not fit each other.
   */
  static async load(
    device: Device,
    files: CaptionerFiles,
    options: { batch?: number } = {},
  ): Promise<Captioner> {
    const parts = await loadCaptionerFiles(device, files);
    return Captioner.owning({ ...parts, ...options });
  }

  /** A captioner whose models are freed with it. */
  static owning(parts: CaptionerParts): Captioner {
    const captioner = new Captioner(parts);
    captioner.#owned = [parts.gpt2, parts.mapper, ...(parts.clip ? [parts.clip] : [])];
    return captioner;
  }

  /** The caption of one picture. */
  async caption(picture: Picture, options: CaptionOptions = {}): Promise<Caption> {
    const [feature] = await this.features([picture]);
    const [caption] = await this.captionFeatures([feature], options);
    return caption;
  }

  /** Captions of many pictures, in order, batch by batch. */
  async captionAll(pictures: readonly Picture[], options: CaptionOptions = {}): Promise<Caption[]> {
    return await this.captionFeatures(await this.features(pictures), options);
  }

  /**
   * CLIP's features [D] of pictures, in order, as `encode_image` gives them (not normalised); all rows of the tower,
   * projected, where the mapper reads patches.
   */
  async features(pictures: readonly Picture[]): Promise<Float32Array[]> {
    const { clip } = this.parts;
    if (!clip) throw new MapperError('captioner: it was made without a CLIP; give features, or a CLIP');
    const size = clip.config.vision.imageSize;
    const { mean, std } = this.parts.preprocessing ?? {};
    const pixels = pictures.map((picture) =>
      picture instanceof Float32Array ? picture : clipPreprocess(picture, size, { mean, std }),
    );
    return await this.#inTurn(async () => {
      const batch = pixels.length === 1 ? 1 : this.#batch;
      let encoder = this.#encoders.get(batch);
      if (!encoder) {
        encoder = await ImageEncoder.create(clip, {
          batch,
          tokens: this.parts.mapper.config.featureRows > 1,
        });
        this.#encoders.set(batch, encoder);
      }
      return await encoder.encode(pixels);
    });
  }

  /** Captions from CLIP features [D], in order, batch by batch. */
  async captionFeatures(
    features: readonly Float32Array[],
    { decode = 'greedy', ...options }: CaptionOptions = {},
  ): Promise<Caption[]> {
    const captions: Caption[] = [];
    const choice = typeof decode === 'string' ? parseDecodeChoice(decode) : decode;
    const batch = features.length === 1 ? 1 : this.#batchFor(this.#generation(choice, []).decode);
    for (let from = 0; from < features.length; from += batch) {
      const part = features.slice(from, from + batch);
      // A picture draws the same random numbers wherever the batches are cut.
      const generation = this.#generation(atItem(choice, from), part, from);
      const found = await this.#withPrefix(part, ({ rows, past }) =>
        this.#generator.generate({
          ...options,
          ...generation,
          prefix: rows,
          past,
          stop: this.parts.stop,
          batch,
        }),
      );
      captions.push(...found.map((generation) => this.#toCaption(generation)));
    }
    return captions;
  }

  /**
   * The caption of one picture, piece by piece as tokens become certain; the pieces joined are the caption's text.
   * @example
   * for await (const piece of captioner.stream(fileBytes)) process.stdout.write(piece);
   */
  async *stream(
    picture: Picture,
    { decode = 'greedy', ...options }: CaptionOptions = {},
  ): AsyncGenerator<string, void, void> {
    const choice = typeof decode === 'string' ? parseDecodeChoice(decode) : decode;
    const features = await this.features([picture]);
    const release = await this.#takeTurn();
    let inputs: PrefixInputs | undefined;
    try {
      inputs = this.#prefix(features);
      const { rows: prefix, past } = inputs;
      const text = this.parts.tokenizer.stream({ skipSpecialTokens: true });
      const generation = this.#generation(choice, features);
      const { stop } = this.parts;
      const all = { ...options, ...generation, prefix, past, stop };
      for await (const { id } of this.#generator.stream(all)) {
        const piece = text.push(id);
        if (piece) yield piece;
      }
      const rest = text.end();
      if (rest) yield rest;
    } finally {
      dispose(inputs);
      release();
    }
  }

  /**
   * What the rows before a caption lie next to (a prompt's are among them), and where each word of it (`Caption.ids`)
   * looked in them.
   * @throws MapperError for a deep prefix, whose keys and values are no rows among embeddings
   */
  async explain(
    feature: Float32Array,
    ids: readonly number[],
    options: ExplainOptions = {},
  ): Promise<CaptionExplanation> {
    return await this.#withPrefix([feature], async ({ rows, past }) => {
      if (past)
        throw new MapperError(
          'captioner: a deep prefix has no rows to explain; its keys and values stand in the layers',
        );
      return await explainCaption(this.parts, rows, ids, options);
    });
  }

  /** Frees plans, and models that {@link Captioner.load} made. */
  dispose(): void {
    this.#generator.dispose();
    for (const encoder of this.#encoders.values()) encoder.dispose();
    this.#encoders.clear();
    // Its plans are freed before the call returns, unless one is being compiled.
    void this.#scorer?.dispose();
    this.#scorer = undefined;
    for (const model of this.#owned.splice(0)) model.dispose();
  }

  /** What the generator is told of a choice, for pictures of these features; the first has the number `first`. */
  #generation(
    choice: DecodeChoice,
    features: readonly Float32Array[],
    first = 0,
  ): { decode: DecodeMethod; rerank?: ScoreTexts } {
    const { tokenizer } = this.parts;
    const parts = {
      encode: tokenizer.encode && ((text: string) => tokenizer.encode!(text)),
      clipScores: needsClipScores(choice) ? this.#clipScores(features) : undefined,
    };
    return { decode: toDecodeMethod(choice, parts), rerank: toReranking(choice, parts, first) };
  }

  /** CLIP's similarity of texts to the pictures with these features; undefined without CLIP's parts. */
  #clipScores(features: readonly Float32Array[]): ScoreTexts | undefined {
    const { clip, clipTokenizer } = this.parts;
    if (!clip || !clipTokenizer) return undefined;
    this.#scorer ??= new ClipTextScorer(clip, clipTokenizer);
    const scorer = this.#scorer;
    // The first row of patches is the picture's feature.
    const pooled = features.map((feature) => feature.subarray(0, clip.config.embedDim));
    return (texts) =>
      scorer.score(texts.map(({ item, ids }) => ({ text: this.#text(ids), feature: pooled[item] })));
  }

  /** Pictures at once, so that methods with many sequences per picture stay within what others need. */
  #batchFor(decode: DecodeMethod): number {
    const { rowsPerItem } = prepareMethod(decode, { stop: [], maxTokens: Number.MAX_SAFE_INTEGER });
    return Math.max(1, Math.min(this.#batch, Math.floor(Math.max(this.#batch, mostRows) / rowsPerItem)));
  }

  /** Features → what GPT-2 reads before the captions, which lives until disposed. */
  #prefix(features: readonly Float32Array[]): PrefixInputs {
    const { gpt2, mapper, normalizePrefix = false, featureSpace } = this.parts;
    const seen = (feature: Float32Array): Float32Array => {
      if (featureSpace) return toFeatureSpace(feature, featureSpace);
      return normalizePrefix ? normaliseFeatures(feature) : feature;
    };
    const D = mapper.config.featureSize;
    const values = new Float32Array(features.length * D);
    features.forEach((feature, i) => {
      if (feature.length !== D) {
        throw new MapperError(`captioner: feature ${i} has ${feature.length} numbers; the mapper takes ${D}`);
      }
      values.set(seen(feature), i * D);
    });
    const { device } = this;
    const inputs = device.scope(() =>
      noGrad(device, () => prefixInputs(gpt2, mapper, tensor(device, values, [features.length, D]))),
    );
    inputs.rows.keep();
    inputs.past?.keep();
    return inputs;
  }

  async #withPrefix<T>(
    features: readonly Float32Array[],
    use: (inputs: PrefixInputs) => Promise<T>,
  ): Promise<T> {
    return await this.#inTurn(async () => {
      const inputs = this.#prefix(features);
      try {
        return await use(inputs);
      } finally {
        dispose(inputs);
      }
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#takeTurn();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Waits for the calls before this one; what it gives back lets the next one begin. */
  async #takeTurn(): Promise<() => void> {
    const before = this.#turn;
    let release = (): void => {};
    this.#turn = new Promise<void>((resolve) => (release = resolve));
    await before;
    return release;
  }

  #toCaption({ ids, isStopped, score, others }: Generation): Caption {
    return {
      text: this.#text(ids),
      ids,
      isStopped,
      score,
      others: others.map((other) => ({ text: this.#text(other.ids), ids: other.ids, score: other.score })),
    };
  }

  #text(ids: readonly number[]): string {
    return this.parts.tokenizer.decode(ids, { skipSpecialTokens: true });
  }
}
