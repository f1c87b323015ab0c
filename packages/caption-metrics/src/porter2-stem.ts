// The Porter2 stemmer ("Snowball English"), in the form METEOR 1.5 was published with.

const vowel = '[aeiouy]';
const regionAfter = new RegExp(`${vowel}[^aeiouy]`);
const longStart = /^(?:gener|commun|arsen)/;
const shortEnd = /[^aeiouy][aeiouy][^aeiouywxY]$|^[aeiouy][^aeiouy]$/;
const doubled = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;

const irregular: ReadonlyMap<string, string> = new Map([
  ...Object.entries({
    skis: 'ski',
    skies: 'sky',
    dying: 'die',
    lying: 'lie',
    tying: 'tie',
    idly: 'idl',
    gently: 'gentl',
    ugly: 'ugli',
    early: 'earli',
    only: 'onli',
    singly: 'singl',
  }),
  ...'sky news howe atlas cosmos bias andes'.split(' ').map((word) => [word, word] as const),
]);
const finishedAfterPlural = new Set(
  'inning outing canning herring earring proceed exceed succeed'.split(' '),
);

/** Suffix → replacement; among those that fit, the longest is meant. */
type Suffixes = readonly (readonly [suffix: string, replacement: string])[];
const longestFirst = (entries: Record<string, string>): Suffixes =>
  Object.entries(entries).sort(([a], [b]) => b.length - a.length);

const step2 = longestFirst({
  tional: 'tion',
  enci: 'ence',
  anci: 'ance',
  abli: 'able',
  entli: 'ent',
  izer: 'ize',
  ization: 'ize',
  ational: 'ate',
  ation: 'ate',
  ator: 'ate',
  alism: 'al',
  aliti: 'al',
  alli: 'al',
  fulness: 'ful',
  ousli: 'ous',
  ousness: 'ous',
  iveness: 'ive',
  iviti: 'ive',
  biliti: 'ble',
  bli: 'ble',
  ogi: 'og',
  fulli: 'ful',
  lessli: 'less',
  li: '',
});
const step3 = longestFirst({
  tional: 'tion',
  ational: 'ate',
  alize: 'al',
  icate: 'ic',
  iciti: 'ic',
  ical: 'ic',
  ful: '',
  ness: '',
  ative: '',
});
const step4 = longestFirst(
  Object.fromEntries(
    'al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion'
      .split(' ')
      .map((suffix) => [suffix, '']),
  ),
);

/** Where the region after the first non-vowel that follows a vowel begins; the end of the word if there is none. */
function regionStart(word: string, from: number): number {
  const at = word.slice(from).search(regionAfter);
  return at < 0 ? word.length : from + at + 2;
}

/** Replaces the longest suffix that fits, if it lies in the region and `allowed` agrees. */
function replaceSuffix(
  word: string,
  suffixes: Suffixes,
  region: number,
  allowed: (suffix: string, stem: string) => boolean,
): string {
  const found = suffixes.find(([suffix]) => word.endsWith(suffix));
  if (!found) return word;
  const stem = word.slice(0, word.length - found[0].length);
  return stem.length >= region && allowed(found[0], stem) ? stem + found[1] : word;
}

const hasVowel = (text: string): boolean => /[aeiouy]/.test(text);

/** "cats" → "cat", "ties" → "tie", "cries" → "cri"; "gas", "bus" and "grass" stay. */
function withoutPlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2);
  if (/ie[ds]$/.test(word)) return word.slice(0, word.length > 4 ? -2 : -1);
  return /[aeiouy].+s$/.test(word) && !/[us]s$/.test(word) ? word.slice(0, -1) : word;
}

function withoutEdOrIng(word: string, r1: number): string {
  const eed = /eed(?:ly)?$/.exec(word);
  if (eed) return eed.index >= r1 ? word.slice(0, eed.index + 2) : word;
  const ending = /(?:ed|ing)(?:ly)?$/.exec(word);
  if (!ending || !hasVowel(word.slice(0, ending.index))) return word;
  const stem = word.slice(0, ending.index);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (doubled.test(stem)) return stem.slice(0, -1);
  return r1 >= stem.length && shortEnd.test(stem) ? `${stem}e` : stem;
}

/**
 * Stem of an English word by Porter's second algorithm (M. Porter 2001, snowballstem.org, "The English (Porter2)
 * stemming algorithm"), without the changes Snowball made from 2023 on.
 *
 * @param word in lower case
 * @example porter2Stem('sitting') // "sit"
 */
export function porter2Stem(word: string): string {
  if (word.length <= 2) return word;
  const known = irregular.get(word);
  if (known !== undefined) return known;
  // A y that acts as a consonant is written Y until the end.
  let stem = word.replace(/^'/, '').replace(/^y/, 'Y');
  stem = stem.replace(/([aeiouy])y/g, '$1Y');
  const start = longStart.exec(stem);
  const r1 = start ? start[0].length : regionStart(stem, 0);
  const r2 = regionStart(stem, r1);

  stem = withoutPlural(stem.replace(/'(?:s'?)?$/, ''));
  if (finishedAfterPlural.has(stem)) return stem;
  stem = withoutEdOrIng(stem, r1);
  stem = stem.replace(/(?<=.[^aeiouy])[yY]$/, 'i');
  stem = replaceSuffix(stem, step2, r1, (suffix, rest) =>
    suffix === 'ogi' ? rest.endsWith('l') : suffix !== 'li' || /[cdeghkmnrt]$/.test(rest),
  );
  stem = replaceSuffix(stem, step3, r1, (suffix, rest) => suffix !== 'ative' || rest.length >= r2);
  stem = replaceSuffix(stem, step4, r2, (suffix, rest) => suffix !== 'ion' || /[st]$/.test(rest));
  const short = stem.slice(0, -1);
  const dropsE = stem.endsWith('e') && (short.length >= r2 || (short.length >= r1 && !shortEnd.test(short)));
  if (dropsE || (stem.endsWith('ll') && short.length >= r2)) stem = short;
  return stem.toLowerCase();
}
