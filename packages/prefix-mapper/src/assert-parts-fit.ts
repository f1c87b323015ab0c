// Whether CLIP, mapper and GPT-2 belong together.
import { imageTokenCount, type Clip } from '@foreword/clip';
import type { Gpt2 } from '@foreword/gpt2';
import { positionsBefore } from './mapper-config.ts';
import { MapperError } from './mapper-error.ts';
import type { PrefixMapper } from './prefix-mapper.ts';

/** @throws MapperError naming the sizes that do not fit each other. */
export function assertPartsFit({
  clip,
  gpt2,
  mapper,
}: {
  clip?: Clip;
  gpt2: Gpt2;
  mapper: PrefixMapper;
}): void {
  const { featureSize, featureRows, embeddingSize, placement } = mapper.config;
  if (clip) {
    const made = clip.config.embedDim * (featureRows === 1 ? 1 : imageTokenCount(clip.config));
    if (made !== featureSize) {
      throw new MapperError(
        `captioner: CLIP's features have ${made} numbers, the mapper takes ${featureSize}`,
      );
    }
  }
  if (gpt2.config.n_embd !== embeddingSize) {
    throw new MapperError(
      `captioner: GPT-2's width is ${gpt2.config.n_embd}, the mapper makes rows of ${embeddingSize}`,
    );
  }
  if (placement.layers !== undefined && placement.layers !== gpt2.config.n_layer) {
    throw new MapperError(
      `captioner: GPT-2 has ${gpt2.config.n_layer} layers, the deep prefix is for ${placement.layers}`,
    );
  }
  const before = positionsBefore(mapper.config);
  if (before >= gpt2.config.n_positions) {
    throw new MapperError(
      `captioner: a prefix of ${before} leaves none of GPT-2's ${gpt2.config.n_positions} positions`,
    );
  }
}
