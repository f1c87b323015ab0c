// What the prefix of one test picture was read as: the tokens nearest to its rows, and where each word looked.
import { slug } from '../cells/plan-cells.ts';
import { seriesOf } from './compare-rows.ts';
import type { Figure, Table } from './document.ts';
import { heatMap } from './heat-map.ts';
import { rowName } from './report-tables.ts';
import type { Row } from './rows.ts';

type Explained = NonNullable<Row['runs'][number]['explained']>;

/** Heat maps shown: one per row of the first series, so that a study of many rows stays a page. */
const mostMaps = 4;

export interface Reading {
  /** Which picture, and what is said of it. */
  text: string;
  tables: Table[];
  figures: Figure[];
}

/** Undefined where no row's first run explained a caption. */
export function readingOf(rows: readonly Row[]): Reading | undefined {
  const explained = rows.flatMap((row) => {
    const [{ explained: own }] = row.runs;
    return own ? [{ row, own }] : [];
  });
  if (explained.length === 0) return undefined;
  const [{ own: first, row: firstRow }] = explained;
  const shown = explained.filter(({ row }) => row.variant.series === firstRow.variant.series);
  return {
    text:
      `The prefix for test picture ${first.image_id}, of each row's first seed. A prefix row lies among the embeddings of ` +
      'tokens, but nothing makes it one of them: the nearest tokens hint at what it stands for. Attention is the mean over ' +
      "GPT-2's layers and heads of the position that wrote the word; it tells where the model looked, not why it wrote what it wrote.",
    tables: seriesOf(explained.map(({ row }) => row)).map((series) => nearestTable(series)),
    figures: shown.slice(0, mostMaps).map(({ row, own }) => attentionFigure(row, own)),
  };
}

function nearestTable(series: readonly Row[]): Table {
  const explained = series.map(({ runs: [{ explained: own }] }) => own!);
  const most = Math.max(...explained.map(({ nearest }) => nearest.length));
  const { series: name } = series[0].variant;
  return {
    name: `nearest-tokens-${slug(name)}`,
    caption: `Tokens nearest to each row of the prefix, with their cosine: ${name}.`,
    columns: ['row', ...series.map(({ variant }) => variant.label)],
    rows: Array.from({ length: most }, (_, i) => [
      String(i + 1),
      ...explained.map(({ nearest }) =>
        (nearest[i] ?? []).map(({ token, cosine }) => `“${token.trim()}” ${cosine.toFixed(2)}`).join(', '),
      ),
    ]),
    ofTexts: true,
  };
}

function attentionFigure(row: Row, { words, caption, nearest }: Explained): Figure {
  const name = rowName(row);
  const shares = words.map(({ word, attention }) => ({
    name: word,
    shares: [...attention, Math.max(0, 1 - attention.reduce((sum, share) => sum + share, 0))],
  }));
  return {
    name: `attention-${slug(name)}`,
    caption: `Attention of each word of “${caption}” to the rows of the prefix and, last, to the words before it, in %: ${name}.`,
    svg: heatMap({
      title: `Attention, ${name}`,
      label: 'row of the prefix; the words before',
      columns: [...nearest.map((_, i) => String(i + 1)), 'words'],
      rows: shares,
    }),
  };
}
