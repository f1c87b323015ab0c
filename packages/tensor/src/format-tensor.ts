// A tensor's values as text, as NumPy and PyTorch print them: rows in brackets, columns in line, long axes cut.
import { formatShape, sizeOf, type Shape } from './core/shape.ts';
import type { DType } from './dtype/dtype.ts';

/** More elements than this are cut to the first and last {@link edge} of each axis. */
const mostElements = 1000;
const edge = 3;

/** Four decimals; exponents where the largest and the smallest are far apart. */
function numberFormat(values: readonly number[], dtype: DType): (x: number) => string {
  if (dtype === 'i32' || dtype === 'u32') return String;
  const finite = values.filter((x) => Number.isFinite(x) && x !== 0).map(Math.abs);
  const largest = Math.max(0, ...finite);
  const smallest = Math.min(largest, ...finite);
  const show = (x: number, text: () => string): string =>
    Number.isNaN(x) ? 'nan' : Number.isFinite(x) ? text() : x > 0 ? 'inf' : '-inf';
  if (values.every((x) => !Number.isFinite(x) || Number.isInteger(x)) && largest < 1e6)
    return (x) => show(x, () => `${x}.`);
  if (largest >= 1e6 || (smallest > 0 && (smallest < 1e-4 || largest / smallest > 1e6)))
    return (x) => show(x, () => x.toExponential(4));
  return (x) => show(x, () => x.toFixed(4));
}

/** `values` [shape] as text in brackets, the header behind. */
export function formatTensor(values: ArrayLike<number>, shape: Shape, dtype: DType): string {
  const cut = sizeOf(shape) > mostElements;
  const places = (n: number): (number | undefined)[] =>
    cut && n > 2 * edge
      ? [...Array(edge).keys(), undefined, ...Array.from({ length: edge }, (_, i) => n - edge + i)]
      : [...Array(n).keys()];
  const shown: number[] = [];
  const visit = (axis: number, at: number, use: (i: number) => void): void => {
    if (axis === shape.length) use(at);
    else for (const i of places(shape[axis])) if (i !== undefined) visit(axis + 1, at * shape[axis] + i, use);
  };
  visit(0, 0, (i) => shown.push(values[i]));
  const format = numberFormat(shown, dtype);
  const width = Math.max(1, ...shown.map((x) => format(x).length));
  const text = (axis: number, at: number): string => {
    if (axis === shape.length) return format(values[at]).padStart(shape.length > 0 ? width : 0);
    const items = places(shape[axis]).map((i) =>
      i === undefined ? '…' : text(axis + 1, at * shape[axis] + i),
    );
    const isLast = axis === shape.length - 1;
    const between = isLast ? ', ' : `,${'\n'.repeat(shape.length - 1 - axis)}${' '.repeat(axis + 1)}`;
    return `[${items.join(between)}]`;
  };
  return `${text(0, 0)}\nTensor ${formatShape(shape)} ${dtype}`;
}
