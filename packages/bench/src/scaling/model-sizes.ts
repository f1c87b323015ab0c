// The published sizes of GPT-2 (Radford et al. 2019, table 2) as training steps, with ClipCap's prefix, batch and mapper.
import { clipcapStep, type StepSizes } from '../training-step/step-values.ts';

export const modelNames = ['124M', '355M', '774M', '1.5B'] as const;

export type ModelName = (typeof modelNames)[number];

/** Layers, width, heads. */
const published: Record<ModelName, Pick<StepSizes, 'L' | 'C' | 'H'>> = {
  '124M': { L: 12, C: 768, H: 12 },
  '355M': { L: 24, C: 1024, H: 16 },
  '774M': { L: 36, C: 1280, H: 20 },
  '1.5B': { L: 48, C: 1600, H: 25 },
};

/** GPT-2 of that size, frozen, in ClipCap's step; what is given differs from it. */
export const stepOf = (
  model: ModelName,
  given: Partial<Pick<StepSizes, 'P' | 'R' | 'B'>> = {},
): StepSizes => ({
  ...clipcapStep(),
  ...published[model],
  ...given,
});
