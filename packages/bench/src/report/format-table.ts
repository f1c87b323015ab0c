// Plain-text tables: the rows of the benchmark, and the alignment under them.
import { formatReached } from './floors.ts';
import { isSkipped, type Row } from './bench-row.ts';

/** One column of a table. */
export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** Lines of a table with a rule under the titles; the last column is not padded. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, c) =>
    Math.max(title.length, ...rows.map((row) => (row[c] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, c) => {
        const cell = cells[c] ?? '';
        return align === 'right' ? cell.padStart(widths[c]) : cell.padEnd(widths[c]);
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.map(line),
  ].join('\n');
}

/** Three significant digits, never in scientific notation: 0.0123, 4.56, 1230. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

const columns: readonly Column[] = [
  { title: 'op' },
  { title: 'shape' },
  { title: 'dtype' },
  { title: 'kernels', align: 'right' },
  { title: 'wall ms', align: 'right' },
  { title: 'gpu ms', align: 'right' },
  { title: 'n', align: 'right' },
  { title: 'GFLOP/s', align: 'right' },
  { title: 'GB/s', align: 'right' },
  { title: 'bytes ms', align: 'right' },
  { title: 'ops ms', align: 'right' },
  { title: '% of floor', align: 'right' },
  { title: 'note' },
];

/** The table of the benchmark. Times are medians of n. */
export function formatRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    if (isSkipped(row)) {
      const dashes = Array.from({ length: columns.length - 4 }, () => '–');
      return [row.op, row.shape, row.dtype, ...dashes, `left out: ${row.skipped}`];
    }
    return [
      row.op,
      row.shape,
      row.dtype,
      String(row.kernels),
      formatNumber(row.wall.medianMs),
      formatNumber(row.gpu?.medianMs),
      String(row.wall.n),
      formatNumber(row.gflops),
      formatNumber(row.gigabytesPerSecond),
      formatNumber(row.floors?.bytesMs),
      formatNumber(row.floors?.operationsMs),
      formatReached(row.floors?.reached),
      row.note ?? '',
    ];
  });
  return formatTable(columns, cells);
}
