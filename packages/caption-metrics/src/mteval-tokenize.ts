// Words as NIST's scoring script mteval-v13a cuts them; NIST is computed on these, not on PTB tokens.

const entities: readonly [string, string][] = [
  ['&quot;', '"'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&amp;', '&'],
];

/**
 * Lower-cased words of mteval-v13a's "international = false" tokenisation: symbols stand alone; full stops and commas
 * too, except between digits; a hyphen only after a digit; apostrophes stay in their word.
 *
 * @example mtevalTokenize("It's 1,000 steps.") // ["it's", "1,000", "steps", "."]
 */
export function mtevalTokenize(text: string): string[] {
  let line = text.replaceAll('<skipped>', '').replace(/-\n/g, '').replace(/\s/g, ' ');
  for (const [entity, character] of entities) line = line.replaceAll(entity, character);
  return ` ${line.toLowerCase()} `
    .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')
    .split(/\s+/)
    .filter((word) => word !== '');
}
