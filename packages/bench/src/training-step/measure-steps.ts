// The rows of training steps in `pnpm bench`, each measured in a process of its own, so that its first step is a first one.
import type { AdapterSummary } from '@foreword/tensor/node';
import { isFailed } from '../engines/compare-engines.ts';
import { runEngines } from '../engines/run-engines.ts';
import type { Row } from '../report/bench-row.ts';
import { worksWith } from '../works/index.ts';
import { stepRow } from './step-row.ts';
import { clipcapStep, stepTitle } from './step-values.ts';
import { clipcapF16, clipcapF32, clipcapId, trainingStep } from './step-works.ts';

export interface MeasureStepsOptions {
  adapter: Pick<AdapterSummary, 'kind' | 'f16'>;
  repeats: number;
  clipcapBatch: number;
  /** Whether the groups were chosen by name rather than all. */
  isNamed: boolean;
}

/** Rows of the chosen groups `training-step` and `clipcap-step`. */
export async function* measureSteps(
  groups: readonly string[],
  { adapter, repeats, clipcapBatch, isNamed }: MeasureStepsOptions,
): AsyncGenerator<Row, void> {
  const ids: string[] = groups.includes(trainingStep) ? [trainingStep] : [];
  if (groups.includes(clipcapF32)) {
    if (adapter.kind === 'software' && !isNamed) {
      const shape = stepTitle(clipcapStep({ B: clipcapBatch }));
      const skipped = 'tens of seconds each on a software adapter: --only clipcap-step';
      yield { op: 'training step', shape, dtype: 'f32', skipped };
    } else {
      ids.push(clipcapId(clipcapF32, clipcapBatch));
      if (adapter.f16) ids.push(clipcapId(clipcapF16, clipcapBatch));
    }
  }
  for (const id of ids) {
    const works = worksWith({ clipcapBatch }).filter((work) => work.id === id);
    const {
      works: [compared],
    } = await runEngines({ peers: [], works, rounds: repeats });
    const [ours] = compared.entries;
    if (isFailed(ours)) throw new Error(ours.problem);
    yield stepRow(id, ours);
  }
}
