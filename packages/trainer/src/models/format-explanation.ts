// The text of `pnpm caption --explain`.
import type { CaptionExplanation } from '@foreword/prefix-mapper';

/** Two tables: nearest tokens of every prefix row, and of every word its attention to every row, in percent. */
export function formatExplanation({ nearest, words }: CaptionExplanation): string {
  const rows = nearest.map(
    (tokens, row) =>
      `${String(row + 1).padStart(5)}  ${tokens.map(({ token, cosine }) => `${JSON.stringify(token)} ${cosine.toFixed(2)}`).join('  ')}`,
  );
  const width = Math.max(4, ...words.map(({ word }) => word.length));
  const line = (head: string, cells: readonly string[]): string =>
    `  ${head.padEnd(width)}${cells.map((cell) => cell.padStart(6)).join('')}`;
  const percent = (share: number): string => (100 * share).toFixed(1);
  const attention = words.map(({ word, attention: own }) => {
    const onPrefix = own.reduce((a, b) => a + b, 0);
    return line(word, [...own.map(percent), percent(onPrefix), percent(Math.max(0, 1 - onPrefix))]);
  });
  return `  prefix rows and the tokens nearest to them (cosine)
${rows.join('\n')}
  attention of each word to the prefix rows, in % (mean over layers and heads), their sum, and the rest: the words before
${[line('', [...nearest.map((_, row) => String(row + 1)), 'all', 'rest']), ...attention].join('\n')}
`;
}
