// What the `fast` preset of native toggles does to a case, and the table of that.
import { formatNumber, formatTable } from './format-table.ts';
import type { Ratio, Timing } from './statistics.ts';

export interface FastRow {
  what: string;
  /** Wall time with Dawn's defaults, and without robustness and validation. */
  off: Timing;
  on: Timing;
  /** off ÷ on in the same round. */
  gain: Ratio;
}

/** Times are medians of n. */
export function formatFastRows(rows: readonly FastRow[]): string {
  const table = formatTable(
    [
      { title: 'fast preset' },
      { title: 'off ms', align: 'right' },
      { title: 'on ms', align: 'right' },
      { title: 'n', align: 'right' },
      { title: 'off ÷ on', align: 'right' },
      { title: '(range)' },
    ],
    rows.map(({ what, off, on, gain }) => [
      what,
      formatNumber(off.medianMs),
      formatNumber(on.medianMs),
      String(gain.n),
      `${formatNumber(gain.median)}×`,
      `${formatNumber(gain.min)} to ${formatNumber(gain.max)}`,
    ]),
  );
  return `${table}\n(openDevice({ fast: true }): Dawn's disable_robustness and skip_validation, measured off, on, off, on)`;
}
