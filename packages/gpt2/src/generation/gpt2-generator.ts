// Text from prefix embeddings: picks the decoding method, keeps the plans it compiled, streams tokens.
//
// Legend: N items (prefixes), P prefix rows, C channels.
import { ShapeError, TensorError, type Tensor } from '@foreword/tensor';
import { beamCandidates, beamSearch, clipCapBeam, type BeamOptions } from '../decode/beam.ts';
import { drain } from '../decode/drain.ts';
import { sampleTokens, type SampleOptions } from '../decode/sample.ts';
import type { DecodeLimits, DecodeSteps, Decoding, Hypothesis, TokenEvent } from '../decode/steps.ts';
import { greedySearch } from '../decode/token-by-token.ts';
import type { Gpt2 } from '../gpt2.ts';
import { DecodeSession } from './decode-session.ts';
import { allLogits, likeliestIds, topTokens, type Readout } from './readout.ts';

/** `greedy` is also what ClipCap calls top-p; `beam` without options is ClipCap's beam search. */
export type DecodeMethod =
  | { method: 'greedy' }
  | ({ method: 'beam'; temperature?: number } & Partial<BeamOptions>)
  | ({ method: 'sample' } & SampleOptions);

export interface GenerateOptions {
  /** Embeddings [N, P, C] in front of the text, without positions. */
  prefix: Tensor;
  /** Default greedy. */
  decode?: DecodeMethod;
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

/** A method with its shape and readout filled in, ready to run on a session. */
interface Prepared {
  rowsPerItem: number;
  readout: Readout<unknown>;
  decode(steps: DecodeSteps<unknown>, limits: DecodeLimits): Decoding;
}

function prepare<R>(
  rowsPerItem: number,
  readout: Readout<R>,
  decode: (steps: DecodeSteps<R>, limits: DecodeLimits) => Decoding,
): Prepared {
  // The readout makes the steps' answers, so both sides agree on R; the session cache need not know it.
  return { rowsPerItem, readout, decode };
}

function prepareMethod(method: DecodeMethod, stop: readonly number[]): Prepared {
  if (method.method === 'greedy') return prepare(1, likeliestIds, greedySearch);
  if (method.method === 'sample') {
    return prepare(1, allLogits, (steps, limits) => sampleTokens(steps, limits, method));
  }
  const { temperature, beams, length, finished } = { ...clipCapBeam, ...method };
  const options: BeamOptions = { beams, length, finished };
  const readout = topTokens(beamCandidates(options, stop), temperature);
  return prepare(beams, readout, (steps, limits) => beamSearch(steps, limits, options));
}

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
   * sampling, once all hypotheses agree on it in beam search.
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

  async *#run({ prefix, decode = { method: 'greedy' }, stop, ...options }: GenerateOptions): Decoding {
    const { n_embd, n_positions } = this.model.config;
    const { signal } = options;
    const [items, prefixRows] = prefix.shape;
    if (prefix.rank !== 3 || prefix.dim(2) !== n_embd || items === 0 || prefixRows === 0) {
      throw new ShapeError(
        `generation: the prefix [${prefix.shape.join(', ')}] is no [N, P, ${n_embd}] with N and P from 1`,
      );
    }
    const maxTokens = options.maxTokens ?? Math.min(defaultMaxTokens, n_positions - prefixRows + 1);
    const batch = options.batch ?? items;
    if (!Number.isInteger(batch) || batch < items) {
      throw new RangeError(`generation: batch is ${batch}, but there are ${items} prefixes`);
    }
    const prepared = prepareMethod(decode, stop);
    if (this.#isDisposed) throw new TensorError('generation: this generator was disposed');
    if (this.#isBusy)
      throw new TensorError('generation: this generator is at work; await it, or make another one');
    this.#isBusy = true;
    try {
      signal?.throwIfAborted();
      const session = await this.#session(prepared, { items: batch, prefixRows, maxTokens });
      const steps: DecodeSteps<unknown> = {
        begin: () => session.prefill(prefix),
        step: (ids, parents) => session.step(ids, parents),
      };
      return yield* prepared.decode(steps, { items, stop, maxTokens, signal });
    } finally {
      this.#isBusy = false;
      if (this.#isDisposed) this.#disposeSessions();
    }
  }

  async #session(
    { rowsPerItem, readout }: Prepared,
    shape: { items: number; prefixRows: number; maxTokens: number },
  ): Promise<DecodeSession<unknown>> {
    const key = [shape.items, shape.prefixRows, shape.maxTokens, rowsPerItem, readout.key].join('|');
    const kept = this.#sessions.get(key);
    // A map keeps the order of insertion: put back, the session is the most recently used.
    this.#sessions.delete(key);
    if (!kept && this.#sessions.size >= this.#maxSessions) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.get(oldest)!.dispose();
      this.#sessions.delete(oldest);
    }
    const session = kept ?? (await DecodeSession.open(this.model, { ...shape, rowsPerItem }, readout));
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
