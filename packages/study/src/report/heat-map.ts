// A table of shares as coloured cells, as SVG: where the words of a caption looked.
import { escapeXml } from './escape-xml.ts';
import { svgDocument } from './svg-document.ts';
import { chartColours } from './xy-chart.ts';

export interface HeatMapOptions {
  title: string;
  /** What the columns are, below them. */
  label: string;
  columns: readonly string[];
  /** Shares between 0 and 1, one per column. */
  rows: readonly { name: string; shares: readonly number[] }[];
}

const width = 720;
const cellHeight = 22;
const top = 40;
/** From this share of the darkest cell on, figures are white. */
const dark = 0.55;

/** @returns an SVG document on white ground; every cell has its share in percent */
export function heatMap({ title, label, columns, rows }: HeatMapOptions): string {
  if (rows.length === 0 || columns.length === 0)
    throw new RangeError(`heat map "${title}": there are no cells`);
  const left = 24 + Math.min(160, 7 * Math.max(...rows.map(({ name }) => name.length)));
  const cellWidth = Math.min(64, (width - 24 - left) / columns.length);
  const bottom = top + cellHeight * rows.length;
  const most = Math.max(...rows.flatMap(({ shares }) => shares), Number.MIN_VALUE);
  const [colour] = chartColours;
  const lines = rows.flatMap(({ name, shares }, r) => {
    const y = top + cellHeight * r;
    const cells = shares.map((share, c) => {
      const x = (left + cellWidth * c).toFixed(1);
      const middle = (left + cellWidth * (c + 0.5)).toFixed(1);
      const weight = share / most;
      return (
        `<rect x="${x}" y="${y}" width="${(cellWidth - 1).toFixed(1)}" height="${cellHeight - 1}" fill="${colour}" fill-opacity="${weight.toFixed(3)}"/>` +
        `<text x="${middle}" y="${y + 15}" text-anchor="middle" font-size="10"${weight > dark ? ' fill="#fff"' : ''}>${Math.round(100 * share)}</text>`
      );
    });
    return [`<text x="${left - 8}" y="${y + 15}" text-anchor="end">${escapeXml(name)}</text>`, ...cells];
  });
  const heads = columns.map(
    (name, c) =>
      `<text x="${(left + cellWidth * (c + 0.5)).toFixed(1)}" y="${bottom + 16}" text-anchor="middle" font-size="11">${escapeXml(name)}</text>`,
  );
  const height = bottom + 46;
  return svgDocument({ width, height, title, titleX: 14 }, [
    ...lines,
    ...heads,
    `<text x="${left}" y="${height - 10}">${escapeXml(label)}</text>`,
  ]);
}
