// The text at the end of a training.
import { shownPath } from '../data/repository.ts';
import type { Sample, TestScores } from './score-test.ts';
import type { Settings } from './settings.ts';

/** What `pnpm train` prints at its end: six captions beside their references, the scores, where everything lies. */
export function formatReport(
  settings: Settings,
  { scores, samples }: { scores: TestScores; samples: readonly Sample[] },
  path: string,
  seconds: Record<string, number>,
): string {
  const cells = [
    ...scores.bleu.map((b, i) => [`BLEU-${i + 1}`, (100 * b).toFixed(2)]),
    ['ROUGE-L', (100 * scores.rougeL).toFixed(2)],
    ['CIDEr', (100 * scores.ciderD).toFixed(2)],
  ];
  const widths = cells.map(([head, value]) => Math.max(head.length, value.length));
  const row = (i: 0 | 1): string => cells.map((cell, c) => cell[i].padStart(widths[c])).join('  ');
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
${row(0)}
${row(1)}
${right}
run folder: ${shownPath(path)}  (config.json, metrics.jsonl, loss.svg, samples.jsonl, summary.json, checkpoints/)
caption a picture: pnpm caption PICTURE --run ${shownPath(path)}
time: ${times}
`;
}
