// Learns a byte-level BPE vocabulary from texts (Sennrich et al. 2016, arXiv 1508.07909) and writes a tokenizer.json.
import { BPE_FLAVOURS, type BpeFlavour } from './bpe-flavours.ts';
import { toByteAlphabet } from './byte-alphabet.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

export interface TrainBpeOptions {
  texts: Iterable<string>;
  /** upper bound of the vocabulary; fewer when the texts have no more pairs to merge */
  vocabSize: number;
  /**
   * `gpt2`: a word carries the space before it, 256 byte symbols, `<|endoftext|>` last.
   * `clip`: cleaned lower-case text, `</w>` ends a word, 512 symbols, start and end token last.
   */
  flavour: 'gpt2' | 'clip';
  /** pairs rarer than this are not merged; default 2 */
  minFrequency?: number;
}

/**
 * Learns merges greedily, the most frequent pair first; equal counts are settled by the pair's spelling in the
 * byte alphabet, so the result depends on the counts of words alone. Every text encodes, seen or not.
 * @returns an object to be saved as tokenizer.json and given to `loadTokenizer`
 * @throws {RangeError} when `vocabSize` cannot hold the byte symbols and special tokens
 */
export function trainBpe({ texts, vocabSize, flavour, minFrequency = 2 }: TrainBpeOptions): TokenizerJson {
  const rules: BpeFlavour | undefined = BPE_FLAVOURS[flavour];
  if (rules === undefined)
    throw new RangeError(`trainBpe: flavour is ${JSON.stringify(flavour)}; expected "gpt2" or "clip"`);
  const least = rules.alphabet.length + rules.specials.length;
  if (!Number.isInteger(vocabSize) || vocabSize < least) {
    throw new RangeError(
      `trainBpe: vocabSize is ${vocabSize}; ${flavour} needs at least ${least} (byte symbols and special tokens)`,
    );
  }
  const tokens = [...rules.alphabet];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const pairs = new PairCounts(tokens);
  for (const [word, count] of countWords(texts, rules)) {
    const spelt = [...toByteAlphabet(word)];
    spelt[spelt.length - 1] += rules.suffix;
    pairs.addWord(
      spelt.map((symbol) => idOf.get(symbol) as number),
      count,
    );
  }

  const merges: [string, string][] = [];
  while (tokens.length + rules.specials.length < vocabSize) {
    const best = pairs.mostFrequent();
    if (best === undefined || best.count < minFrequency) break;
    const [left, right] = [tokens[best.left], tokens[best.right]];
    // Two different merges can spell the same token; it keeps its first id.
    let merged = idOf.get(left + right);
    if (merged === undefined) {
      merged = tokens.push(left + right) - 1;
      idOf.set(left + right, merged);
    }
    merges.push([left, right]);
    pairs.merge(best, merged);
  }

  const vocab = Object.fromEntries([...tokens, ...rules.specials].map((token, id) => [token, id]));
  return {
    ...structuredClone(rules.file),
    added_tokens: rules.specials.map((content) => ({
      id: vocab[content],
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: rules.suffix,
      fuse_unk: false,
      vocab,
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

function countWords(
  texts: Iterable<string>,
  { normalize, specials, words }: BpeFlavour,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    let pieces = [normalize(text)];
    // The encoder takes special tokens out before it splits words.
    for (const special of specials) pieces = pieces.flatMap((piece) => piece.split(special));
    for (const piece of pieces) {
      for (const word of piece.match(words) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

interface Pair {
  left: number;
  right: number;
  count: number;
  /** words that hold the pair, or held it before a merge */
  words: Set<number>;
}

/** Words as symbol ids, and how often each pair of neighbours occurs; a merge touches only the words that have it. */
class PairCounts {
  readonly #tokens: readonly string[];
  readonly #words: { ids: number[]; count: number }[] = [];
  readonly #pairs = new Map<number, Pair>();

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  addWord(ids: number[], count: number): void {
    const word = this.#words.push({ ids, count }) - 1;
    this.#count(word, 1);
  }

  mostFrequent(): Pair | undefined {
    let best: Pair | undefined;
    for (const pair of this.#pairs.values()) {
      if (
        best === undefined ||
        pair.count > best.count ||
        (pair.count === best.count && this.#precedes(pair, best))
      )
        best = pair;
    }
    return best;
  }

  merge(pair: Pair, merged: number): void {
    for (const word of pair.words) {
      this.#count(word, -1);
      const { ids } = this.#words[word];
      const joined: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] === pair.left && ids[i + 1] === pair.right) {
          joined.push(merged);
          i++;
        } else {
          joined.push(ids[i]);
        }
      }
      this.#words[word].ids = joined;
      this.#count(word, 1);
    }
  }

  #precedes(a: Pair, b: Pair): boolean {
    const [aLeft, bLeft] = [this.#tokens[a.left], this.#tokens[b.left]];
    return aLeft === bLeft ? this.#tokens[a.right] < this.#tokens[b.right] : aLeft < bLeft;
  }

  #count(word: number, sign: 1 | -1): void {
    const { ids, count } = this.#words[word];
    for (let i = 0; i + 1 < ids.length; i++) {
      const [left, right] = [ids[i], ids[i + 1]];
      const key = left * 2 ** 26 + right;
      let pair = this.#pairs.get(key);
      if (pair === undefined) this.#pairs.set(key, (pair = { left, right, count: 0, words: new Set() }));
      pair.count += sign * count;
      pair.words.add(word);
      if (pair.count === 0) this.#pairs.delete(key);
    }
  }
}
