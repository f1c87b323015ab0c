// The comparison with a peer as text: times, ratios, and whether both computed the same.
import type { MatmulComparison, SideBySide, StepComparison } from '../engines/compare-engines.ts';
import { formatNumber, formatTable, type Column } from './format-table.ts';
import type { Ratio } from './statistics.ts';

const range = ({ median, min, max, n }: Ratio): string =>
  `${formatNumber(median)}× (median of ${n} pairs, ${formatNumber(min)} to ${formatNumber(max)})`;

/** What to say of results that differ or adapters that do. */
export function sideBySideProblems({ engines, sameAdapter, step, matmul }: SideBySide): string[] {
  const problems: string[] = [];
  if (!sameAdapter)
    problems.push(
      `the engines ran on different adapters: ${engines.map((e) => `${e.name} on ${e.adapter}`).join('; ')}`,
    );
  if (step && !step.agrees)
    problems.push(`the losses of the training step differ by ${formatNumber(step.largestDifference)}`);
  if (matmul && !matmul.agrees)
    problems.push(`a matrix product is off by ${formatNumber(matmul.largestDifference)}`);
  return problems;
}

/** Tables and ratios. */
export function formatSideBySide(compared: SideBySide): string {
  const { matmul, step } = compared;
  const names = compared.engines.map(({ name, version }) => `${name} ${version}`.trim()).join(' and ');
  return [
    `${names}, in alternation, each in a process of its own, results read back to the host:`,
    ...(step ? [formatStep(step)] : []),
    ...(matmul ? [formatMatmul(matmul)] : []),
  ].join('\n\n');
}

function formatStep(step: StepComparison): string {
  const columns: Column[] = [
    { title: 'training step' },
    { title: 'ms', align: 'right' },
    { title: 'n', align: 'right' },
    { title: 'first step s', align: 'right' },
    { title: 'kernels', align: 'right' },
    { title: `loss after ${step.steps - 1} steps`, align: 'right' },
  ];
  const rows = step.engines.map(({ name, time, firstStepMs, kernels, losses }) => [
    name,
    formatNumber(time.medianMs),
    String(time.n),
    formatNumber(firstStepMs / 1000),
    String(kernels),
    losses.at(-1)!.toFixed(5),
  ]);
  const lines = [formatTable(columns, rows)];
  if (step.ratio) {
    lines.push(`ratio ${range(step.ratio)}; first step ${formatNumber(step.firstStepRatio)}× (one each)`);
    lines.push(`losses differ by at most ${step.largestDifference.toExponential(1)}`);
  }
  return lines.join('\n');
}

function formatMatmul({ size, engines, ratio, largestDifference }: MatmulComparison): string {
  const columns: Column[] = [
    { title: `matmul ${size}³ f32` },
    { title: 'ms', align: 'right' },
    { title: 'n', align: 'right' },
    { title: 'GFLOP/s', align: 'right' },
  ];
  const rows = engines.map(({ name, time, gflops }) => [
    name,
    formatNumber(time.medianMs),
    String(time.n),
    formatNumber(gflops),
  ]);
  const lines = [formatTable(columns, rows)];
  if (ratio)
    lines.push(`ratio ${range(ratio)}; products are off by at most ${largestDifference.toExponential(1)}`);
  return lines.join('\n');
}
