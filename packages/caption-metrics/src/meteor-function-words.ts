// English function words, which METEOR weighs less than others.

/**
 * The words that make up more than about a thousandth of English news text, which is METEOR's criterion (Denkowski
 * and Lavie 2011, section 2.3). The list is this project's own; see the README for how near the scores come.
 */
export const functionWords: ReadonlySet<string> = new Set([
  ...'a an the this that these some all no not'.split(' '),
  ...'and or but if than so when as because'.split(' '),
  ...'of to in on at by for from with about into over after up out before'.split(' '),
  ...'i you he she it we they me him her them us his its our their who which what there'.split(' '),
  ...'is are was were be been has have had do will would can could'.split(' '),
  ...'said also more one two new other first last only now people year years time mr'.split(' '),
  "'s",
  "n't",
]);
