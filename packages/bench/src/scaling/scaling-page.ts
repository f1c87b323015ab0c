// The page that `pnpm bench scaling` writes: tables in Markdown.
import type { StepSizes } from '../training-step/step-values.ts';
import { stepTitle } from '../training-step/step-values.ts';
import { formatNumber } from '../report/format-table.ts';
import { isBusy, type Machine } from '../report/machine.ts';
import type { MeasuredCell } from './measure-cells.ts';
import { modelNames, stepOf, type ModelName } from './model-sizes.ts';
import { stepKernels, totalOf } from './step-kernels.ts';
import { memoryTotal, stepMemory } from './step-memory.ts';
import { hoursOn, trainingHours } from './study-hours.ts';

export interface ScalingOptions {
  /** What wrote the page. */
  command: string;
  model: ModelName;
  batch: number;
  tokens: number;
  /** Prefix lengths of the study. */
  lengths: readonly number[];
  seeds: number;
  examples: number;
  epochs: number;
  /** In 1e12 operations per second. */
  teraflops: readonly number[];
  machines: readonly number[];
  /** Timed on this adapter; absent where nothing was. */
  measured?: {
    adapter: string;
    load: Pick<Machine, 'loadAverage' | 'cores'>;
    cells: readonly MeasuredCell[];
  };
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');
const giga = (bytes: number): string => formatNumber(bytes / 1e9);

/** Values that are tried besides the base. */
const varied = {
  P: [1, 5, 10, 20, 40, 80],
  B: [10, 20, 40, 80, 160],
  R: [11, 22, 44],
} as const;

export function scalingPage(options: ScalingOptions): string {
  return `${[
    '# How a training step grows',
    `Written by \`${options.command}\`. GPT-2 frozen, MLP mapper, f32, as in ClipCap; the formulas are in \`packages/bench/src/scaling\` and tested against the plan of a real step.`,
    growth(options),
    study(options),
    ...(options.measured ? [measuredCells(options.measured)] : []),
  ].join('\n\n')}\n`;
}

function growth({ model, batch: B, tokens: R }: ScalingOptions): string {
  const base = stepOf(model, { B, R });
  const cost = totalOf(stepKernels(base)).flops;
  const line = (what: string, sizes: StepSizes): string[] => {
    const { flops, bytes, dispatches } = totalOf(stepKernels(sizes));
    const memory = stepMemory(sizes);
    return [
      what,
      formatNumber(flops / 1e9),
      `${formatNumber(flops / cost)}×`,
      giga(bytes),
      String(dispatches),
      giga(memory.weights),
      giga(memory.trained),
      giga(memory.activations),
      giga(memoryTotal(memory)),
    ];
  };
  const rows = [
    ...varied.P.map((P) => line(`P ${P}`, { ...base, P })),
    ...varied.B.map((n) => line(`batch ${n}`, { ...base, B: n })),
    ...varied.R.map((n) => line(`${n} tokens`, { ...base, R: n })),
    ...modelNames.map((name) => line(name, stepOf(name, { B, R }))),
  ];
  const head = [
    'changed',
    'GFLOP',
    'of the base',
    'GB bound',
    'kernels',
    'GPT-2 GB',
    'mapper GB',
    'activations GB',
    'together GB',
  ];
  return `## One step

Base: ${stepTitle(base)} (GPT-2 ${model}); one size is changed at a time. *GB bound*: every binding of every kernel once. *Kernels*: where no tensor is over the adapter's binding limit; those are walked in windows. *Mapper*: with its gradient and AdamW's moments. Activations are an estimate (\`step-memory.ts\`), Node, Dawn and the driver come on top.

${table(head, rows)}`;
}

function study({
  model,
  batch: B,
  tokens: R,
  lengths,
  seeds,
  examples,
  epochs,
  teraflops,
  machines,
}: ScalingOptions): string {
  const hours = (name: ModelName, P: number, rate: number): number =>
    trainingHours(stepOf(name, { P, B, R }), { examples, epochs, teraflops: rate });
  const rates = teraflops.map((rate) => `${rate} TFLOP/s`);
  const trainings = modelNames.flatMap((name) =>
    lengths.map((P) => [
      `${name}, P ${P}`,
      String(Math.floor(examples / B) * epochs),
      ...teraflops.map((rate) => formatNumber(hours(name, P, rate))),
    ]),
  );
  const whole = teraflops.map((rate) => {
    const cells = lengths.flatMap((P) => Array.from({ length: seeds }, () => hours(model, P, rate)));
    return [`${rate} TFLOP/s`, ...machines.map((n) => formatNumber(hoursOn(n, cells)))];
  });
  return `## The study on COCO

Hours of one training: ${examples} examples × ${epochs} epochs, batch ${B}, ${R} tokens, at the rate that a step reaches. COCO's training split has 113,287 pictures (Karpathy & Fei-Fei 2015) and about 566,700 captions: where an epoch shows every caption rather than one per picture, as in ClipCap, all hours are five times these. Features, validation and captioning are not in it.

${table(['training', 'steps', ...rates], trainings)}

Hours until all of P ${lengths.join(', ')} × ${seeds} seeds are done with GPT-2 ${model}, machines taking whole trainings, the longest first:

${table(['at', ...machines.map((n) => `${n} machine${n === 1 ? '' : 's'}`)], whole)}`;
}

function measuredCells({ adapter, load, cells }: NonNullable<ScalingOptions['measured']>): string {
  const note = isBusy(load)
    ? `; the machine was busy with other work (load ${load.loadAverage.toFixed(1)} on ${load.cores} cores), so that only the ratios mean anything`
    : '';
  const [base] = cells;
  const rows = cells.map(({ sizes, time, growth, flops, dispatches }) => [
    stepTitle(sizes),
    formatNumber(flops / 1e9),
    formatNumber(time.medianMs),
    String(time.n),
    String(dispatches),
    formatNumber(flops / time.medianMs / 1e6),
    `${formatNumber(flops / base.flops)}×`,
    `${formatNumber(growth.median)}×`,
    `${formatNumber(growth.min)} to ${formatNumber(growth.max)}`,
  ]);
  const head = ['step', 'GFLOP', 'ms', 'n', 'kernels', 'GFLOP/s', 'operations', 'time', '(range)'];
  return `## Measured

Small steps on ${adapter}, in turns, medians of n${note}. *Operations* and *time* are those of the first line times so much, time within the same round.

${table(head, rows)}`;
}
