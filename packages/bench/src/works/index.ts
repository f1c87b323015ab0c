// Everything engines are compared by: what it is called, how much it is, how closely results must agree.
import { stepTitle } from '../training-step/step-values.ts';
import { clipcapF16, clipcapF32, clipcapId, stepWork, trainingStep } from '../training-step/step-works.ts';
import { appendedTokens, promptRows } from './model-values.ts';
import { headSize, largeProducts, opWorks, type OpWork } from './op-values.ts';

export type WorkGroup =
  | 'training-step'
  | 'clipcap-step'
  | 'clipcap-step-f16'
  | 'matmul'
  | 'matmul-large'
  | 'layer-norm'
  | 'softmax'
  | 'attention'
  | 'clip'
  | 'gpt2';

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
  /** Too much for a software adapter unless asked for by name. */
  heavy?: boolean;
  /** Needs an adapter with f16. */
  f16?: boolean;
}

const one = { runsPerRound: 1, warmUpRounds: 1, tolerance: 1e-4 };

function opOf(id: string, work: OpWork): Work {
  switch (work.op) {
    case 'matmul': {
      const { size, dtype = 'f32' } = work;
      const isLarge = largeProducts.has(id);
      return {
        ...one,
        id,
        group: isLarge ? 'matmul-large' : 'matmul',
        title: `matmul ${size}³ ${dtype}`,
        amount: (2 * size ** 3) / 1e9,
        unit: 'GFLOP',
        runsPerRound: size > 1024 ? 1 : 3,
        // Of the result's own rounding to f16.
        ...(dtype === 'f16' && { f16: true, tolerance: 2e-3 }),
        ...(isLarge && { heavy: true }),
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

function stepOf(id: string): Work {
  const { sizes, weights } = stepWork(id)!;
  const isSmall = id === trainingStep;
  const title = `${isSmall ? 'training step' : 'ClipCap-sized training step'} (${stepTitle(sizes)})`;
  const step = { ...one, id, amount: 1, unit: 'steps', warmUpRounds: 2 } as const;
  if (isSmall) return { ...step, group: 'training-step', title };
  const f32: Work = { ...step, group: 'clipcap-step', title, heavy: true };
  return weights === 'f32'
    ? f32
    : { ...f32, group: 'clipcap-step-f16', title: `${title}, weights in f16`, f16: true, tolerance: 1e-3 };
}

const picturesOf = (batch: number): Work => ({
  ...one,
  id: `clip-${batch}`,
  group: 'clip',
  title: `CLIP ViT-B/32 f32, batch ${batch}`,
  amount: batch,
  unit: 'images',
  tolerance: 1e-3,
  ...(batch > 8 && { heavy: true }),
});

const textOf = (id: string, what: string, amount: number): Work => ({
  ...one,
  id,
  group: 'gpt2',
  title: `GPT-2 124M f32, ${what}`,
  amount,
  unit: 'tokens',
  tolerance: 1e-3,
});

/** In the order they are measured: the training step first, whose first step is measured cold. */
export const worksWith = ({ clipcapBatch }: { clipcapBatch?: number } = {}): Work[] => [
  stepOf(trainingStep),
  stepOf(clipcapId(clipcapF32, clipcapBatch)),
  stepOf(clipcapId(clipcapF16, clipcapBatch)),
  ...[...opWorks].map(([id, work]) => opOf(id, work)),
  ...[1, 8, 64].map(picturesOf),
  textOf('gpt2-prompt', `prompt of ${promptRows} tokens`, promptRows),
  textOf('gpt2-token', `token by token after ${promptRows}`, appendedTokens),
];

export const works: readonly Work[] = worksWith();

export const workGroups: readonly WorkGroup[] = [...new Set(works.map(({ group }) => group))];
