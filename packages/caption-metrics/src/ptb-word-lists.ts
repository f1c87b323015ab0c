// Words the tokenizer treats specially: abbreviations that keep their full stop, contractions it splits.

/**
 * Abbreviations whose full stop belongs to them in any case: titles, ranks, streets, firms, months, weekdays
 * and states that are no English word, and a few of running text. Sat. and Sun. are left out on purpose: "sat" and
 * "sun" end more captions than weekdays do.
 */
export const abbreviations: readonly string[] = [
  // titles and ranks
  ...'mr mrs ms messrs mme mlle dr drs prof profs rev hon gov govs sen sens rep reps pres supt'.split(' '),
  ...'atty attys gen col maj lt lieut capt cmdr adm brig sgt cpl pvt pfc det jr sr esq'.split(' '),
  // streets and places
  ...'st ste ave blvd rd mt ft'.split(' '),
  // firms and offices
  ...'inc corp co cos ltd plc bros dept assn'.split(' '),
  // months and weekdays
  ...'jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thurs fri'.split(' '),
  // states
  ...'ariz calif colo conn dak fla kan kans ky md mich minn mo mont neb nev okla penn tenn va vt wis wisc wyo'.split(
    ' ',
  ),
  // running text
  ...'vs etc al seq cf ca est viz'.split(' '),
];

/** Abbreviated names that are English words too: only with a capital are they abbreviations. */
export const capitalisedAbbreviations: readonly string[] =
  'Ala Ark Az Ct Del Ga Ill Ind La Mass Miss Ore Pa Tex Wash Alex Wm Jos Geo Chas'.split(' ');

/** Abbreviations only in front of a number ("No. 5", "fig. 2"). */
export const numberAbbreviations: readonly string[] = 'no nos fig figs p pp vol ch art sec tel ext'.split(
  ' ',
);

/** Words after which a single letter and its full stop are an ending, not an initial: they start a new sentence. */
export const sentenceStarters: readonly string[] =
  'a about according after an as at but he her here if in it its she the there they this to we what when while'.split(
    ' ',
  );

/** Fused words and the two tokens each becomes. */
export const fusedWords: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['cannot', ['can', 'not']],
  ['gonna', ['gon', 'na']],
  ['gotta', ['got', 'ta']],
  ['lemme', ['lem', 'me']],
  ['gimme', ['gim', 'me']],
  ['wanna', ['wan', 'na']],
]);

/** What a bracket is called in the output; lower-cased, so that the removal list of 'captionPunctuation' misses it. */
export const bracketNames: ReadonlyMap<string, string> = new Map([
  ['(', '-lrb-'],
  [')', '-rrb-'],
  ['[', '-lsb-'],
  [']', '-rsb-'],
  ['{', '-lcb-'],
  ['}', '-rcb-'],
]);
