// The first bars this project set itself, judged by what was measured side by side.
import type { SideBySide } from '../engines/compare-engines.ts';
import { formatNumber, formatTable } from './format-table.ts';

/** One bar; `measured` and `holds` are null where this run did not measure it. */
export interface BarResult {
  name: string;
  bar: string;
  measured: number | null;
  unit: '×' | 's';
  holds: boolean | null;
}

const matmulTimes = 2;
const stepTimes = 2.5;
const firstStepSeconds = 15;

/** Judges the three bars. A ratio counts only when both engines computed the same values. */
export function judgeBars(compared: SideBySide | undefined): BarResult[] {
  const matmul = compared?.matmul?.agrees ? (compared.matmul.ratio?.median ?? null) : null;
  const step = compared?.step?.agrees ? (compared.step.ratio?.median ?? null) : null;
  const firstMs = compared?.step?.engines.find(({ name }) => name === 'foreword')?.firstStepMs;
  const firstSeconds = firstMs === undefined ? null : firstMs / 1000;
  const orNull = (measured: number | null, judge: (value: number) => boolean): boolean | null =>
    measured === null ? null : judge(measured);
  return [
    {
      name: '512³ f32 matmul against TensorFlow.js',
      bar: `at least ${matmulTimes}×`,
      measured: matmul,
      unit: '×',
      holds: orNull(matmul, (times) => times >= matmulTimes),
    },
    {
      name: 'training step against TensorFlow.js',
      bar: `at least ${stepTimes}×`,
      measured: step,
      unit: '×',
      holds: orNull(step, (times) => times >= stepTimes),
    },
    {
      name: 'first step, compilation included',
      bar: `at most ${firstStepSeconds} s`,
      measured: firstSeconds,
      unit: 's',
      holds: orNull(firstSeconds, (seconds) => seconds <= firstStepSeconds),
    },
  ];
}

/** The bars as a table: holds, does not hold, or not measured. */
export function formatBars(bars: readonly BarResult[]): string {
  const rows = bars.map(({ name, bar, measured, unit, holds }) => [
    name,
    bar,
    measured === null ? '–' : `${formatNumber(measured)} ${unit}`,
    holds === null ? 'not measured' : holds ? 'holds' : 'does not hold',
  ]);
  return formatTable(
    [{ title: 'bar' }, { title: 'wanted' }, { title: 'measured', align: 'right' }, { title: 'result' }],
    rows,
  );
}
