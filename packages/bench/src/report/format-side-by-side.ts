// The comparison with peers as text: times, ratios, and whether all computed the same.
import {
  isFailed,
  type EngineEntry,
  type SideBySide,
  type WorkComparison,
} from '../engines/compare-engines.ts';
import { formatNumber, formatTable, type Column } from './format-table.ts';

/** What to say of results that differ, of adapters that do, and of peers that did not run. */
export function sideBySideProblems({ engines, sameAdapter, works }: SideBySide): string[] {
  const problems: string[] = [];
  if (!sameAdapter) {
    const told = engines.filter(
      (engine): engine is EngineEntry => !isFailed(engine) && engine.adapter !== null,
    );
    problems.push(
      `the engines ran on different adapters: ${told.map((e) => `${e.id} on ${e.adapter}`).join('; ')}`,
    );
  }
  for (const { title, entries } of works) {
    for (const entry of entries) {
      if (!isFailed(entry) && entry.agrees === false)
        problems.push(`${title}: the results of ${entry.engine} differ by ${formatShare(entry.difference!)}`);
    }
  }
  return problems;
}

const formatShare = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

/** Peers that could not be installed, opened or finish a work, one line each; empty when all ran. */
export function formatFailures({ engines, works }: SideBySide): string {
  const lines = engines.filter(isFailed).map(({ id, problem }) => `did not run: ${id}: ${problem}`);
  for (const { id, entries } of works) {
    for (const entry of entries) {
      if (isFailed(entry)) lines.push(`did not run: ${entry.engine}, ${id}: ${entry.problem}`);
    }
  }
  return lines.join('\n');
}

const columns: readonly Column[] = [
  { title: 'engine' },
  { title: 'ms', align: 'right' },
  { title: 'n', align: 'right' },
  { title: 'per second', align: 'right' },
  { title: 'its time ÷ ours', align: 'right' },
  { title: '(range)' },
  { title: 'first run ms', align: 'right' },
  { title: 'results differ by' },
];

/** A table per work. */
export function formatSideBySide(compared: SideBySide): string {
  const ran = compared.engines.filter((engine): engine is EngineEntry => !isFailed(engine));
  const failures = formatFailures(compared);
  return [
    `${ran.map(({ name, version }) => `${name} ${version}`).join(', ')}: in turns, each in a process of its own, results read back to the host:`,
    ...compared.works.map(formatWork),
    ...(failures ? [failures] : []),
  ].join('\n\n');
}

function formatWork({ title, unit, entries }: WorkComparison): string {
  const rows = entries.map((entry) => {
    if (isFailed(entry)) return [entry.engine, '–', '–', '–', '–', '', '–', 'did not run'];
    const { engine, time, perSecond, ratio, firstMs, difference, agrees } = entry;
    return [
      engine,
      formatNumber(time.medianMs),
      String(time.n),
      `${formatNumber(perSecond)} ${unit}`,
      ratio ? `${formatNumber(ratio.median)}×` : '',
      ratio ? `${formatNumber(ratio.min)} to ${formatNumber(ratio.max)}` : '',
      formatNumber(firstMs),
      difference === undefined ? '' : `${formatShare(difference)}${agrees ? '' : ': NOT the same'}`,
    ];
  });
  const last = entries.flatMap((entry) =>
    isFailed(entry) || !entry.losses ? [] : [`${entry.engine} ${entry.losses.at(-1)!.toFixed(5)}`],
  );
  const kernels = entries.flatMap((entry) =>
    isFailed(entry) || !entry.facts ? [] : [`${entry.engine} ${entry.facts.kernels}`],
  );
  const lines = [title, formatTable(columns, rows)];
  if (last.length > 0) lines.push(`last loss: ${last.join(', ')}`);
  const warm = entries.flatMap((entry) =>
    isFailed(entry) || entry.warmFirstMs === undefined
      ? []
      : [`${entry.engine} ${formatNumber(entry.warmFirstMs)}`],
  );
  if (kernels.length > 0) lines.push(`kernels: ${kernels.join(', ')}`);
  if (warm.length > 0) lines.push(`first run ms with kept shaders: ${warm.join(', ')}`);
  return lines.join('\n');
}
