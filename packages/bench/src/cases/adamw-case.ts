// One AdamW update of a million parameters, with clipping by the global norm.
import { AdamW, compile, parameter } from '@foreword/tensor/node';
import { measurePlan } from '../measure-plan.ts';
import { benchRow } from '../report/bench-row.ts';
import { uniformValues } from '../uniform-values.ts';
import type { BenchCase } from './bench-case.ts';

const side = 1024;

export const adamwCase: BenchCase = async function* ({ device, repeats }) {
  const w = parameter(device, uniformValues(1)(side * side, 0.04), [side, side]);
  const optimizer = new AdamW({ w }, { weightDecay: 0.01, clipNorm: 1 });
  optimizer.schedule(1, 1e-4);
  // The gradient of a sum costs one pass that writes ones, and nothing else.
  const plan = await compile(device, {}, () => ({ norm: optimizer.step(w.sum()) }));
  try {
    const measured = await measurePlan(plan, { repeats });
    const title = { op: 'AdamW', shape: `${side * side} parameters`, dtype: 'f32' };
    yield benchRow({ ...title, note: 'with norm and clipping, and the ones of its gradient' }, measured);
  } finally {
    plan.dispose();
    optimizer.dispose();
  }
};
