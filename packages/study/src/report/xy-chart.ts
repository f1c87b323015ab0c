// Lines and points with error bars as SVG: scores against lengths or parameters, losses against steps, decoders.
import { linearAxis, logAxis } from './axis.ts';
import { escapeXml } from './escape-xml.ts';
import { svgDocument } from './svg-document.ts';

export interface ChartPoint {
  x: number;
  y: number;
  /** Half the length of the error bars. */
  errorY?: number;
  errorX?: number;
  /** Written beside the point. */
  label?: string;
}

export interface ChartSeries {
  /** In the legend; without a name it is not in it. */
  name?: string;
  points: readonly ChartPoint[];
  /** Default `both`. */
  draw?: 'line' | 'points' | 'both';
  dashed?: boolean;
  /** Place in the list of colours; default the place of the series. */
  colour?: number;
}

export interface ChartOptions {
  title: string;
  x: { label: string; log?: boolean };
  y: { label: string };
  series: readonly ChartSeries[];
}

/** Okabe and Ito's colours, which people with colour blindness tell apart; their yellow is too light on white. */
export const chartColours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#666666'];

const width = 720;
const legendLine = 18;
const margin = { left: 66, right: 24, bottom: 48 };
const plotHeight = 320;

/** @returns an SVG document on white ground */
export function xyChart({ title, x, y, series }: ChartOptions): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((s) => s.points);
  if (points.length === 0) throw new RangeError(`chart "${title}": there are no points`);
  const legend = layLegend(drawn);
  const top = 34 + legendLine * legend.lines + 8;
  const height = top + plotHeight + margin.bottom;
  const right = width - margin.right;
  const xs = points.map((p) => p.x);
  const across = x.log ? logAxis(xs) : linearAxis(xs.concat(points.flatMap((p) => ends(p.x, p.errorX))));
  const up = linearAxis(points.flatMap((p) => ends(p.y, p.errorY)));
  const px = (value: number): string =>
    (margin.left + across.place(value) * (right - margin.left)).toFixed(1);
  const py = (value: number): string => (top + (1 - up.place(value)) * plotHeight).toFixed(1);
  const bottom = top + plotHeight;

  const grid = up.ticks.map(
    ({ at, label }) =>
      `<line x1="${margin.left}" x2="${right}" y1="${py(at)}" y2="${py(at)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 8}" y="${Number(py(at)) + 4}" text-anchor="end">${label}</text>`,
  );
  const columns = across.ticks.map(
    ({ at, label }) =>
      `<line x1="${px(at)}" x2="${px(at)}" y1="${bottom}" y2="${bottom + 5}" stroke="#888"/>` +
      `<text x="${px(at)}" y="${bottom + 19}" text-anchor="middle">${label}</text>`,
  );
  const marks = drawn.map((s, i) => drawSeries(s, colourOf(s, i), { px, py, bottom }));
  return svgDocument({ width, height, title, titleX: margin.left }, [
    ...legend.marks,
    ...grid,
    `<line x1="${margin.left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="#888"/>`,
    ...columns,
    ...marks,
    `<text x="${(margin.left + right) / 2}" y="${height - 10}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text transform="translate(16 ${top + plotHeight / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.label)}</text>`,
  ]);
}

const ends = (value: number, error = 0): number[] => [value - error, value + error];

const colourOf = ({ colour }: ChartSeries, i: number): string =>
  chartColours[(colour ?? i) % chartColours.length];

const dashOf = ({ dashed }: ChartSeries): string => (dashed ? ' stroke-dasharray="6 4"' : '');

type Place = (value: number) => string;

function drawSeries(
  series: ChartSeries,
  colour: string,
  { px, py, bottom }: { px: Place; py: Place; bottom: number },
): string {
  const { points, draw = 'both' } = series;
  const line =
    draw === 'points'
      ? ''
      : `<polyline points="${points.map((p) => `${px(p.x)},${py(p.y)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dashOf(series)}/>`;
  if (draw === 'line') return line;
  const taken: LabelBox[] = points.map((p) => ({
    left: Number(px(p.x)) - 5,
    right: Number(px(p.x)) + 5,
    y: Number(py(p.y)) + 4,
  }));
  const marks = points.map((p) => {
    const { x, y, errorX = 0, errorY = 0, label } = p;
    const bar = (x1: number, y1: number, x2: number, y2: number): string =>
      `<line x1="${px(x1)}" y1="${py(y1)}" x2="${px(x2)}" y2="${py(y2)}" stroke="${colour}" stroke-width="1.5"/>`;
    const cap = (end: number): string =>
      `<line x1="${Number(px(x)) - 4}" x2="${Number(px(x)) + 4}" y1="${py(end)}" y2="${py(end)}" stroke="${colour}" stroke-width="1.5"/>`;
    const bars = [
      ...(errorY > 0 ? [bar(x, y - errorY, x, y + errorY), cap(y - errorY), cap(y + errorY)] : []),
      ...(errorX > 0 ? [bar(x - errorX, y, x + errorX, y)] : []),
    ];
    const text =
      label === undefined ? '' : writeLabel(label, { px: Number(px(x)), py: Number(py(y)), bottom }, taken);
    return `${bars.join('')}<circle cx="${px(x)}" cy="${py(y)}" r="4" fill="${colour}"/>${text}`;
  });
  return [line, ...marks].join('');
}

interface LabelBox {
  left: number;
  right: number;
  y: number;
}

/** A label right of its point, else left of it, as near as others leave room; one that is far has a line to its point. */
function writeLabel(
  label: string,
  { px, py, bottom }: { px: number; py: number; bottom: number },
  taken: LabelBox[],
): string {
  const wide = 6.8 * label.length;
  const places = [-6, 14, -19, 27, -32, 40, -45, 53, -58, 66].flatMap((dy) => [
    { left: px + 7, right: px + 7 + wide, y: py + dy, edge: px + 7 },
    { left: px - 7 - wide, right: px - 7, y: py + dy, edge: px - 7 },
  ]);
  const isFree = ({ left, right, y }: LabelBox): boolean =>
    left > margin.left &&
    right < width &&
    y < bottom - 3 &&
    taken.every((other) => right < other.left || left > other.right || Math.abs(y - other.y) > 12);
  const place = places.find(isFree) ?? places[0];
  taken.push(place);
  const line =
    Math.abs(place.y - py) < 25
      ? ''
      : `<line x1="${px}" y1="${py}" x2="${place.edge}" y2="${place.y - 4}" stroke="#888" stroke-width="0.75"/>`;
  return `${line}<text x="${place.left.toFixed(1)}" y="${place.y.toFixed(1)}" font-size="11" stroke="#fff" stroke-width="3" paint-order="stroke">${escapeXml(label)}</text>`;
}

/** Names beside their colours, in as many lines as they need. One series alone needs none. */
function layLegend(series: readonly ChartSeries[]): { marks: string[]; lines: number } {
  if (series.length < 2) return { marks: [], lines: 0 };
  const named = series.flatMap((s, i) =>
    s.name === undefined ? [] : [{ ...s, name: s.name, colour: s.colour ?? i }],
  );
  let at = margin.left;
  let lines = 1;
  const marks = named.map((s, i) => {
    const wide = 34 + s.name.length * 7;
    if (at + wide > width - margin.right && at > margin.left) {
      at = margin.left;
      lines++;
    }
    const y = 34 + legendLine * lines - 8;
    const mark = `<line x1="${at}" x2="${at + 18}" y1="${y - 4}" y2="${y - 4}" stroke="${colourOf(s, i)}" stroke-width="2.5"${dashOf(s)}/><text x="${at + 23}" y="${y}">${escapeXml(s.name)}</text>`;
    at += wide;
    return mark;
  });
  return { marks, lines };
}
