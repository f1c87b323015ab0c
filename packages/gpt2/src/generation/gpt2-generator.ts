// Text from prefix embeddings: runs a decoding method, keeps the plans it compiled, streams tokens.
//
// Legend: N items (prefixes), P prefix rows, Q rows of keys and values before them, L layers, C channels.
import { ShapeError, TensorError, type Tensor } from '@foreword/tensor';
import { drain } from '../decode/drain.ts';
import { rerank } from '../decode/rerank.ts';
import type { DecodeSteps, Decoding, Hypothesis, ScoreTexts, TokenEvent } from '../decode/steps.ts';
import type { Gpt2 } from '../gpt2.ts';
import { prepareMethod, readsLast, type DecodeMethod, type PreparedMethod } from './decode-method.ts';
import { DecodeSession } from './decode-session.ts';

export interface GenerateOptions {
  /** Embeddings [N, P, C] in front of the text, without positions. */
  prefix: Tensor;
  /** Keys and values of Q rows before the prefix, [N, Q, L·2C]; see `HiddenOptions`. They take positions. */
  past?: Tensor;
  /** Default greedy. */
  decode?: DecodeMethod;
  /**
   * Puts the hypotheses of a beam search or of several samples in the order of these scores. No token is told
   * before all are there.
   */
  rerank?: ScoreTexts;
  /** Token ids that end a text (ClipCap: that of "."); they are kept in it. */
  stop: readonly number[];
  /** Most tokens per text; default 67 (ClipCap's entry_length), or as many as the model has positions for. */
  maxTokens?: number;
  /**
   * Prefixes the plans are made for; fewer are padded. Give the full batch size for a last batch that is smaller:
   * it then runs on the plans there are, instead of on new ones. Default N.
   */
  batch?: number;
  signal?: AbortSignal;
}

/** The best hypothesis of an item, and the others of its beam, best first. */
export interface Generation extends Hypothesis {
  others: Hypothesis[];
}

export const defaultMaxTokens = 67;

export interface GeneratorOptions {
  /** Compiled shapes kept for reuse; the least recently used goes first. Default 4. */
  maxSessions?: number;
}

/**
 * Generates text after prefixes, many at once. Plans are compiled once per (batch, prefix length, method) and
 * kept until {@link Gpt2Generator.dispose}. One generation runs at a time.
 * @example
 * const generator = new Gpt2Generator(model);
 * const [{ ids }] = await generator.generate({ prefix, decode: { method: 'beam' }, stop: [13] });
 */
export class Gpt2Generator {
  readonly model: Gpt2;
  readonly #maxSessions: number;
  readonly #sessions = new Map<string, DecodeSession<unknown>>();
  #isBusy = false;
  #isDisposed = false;

  constructor(model: Gpt2, { maxSessions = 4 }: GeneratorOptions = {}) {
    this.model = model;
    this.#maxSessions = Math.max(1, maxSessions);
  }

  /**
   * One result per prefix. `onToken` hears each token as soon as it is certain: at once in greedy decoding and
   * sampling (of several samples those of the first), once all hypotheses agree on it in beam search.
   * @throws ShapeError, RangeError for options that do not fit; the signal's reason when aborted.
   */
  async generate({
    onToken,
    ...options
  }: GenerateOptions & { onToken?: (event: TokenEvent) => void }): Promise<Generation[]> {
    return (await drain(this.#run(options), onToken)).map(toGeneration);
  }

  /**
   * The same as an async iterator over tokens.
   * @example
   * for await (const { item, id } of generator.stream({ prefix, stop: [13] })) show(item, id);
   */
  async *stream(options: GenerateOptions): AsyncGenerator<TokenEvent, Generation[], void> {
    return (yield* this.#run(options)).map(toGeneration);
  }

  async *#run({ prefix, past, decode = { method: 'greedy' }, stop, ...options }: GenerateOptions): Decoding {
    const { n_embd, n_positions, vocab_size: vocabSize } = this.model.config;
    const { signal, rerank: score } = options;
    const [items, prefixRows] = prefix.shape;
    if (prefix.rank !== 3 || prefix.dim(2) !== n_embd || items === 0 || prefixRows === 0) {
      throw new ShapeError(
        `generation: the prefix [${prefix.shape.join(', ')}] is no [N, P, ${n_embd}] with N and P from 1`,
      );
    }
    const pastRows = past?.dim(1) ?? 0;
    const unread = readsLast(decode) ? 0 : 1;
    const room = n_positions - pastRows - prefixRows + unread;
    const maxTokens = options.maxTokens ?? Math.min(defaultMaxTokens, room);
    const batch = options.batch ?? items;
    if (!Number.isInteger(batch) || batch < items) {
      throw new RangeError(`generation: batch is ${batch}, but there are ${items} prefixes`);
    }
    const prepared = prepareMethod(decode, { stop, maxTokens, vocabSize });
    if (this.#isDisposed) throw new TensorError('generation: this generator was disposed');
    if (this.#isBusy)
      throw new TensorError('generation: this generator is at work; await it, or make another one');
    this.#isBusy = true;
    try {
      signal?.throwIfAborted();
      const session = await this.#session(prepared, { items: batch, prefixRows, pastRows, maxTokens });
      const steps: DecodeSteps<unknown> = {
        begin: () => session.prefill(prefix, past),
        step: (ids, parents) => session.step(ids, parents),
      };
      const decoding = prepared.decode(steps, { items, stop, maxTokens, signal });
      return yield* score ? rerank(decoding, score, signal) : decoding;
    } finally {
      this.#isBusy = false;
      if (this.#isDisposed) this.#disposeSessions();
    }
  }

  async #session(
    { rowsPerItem, readsLast: isLastRead, readout }: PreparedMethod,
    shape: { items: number; prefixRows: number; pastRows: number; maxTokens: number },
  ): Promise<DecodeSession<unknown>> {
    const { items, prefixRows, pastRows, maxTokens } = shape;
    const key = [items, prefixRows, pastRows, maxTokens, rowsPerItem, isLastRead, readout.key].join('|');
    const kept = this.#sessions.get(key);
    // A map keeps the order of insertion: put back, the session is the most recently used.
    this.#sessions.delete(key);
    if (!kept && this.#sessions.size >= this.#maxSessions) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.get(oldest)!.dispose();
      this.#sessions.delete(oldest);
    }
    const session =
      kept ??
      (await DecodeSession.open(this.model, { ...shape, rowsPerItem, readsLast: isLastRead }, readout));
    this.#sessions.set(key, session);
    return session;
  }

  #disposeSessions(): void {
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
  }

  /** Frees plans and caches (after the generation at work, if any); the model stays. */
  dispose(): void {
    this.#isDisposed = true;
    if (!this.#isBusy) this.#disposeSessions();
  }
}

const toGeneration = ([best, ...others]: Hypothesis[]): Generation => ({ ...best, others });
