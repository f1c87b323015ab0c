// What the tuner found, as tables: the choices that changed, or every kernel that was tried.
import type { TunedChoice } from '@foreword/tensor/node';
import { formatNumber, formatTable } from './format-table.ts';

const defaultOf = ({ ms, dropped }: TunedChoice): string => Object.keys({ ...ms, ...dropped })[0];

/** Time of all calls with the defaults, and with what was chosen. */
function totals(tuned: readonly TunedChoice[]): { before: number; after: number } {
  const sum = (pick: (t: TunedChoice) => string): number =>
    tuned.reduce((total, t) => total + t.calls * (t.ms[pick(t)] ?? 0), 0);
  return { before: sum(defaultOf), after: sum(({ chosen }) => chosen) };
}

/** Choices that leave the default, the most time saved first. */
export function formatTuned(tuned: readonly TunedChoice[]): string {
  const saved = (t: TunedChoice): number => t.calls * (t.ms[defaultOf(t)] - t.ms[t.chosen]);
  const changed = tuned.filter((t) => t.chosen !== defaultOf(t)).sort((a, b) => saved(b) - saved(a));
  const { before, after } = totals(tuned);
  const lines = [
    `${tuned.length} choices, ${changed.length} of them better than the default; all calls together ${formatNumber(before)} ms → ${formatNumber(after)} ms (${formatNumber(before / after)}×)`,
  ];
  if (changed.length === 0) return lines[0];
  const table = formatTable(
    [
      { title: 'choice' },
      { title: 'calls', align: 'right' },
      { title: 'default' },
      { title: 'ms', align: 'right' },
      { title: 'chosen' },
      { title: 'ms', align: 'right' },
      { title: 'gain', align: 'right' },
    ],
    changed.map((t) => [
      t.key,
      String(t.calls),
      defaultOf(t),
      formatNumber(t.ms[defaultOf(t)]),
      t.chosen,
      formatNumber(t.ms[t.chosen]),
      `${formatNumber(t.ms[defaultOf(t)] / t.ms[t.chosen])}×`,
    ]),
  );
  return `${table}\n\n${lines[0]}`;
}

/** Every kernel that was tried: its time, and what became of it. */
export function formatExplained(tuned: readonly TunedChoice[]): string {
  return tuned
    .map((t) => {
      const first = defaultOf(t);
      const why = (name: string): string => {
        if (t.dropped[name] !== undefined) return `left out: ${t.dropped[name]}`;
        if (name !== t.chosen) return name === first ? 'default' : '';
        if (name !== first) return 'chosen';
        const faster = Object.keys(t.ms).some(
          (other) => t.dropped[other] === undefined && t.ms[other] < t.ms[first],
        );
        return faster ? 'default, kept: the gain of another is within noise' : 'default, kept: the fastest';
      };
      const names = [...new Set([...Object.keys(t.ms), ...Object.keys(t.dropped)])];
      const rows = names.map((name) => [
        `  ${name}`,
        formatNumber(t.ms[name]),
        t.ms[name] === undefined ? '–' : `${formatNumber(t.ms[first] / t.ms[name])}×`,
        why(name),
      ]);
      const table = formatTable(
        [
          { title: '  kernel' },
          { title: 'ms', align: 'right' },
          { title: 'against default', align: 'right' },
          { title: '' },
        ],
        rows,
      );
      return `${t.key}\n  met ${t.calls} ×, timed as ${t.timedAs}\n${table}`;
    })
    .join('\n\n');
}
