// The studies: which trainings, as data. A flag that `pnpm train` does not know yet leaves its rows out, see usableCells.
import { prefixOf, type Flags, type Study, type Variant } from './study.ts';

const base: Flags = { prefix: 10 };
const tuned: Flags = { 'tune-gpt2': true };

/** A row beside others of one series. */
const row =
  (series: string) =>
  (label: string, flags: Flags, more: Pick<Variant, 'decode' | 'init'> = {}): Variant => ({
    label,
    series,
    flags: { ...base, ...flags },
    ...more,
  });

/** One row per length, named after it. */
const perLength = (series: string, lengths: readonly number[], flags: Flags, name = 'P ='): Variant[] =>
  lengths.map((prefix) => ({ label: `${name} ${prefix}`, series, flags: { ...flags, prefix } }));

const lengths: Study = {
  question: 'Does a longer prefix caption better?',
  compare: 'prefix',
  variants: (options) => [
    ...perLength('GPT-2 frozen', options.lengths, {}),
    ...perLength('GPT-2 tuned', options.lengths, tuned),
  ],
};

const kinds: Study = {
  question: 'Where should the prefix stand: before the words, in every layer, or after a prompt?',
  compare: 'first',
  variants: (options) => {
    const kind = row('prefix kinds');
    const at = (name: string, flags: Flags) =>
      options.lengths.map((prefix) => kind(`${name}-${prefix}`, { ...flags, prefix }));
    return [
      ...at('EMB', {}),
      kind('PREFIX', { 'prefix-kind': 'deep' }),
      ...at('INFIX', { 'prefix-kind': 'infix', prompt: 'A picture of' }),
      kind('hard prompt', { 'prefix-kind': 'hard' }),
      kind('LoRA 8', { lora: 8 }),
      kind('fine-tune', tuned),
    ];
  },
};

const mappers: Study = {
  question: 'Is it the length of the prefix or the size of the mapper that helps?',
  compare: 'prefix',
  variants: (options) =>
    ['mlp', 'linear', 'mlp-fixed', 'transformer'].flatMap((mapper) =>
      perLength(mapper, options.lengths, mapper === 'mlp' ? {} : { mapper }),
    ),
};

/** Sampled captions have the seed 0; MAGIC's 45 candidates are for a GPU, 8 caption 500 pictures in minutes. */
const decoders = [
  'greedy',
  'beam:3',
  'beam:5',
  'beam:5,length=sum',
  'diverse:6',
  'top-k:40',
  'top-p:0.8',
  'top-p:0.95',
  'typical:0.95',
  'min-p:0.1',
  'contrastive:5',
  'magic:8',
  'best-of:8',
  'mbr:16',
];

const decoding: Study = {
  question: 'How much does the way of decoding change, with the same trained prefix?',
  compare: 'first',
  variants: () => decoders.map((decode) => row('decoding')(decode, {}, { decode })),
};

const zeroShot: Study = {
  question: 'How far does training on texts alone carry, compared with training on pictures?',
  compare: 'first',
  variants: () => {
    const text = row('training data');
    return [
      text('pictures', {}),
      text('texts, CapDec', { 'text-only': 'capdec' }),
      text('texts, DeCap', { 'text-only': 'decap' }),
      text('blind', { 'shuffle-features': true }),
    ];
  },
};

const objectives: Study = {
  question: 'What do the objective and the way captions end change?',
  compare: 'first',
  variants: () => {
    const objective = row('objectives');
    return [
      objective('cross-entropy', {}),
      objective('label smoothing 0.1', { 'label-smoothing': 0.1 }),
      // 200 steps of eight pictures, five captions each: more gave no more on the embedded dataset.
      objective('self-critical', { objective: 'self-critical', batch: 8, 'max-steps': 200 }, { init: base }),
      objective('ends with EOS', { ending: 'eos' }),
      objective('ends with "." and EOS', { ending: 'both' }),
    ];
  },
};

export const studies = { lengths, kinds, mappers, decoding, 'zero-shot': zeroShot, objectives } as const;
export type StudyName = keyof typeof studies;
export const studyNames = Object.keys(studies) as StudyName[];

/** The prefix lengths of the research note. */
export const defaultLengths: readonly number[] = [1, 10, 20];

/**
 * Passes over the pictures where nothing else is asked, on the embedded dataset.
 *
 * One, although `pnpm train` takes two: 18 trainings must fit into an hour of two cores. The README of this package has
 * the sum. All cells of a study are short alike, so their order is what the study is about.
 */
export const scenesEpochs = 1;

export { prefixOf };
export type { Flags, FlagValue, Study, StudyOptions, Variant } from './study.ts';
