// The text form of a choice of decoding, for command lines: `method:number,key=value,…`.
import { prepareMethod, type LengthRule, type SampleOptions } from '@foreword/gpt2';
import { toDecodeMethod, type DecodeChoice, type Reranking, type TextRules } from './decode-choice.ts';

/** Values of the keys that were given, by key. */
type Given = Map<string, string>;

interface MethodForm {
  /** The number after the colon: what it is, and what it is when left out. */
  number?: { what: string; standard: number };
  keys: readonly string[];
  make(number: number, read: Reader): Exclude<DecodeChoice, 'greedy'>;
}

const ruleKeys = ['repetition', 'presence', 'frequency', 'no-repeat', 'min-length', 'bad-words'];
const beamKeys = ['length', 'alpha', 'finished', 'temperature', 'rerank'];
const sampleKeys = ['temperature', 'top-k', 'top-p', 'min-p', 'typical', 'seed', 'samples', 'rerank'];

const methods: Readonly<Record<string, MethodForm>> = {
  greedy: { keys: [], make: () => ({ greedy: true }) },
  beam: {
    number: { what: 'beams', standard: 5 },
    keys: beamKeys,
    make: (beam, read) => ({ beam, ...read.beam() }),
  },
  diverse: {
    number: { what: 'beams', standard: 6 },
    keys: ['groups', 'strength', ...beamKeys],
    // As many groups as beams explore most (Vijayakumar et al. 2018).
    make: (beam, read) => ({
      beam,
      groups: read.number('groups') ?? beam,
      diversityPenalty: read.number('strength'),
      ...read.beam(),
    }),
  },
  sample: { keys: sampleKeys, make: (_, read) => read.sample({}) },
  'top-k': {
    number: { what: 'tokens', standard: 40 },
    keys: sampleKeys.filter((key) => key !== 'top-k'),
    make: (topK, read) => read.sample({ topK }),
  },
  'top-p': {
    number: { what: 'share', standard: 0.9 },
    keys: sampleKeys.filter((key) => key !== 'top-p'),
    make: (topP, read) => read.sample({ topP }),
  },
  'min-p': {
    number: { what: 'share', standard: 0.1 },
    keys: sampleKeys.filter((key) => key !== 'min-p'),
    make: (minP, read) => read.sample({ minP }),
  },
  typical: {
    number: { what: 'share', standard: 0.95 },
    keys: sampleKeys.filter((key) => key !== 'typical'),
    make: (typicalP, read) => read.sample({ typicalP }),
  },
  contrastive: {
    number: { what: 'candidates', standard: 5 },
    keys: ['alpha'],
    make: (contrastive, read) => ({ contrastive, alpha: read.number('alpha') }),
  },
  magic: {
    number: { what: 'candidates', standard: 45 },
    keys: ['alpha', 'beta'],
    make: (magic, read) => ({ magic, alpha: read.number('alpha'), beta: read.number('beta') }),
  },
  'best-of': {
    number: { what: 'samples', standard: 8 },
    keys: sampleKeys.filter((key) => key !== 'samples' && key !== 'rerank'),
    make: (samples, read) => ({ ...read.sample({ samples }), rerank: 'clip' }),
  },
  mbr: {
    number: { what: 'samples', standard: 16 },
    keys: sampleKeys.filter((key) => key !== 'samples' && key !== 'rerank'),
    make: (samples, read) => ({ ...read.sample({ samples }), rerank: 'mbr' }),
  },
};

/** Every method with its standard number, for help texts: `greedy, beam:5, …`. */
export const knownDecodeChoices: string = Object.entries(methods)
  .map(([name, { number }]) => (number ? `${name}:${number.standard}` : name))
  .join(', ');

/**
 * A choice from its text: the method, for most a colon and a number, then options.
 * @throws RangeError naming what is wrong and what is known.
 * @example
 * parseDecodeChoice('beam:5,length=gnmt,alpha=0.6'); // { beam: 5, length: { gnmt: 0.6 } }
 * parseDecodeChoice('sample,temperature=0.8,top-p=0.9,seed=3,no-repeat=3');
 */
export function parseDecodeChoice(text: string): DecodeChoice {
  const fail = (problem: string): never => {
    throw new RangeError(`decode "${text}": ${problem}`);
  };
  const [head, ...options] = text.split(',').map((part) => part.trim());
  const [name, numberText] = splitOnce(head, ':');
  if (!Object.hasOwn(methods, name)) {
    fail(`there is no method ${JSON.stringify(name)}; known are ${knownDecodeChoices}`);
  }
  const method = methods[name];
  const allowed = [...method.keys, ...ruleKeys];
  const given: Given = new Map();
  for (const option of options) {
    const [key, value] = splitOnce(option, '=');
    if (!allowed.includes(key)) {
      fail(`${name} has no option ${JSON.stringify(key)}; it takes ${allowed.join(', ')}`);
    }
    if (!value) fail(`${key} has no value; write ${key}=…`);
    if (given.has(key)) fail(`${key} is given twice`);
    given.set(key, value!);
  }
  const reader = new Reader(given, fail);
  let number = 0;
  if (method.number) {
    number = numberText === undefined ? method.number.standard : reader.toNumber(name, numberText);
  } else if (numberText !== undefined) {
    fail(`${name} takes no number after a colon; its options are ${allowed.join(', ')}`);
  }
  const choice = withoutUndefined({ ...method.make(number, reader), ...reader.rules() });
  try {
    // What the numbers may be is known where they are used.
    const prepared = toDecodeMethod(choice, { encode: () => [0], clipScores: () => [] });
    prepareMethod(prepared, { stop: [], maxTokens: Number.MAX_SAFE_INTEGER });
  } catch (error) {
    fail((error as Error).message);
  }
  return choice;
}

/** A copy that has only what was given, in objects within it too. */
function withoutUndefined<T extends object>(value: T): T {
  const entries = Object.entries(value)
    .filter(([, own]) => own !== undefined)
    .map(([key, own]): [string, unknown] => [key, isPlain(own) ? withoutUndefined(own) : own]);
  return Object.fromEntries(entries) as T;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function splitOnce(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** Reads the options that were given; those that were not are undefined. */
class Reader {
  readonly #given: Given;
  readonly #fail: (problem: string) => never;

  constructor(given: Given, fail: (problem: string) => never) {
    this.#given = given;
    this.#fail = fail;
  }

  toNumber(key: string, text: string): number {
    // Number('') is 0.
    const value = text === '' ? NaN : Number(text);
    if (!Number.isFinite(value)) this.#fail(`${key} is ${JSON.stringify(text)}; a number is needed`);
    return value;
  }

  number(key: string): number | undefined {
    const text = this.#given.get(key);
    return text === undefined ? undefined : this.toNumber(key, text);
  }

  word<W extends string>(key: string, words: readonly W[]): W | undefined {
    const text = this.#given.get(key);
    const found = words.find((word) => word === text);
    if (text !== undefined && !found)
      this.#fail(`${key} is ${JSON.stringify(text)}; known are ${words.join(', ')}`);
    return found;
  }

  rerank(): Reranking | undefined {
    return this.word('rerank', ['clip', 'mbr'] as const);
  }

  beam(): {
    length?: LengthRule;
    finished?: 'compete' | 'apart';
    temperature?: number;
    rerank?: Reranking;
  } {
    return {
      length: this.#length(),
      finished: this.word('finished', ['compete', 'apart']),
      temperature: this.number('temperature'),
      rerank: this.rerank(),
    };
  }

  #length(): LengthRule | undefined {
    const rule = this.word('length', ['average', 'sum', 'power', 'gnmt']);
    const alpha = this.number('alpha');
    if (rule === 'power' || rule === 'gnmt') {
      if (alpha === undefined) return this.#fail(`length=${rule} needs its exponent; write alpha=0.6`);
      return rule === 'power' ? { power: alpha } : { gnmt: alpha };
    }
    if (alpha !== undefined)
      this.#fail('alpha is an exponent of length=power or length=gnmt; give one of them');
    return rule;
  }

  sample(own: Partial<SampleOptions>): { sample: SampleOptions; rerank?: Reranking } {
    return {
      sample: {
        temperature: this.number('temperature'),
        topK: this.number('top-k'),
        topP: this.number('top-p'),
        minP: this.number('min-p'),
        typicalP: this.number('typical'),
        samples: this.number('samples'),
        ...own,
        seed: this.number('seed') ?? 0,
      },
      rerank: this.rerank(),
    };
  }

  rules(): TextRules {
    return {
      repetitionPenalty: this.number('repetition'),
      presencePenalty: this.number('presence'),
      frequencyPenalty: this.number('frequency'),
      noRepeatNgram: this.number('no-repeat'),
      minTokens: this.number('min-length'),
      badWords: this.#given.get('bad-words')?.split('|').filter(Boolean),
    };
  }
}
