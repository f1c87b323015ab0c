// Everything engines are compared by: what it is called, how much it is, how closely results must agree.
import { stepTitle } from '../training-step/step-values.ts';
import { appendedTokens, promptRows } from './model-values.ts';
import { headSize, opWorks, type OpWork } from './op-values.ts';

export type WorkGroup = 'matmul' | 'layer-norm' | 'softmax' | 'attention' | 'training-step' | 'clip' | 'gpt2';

export interface Work {
  id: string;
  group: WorkGroup;
  title: string;
  /** How much one run is, in `unit`. */
  amount: number;
  unit: 'GFLOP' | 'GB' | 'steps' | 'images' | 'tokens';
  /** Runs that each engine makes before the other's turn. */
  runsPerRound: number;
  warmUpRounds: number;
  /** Results must agree within this share of the largest value. */
  tolerance: number;
}

const one = { runsPerRound: 1, warmUpRounds: 1, tolerance: 1e-4 };

function opOf(id: string, work: OpWork): Work {
  switch (work.op) {
    case 'matmul': {
      const { size } = work;
      const runsPerRound = size > 1024 ? 1 : 3;
      const amount = (2 * size ** 3) / 1e9;
      return {
        ...one,
        id,
        group: 'matmul',
        title: `matmul ${size}³ f32`,
        amount,
        unit: 'GFLOP',
        runsPerRound,
      };
    }
    case 'layerNorm':
    case 'softmax': {
      const group = work.op === 'softmax' ? 'softmax' : 'layer-norm';
      const title = `${work.op} [${work.R}, ${work.C}] f32`;
      return { ...one, id, group, title, amount: (8 * work.R * work.C) / 1e9, unit: 'GB', runsPerRound: 3 };
    }
    case 'attention': {
      const { B, T, H } = work;
      const title = `causal attention B ${B}, T ${T}, ${H} heads of ${headSize}, f32`;
      // Two products; half of the scores are masked, and counted all the same.
      const amount = (4 * B * H * T * T * headSize) / 1e9;
      return { ...one, id, group: 'attention', title, amount, unit: 'GFLOP', runsPerRound: 3 };
    }
  }
}

export const trainingStep = 'training-step';

/** In the order they are measured: the training step first, whose first step is measured cold. */
export const works: readonly Work[] = [
  {
    ...one,
    id: trainingStep,
    group: 'training-step',
    title: `training step (${stepTitle})`,
    amount: 1,
    unit: 'steps',
    warmUpRounds: 2,
  },
  ...[...opWorks].map(([id, work]) => opOf(id, work)),
  ...[1, 8].map((batch): Work => ({
    ...one,
    id: `clip-${batch}`,
    group: 'clip',
    title: `CLIP ViT-B/32 f32, batch ${batch}`,
    amount: batch,
    unit: 'images',
    tolerance: 1e-3,
  })),
  {
    ...one,
    id: 'gpt2-prompt',
    group: 'gpt2',
    title: `GPT-2 124M f32, prompt of ${promptRows} tokens`,
    amount: promptRows,
    unit: 'tokens',
    tolerance: 1e-3,
  },
  {
    ...one,
    id: 'gpt2-token',
    group: 'gpt2',
    title: `GPT-2 124M f32, token by token after ${promptRows}`,
    amount: appendedTokens,
    unit: 'tokens',
    tolerance: 1e-3,
  },
];

export const workGroups: readonly WorkGroup[] = [...new Set(works.map(({ group }) => group))];
