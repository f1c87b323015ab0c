// The bars this project set itself on a 2-core machine's software adapter, judged by what was measured side by side.
import { isFailed, type SideBySide, type WorkEntry } from '../engines/compare-engines.ts';
import { trainingStep } from '../works/index.ts';
import { formatNumber, formatTable } from './format-table.ts';

/** One bar; `measured` and `holds` are null where this run did not measure it. */
export interface BarResult {
  name: string;
  bar: string;
  measured: number | null;
  unit: '×' | 's';
  holds: boolean | null;
}

interface PeerBar {
  name: string;
  work: string;
  peer: string;
  /** The peer's time over ours. */
  times: number;
}

const peerBars: readonly PeerBar[] = [
  { name: '512³ f32 matmul, TensorFlow.js webgpu', work: 'matmul-512', peer: 'tfjs-webgpu', times: 4 },
  { name: '1024³ f32 matmul, TensorFlow.js webgpu', work: 'matmul-1024', peer: 'tfjs-webgpu', times: 4 },
  { name: 'training step, TensorFlow.js webgpu', work: trainingStep, peer: 'tfjs-webgpu', times: 4 },
  { name: 'training step, TensorFlow.js wasm', work: trainingStep, peer: 'tfjs-wasm', times: 1 },
  { name: 'ViT-B/32 batch 1, ONNX Runtime webgpu', work: 'clip-1', peer: 'onnx-webgpu', times: 3 },
  { name: 'ViT-B/32 batch 8, ONNX Runtime webgpu', work: 'clip-8', peer: 'onnx-webgpu', times: 3 },
  { name: 'GPT-2 prompt, ONNX Runtime webgpu', work: 'gpt2-prompt', peer: 'onnx-webgpu', times: 3 },
  { name: 'GPT-2 token by token, ONNX Runtime webgpu', work: 'gpt2-token', peer: 'onnx-webgpu', times: 8 },
];
const firstStepSeconds = 5;

/** Judges the bars. A ratio counts only when both engines computed the same values. */
export function judgeBars({ works }: Pick<SideBySide, 'works'>): BarResult[] {
  const measured = (work: string, engine: string): WorkEntry | undefined =>
    works
      .find(({ id }) => id === work)
      ?.entries.find((entry): entry is WorkEntry => entry.engine === engine && !isFailed(entry));
  const orNull = (value: number | null, judge: (value: number) => boolean): boolean | null =>
    value === null ? null : judge(value);
  const firstMs = measured(trainingStep, 'foreword')?.firstMs;
  const firstSeconds = firstMs === undefined ? null : firstMs / 1000;
  return [
    ...peerBars.map(({ name, work, peer, times }): BarResult => {
      const entry = measured(work, peer);
      const ratio = entry?.agrees ? (entry.ratio?.median ?? null) : null;
      const holds = orNull(ratio, (value) => value >= times);
      return { name, bar: `at least ${times}×`, measured: ratio, unit: '×', holds };
    }),
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
