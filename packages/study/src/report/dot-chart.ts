// One line per name with a dot and its error bar, as SVG: for rows that have no order.
import { linearAxis } from './axis.ts';
import { escapeXml } from './escape-xml.ts';
import { svgDocument } from './svg-document.ts';
import { chartColours } from './xy-chart.ts';

export interface DotChartOptions {
  title: string;
  label: string;
  dots: readonly { name: string; value: number; error?: number }[];
}

const width = 720;
const lineHeight = 26;
const top = 40;

/** @returns an SVG document on white ground */
export function dotChart({ title, label, dots }: DotChartOptions): string {
  if (dots.length === 0) throw new RangeError(`chart "${title}": there are no dots`);
  const left = 24 + Math.min(260, 7 * Math.max(...dots.map(({ name }) => name.length)));
  const right = width - 24;
  const bottom = top + lineHeight * dots.length;
  const axis = linearAxis(dots.flatMap(({ value, error = 0 }) => [value - error, value + error]));
  const px = (value: number): string => (left + axis.place(value) * (right - left)).toFixed(1);
  const grid = axis.ticks.map(
    ({ at, label: text }) =>
      `<line x1="${px(at)}" x2="${px(at)}" y1="${top}" y2="${bottom}" stroke="#ddd"/>` +
      `<text x="${px(at)}" y="${bottom + 18}" text-anchor="middle">${text}</text>`,
  );
  const [colour] = chartColours;
  const marks = dots.map(({ name, value, error = 0 }, i) => {
    const y = top + lineHeight * (i + 0.5);
    const bar =
      error > 0
        ? `<line x1="${px(value - error)}" x2="${px(value + error)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>`
        : '';
    return `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escapeXml(name)}</text>${bar}<circle cx="${px(value)}" cy="${y}" r="4.5" fill="${colour}"/>`;
  });
  const height = bottom + 46;
  return svgDocument({ width, height, title, titleX: 14 }, [
    ...grid,
    ...marks,
    `<text x="${(left + right) / 2}" y="${height - 10}" text-anchor="middle">${escapeXml(label)}</text>`,
  ]);
}
