// The mapper that a run's settings ask for, beside the backbones it has to fit.
import { CommandError } from '@foreword/cli-kit';
import { fixedHiddenSize, MapperError, type MapperConfig } from '@foreword/prefix-mapper';
import type { Settings } from './settings.ts';

/** Layers and heads of ClipCap's transformer are 8 and 8 at width 768; beside a tiny GPT-2 fewer layers do. */
const transformer = { layers: 4, heads: 8 } as const;

/** @throws CommandError when --mapper mlp-fixed has no room for its prefix */
export function mapperConfigOf(
  { mapper, prefix, clipLength = prefix }: Settings,
  sizes: Pick<MapperConfig, 'featureSize' | 'featureRows' | 'embeddingSize' | 'placement'>,
): MapperConfig {
  const common = { prefixLength: prefix, ...sizes };
  if (mapper === 'transformer') return { type: mapper, ...common, clipLength, ...transformer };
  if (mapper === 'mlp-fixed') return { type: 'mlp', ...common, hiddenSize: hiddenSizeOf(common) };
  return { type: mapper, ...common };
}

function hiddenSizeOf(sizes: Omit<MapperConfig, 'type'>): number {
  try {
    return fixedHiddenSize(sizes);
  } catch (error) {
    if (!(error instanceof MapperError)) throw error;
    throw new CommandError(error.message, { cure: 'give a smaller --prefix, or another --mapper' });
  }
}
