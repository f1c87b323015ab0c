// The text at the end of a training.
import { shownPath } from '../data/repository.ts';
import type { Sample, SplitScores, TestScores } from './score-test.ts';
import type { Settings } from './settings.ts';

/** What `pnpm train` prints at its end: six captions beside their references, the scores, where everything lies. */
export function formatReport(
  settings: Settings,
  { scores, samples }: { scores: TestScores; samples: readonly Sample[] },
  path: string,
  seconds: Record<string, number>,
): string {
  const shown = samples.filter((_, i) => i % Math.max(1, Math.floor(samples.length / 6)) === 0).slice(0, 6);
  const pictures = shown.map(
    ({ caption, references, picture }) =>
      `${shownPath(picture)}\n  → ${caption}\n${references.map((r) => `    ${r}`).join('\n')}`,
  );
  const right =
    scores.namedRight === undefined
      ? ''
      : `colours and kinds named rightly in ${(100 * scores.namedRight).toFixed(1)} % of the pictures\n`;
  const times = Object.entries(seconds)
    .map(([what, s]) => `${what} ${s.toFixed(0)} s`)
    .join(', ');
  const changed = settings.lora === undefined ? 'frozen' : `with LoRA of rank ${settings.lora}`;
  const gpt2 = settings.tuneGpt2 ? 'tuned' : changed;
  const kind = settings.prefixKind === 'embedding' ? '' : ` (${settings.prefixKind})`;
  return `
Six of ${scores.pictures} test pictures: the caption (→) and its references
${pictures.join('\n')}

Test split, prefix length ${settings.prefix}${kind}, ${settings.mapper} mapper, GPT-2 ${gpt2}, greedy decoding (× 100)
${scoreTable(scores)}
${right}
run folder: ${shownPath(path)}  (config.json, metrics.jsonl, loss.svg, samples.jsonl, summary.json, checkpoints/)
caption a picture: pnpm caption PICTURE --run ${shownPath(path)}
time: ${times}
`;
}

/** A row of scores; where pictures have domains, one for each and one for the entire split. */
function scoreTable({ domains, ...entire }: TestScores): string {
  const heads = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', 'CIDEr'];
  const valuesOf = ({ bleu, rougeL, ciderD }: SplitScores): string[] =>
    [...bleu, rougeL, ciderD].map((score) => (100 * score).toFixed(2));
  const rows = [
    ['', ...heads],
    ...Object.entries(domains ?? {}).map(([domain, own]) => [
      `${domain} (${own.pictures})`,
      ...valuesOf(own),
    ]),
    [domains ? `entire (${entire.pictures})` : '', ...valuesOf(entire)],
  ].map((row) => (domains ? row : row.slice(1)));
  const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  const line = (row: string[]): string =>
    row.map((cell, c) => (domains && c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ');
  return rows.map(line).join('\n');
}
