// Results for whole models: how long and how large loading is, how much they do per second. And their table.
import { formatNumber, formatTable } from '../report/format-table.ts';
import type { Timing } from '../report/statistics.ts';

interface RowTitle {
  model: string;
  dtype: 'f32' | 'f16';
}

/** Loading from a file that the operating system has in memory, in a process of its own. */
export interface LoadRow extends RowTitle {
  what: 'load';
  wall: Timing;
  fileBytes: number;
  /** Most host memory above the process with its device open; on a software adapter it holds the GPU's too. */
  peakBytes: number;
  gpuBytes: number;
}

/** Work per second: `unit` per second of the median. */
export interface RateRow extends RowTitle {
  what: string;
  wall: Timing;
  perSecond: number;
  unit: 'images' | 'tokens';
}

export type ModelRow = LoadRow | RateRow;

const isLoad = (row: ModelRow): row is LoadRow => row.what === 'load';
const mega = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

/** Times are medians of n. */
export function formatModelRows(rows: readonly ModelRow[]): string {
  const cells = rows.map((row) => [
    row.model,
    row.dtype,
    row.what,
    formatNumber(row.wall.medianMs),
    String(row.wall.n),
    isLoad(row) ? '' : `${formatNumber(row.perSecond)} ${row.unit}/s`,
    isLoad(row)
      ? `peak ${mega(row.peakBytes)} (${(row.peakBytes / row.fileBytes).toFixed(2)} × the file), GPU ${mega(row.gpuBytes)}`
      : '',
  ]);
  return formatTable(
    [
      { title: 'model' },
      { title: 'dtype' },
      { title: 'what' },
      { title: 'wall ms', align: 'right' },
      { title: 'n', align: 'right' },
      { title: 'rate', align: 'right' },
      { title: 'memory' },
    ],
    cells,
  );
}
