// Makes mappers: new ones from a seed, others from a checkpoint.
import { loadModule, seeded, shapesOf, type Parameters, type TensorSource } from '@foreword/nn';
import type { Device, Shape } from '@foreword/tensor';
import { LinearMapper } from './linear-mapper.ts';
import { inferMapperConfig, type MapperConfig } from './mapper-config.ts';
import { MlpMapper } from './mlp-mapper.ts';
import { parameterName } from './parameter-name.ts';
import type { PrefixMapper } from './prefix-mapper.ts';
import { TransformerMapper } from './transformer-mapper.ts';

function construct(p: Parameters, config: MapperConfig): PrefixMapper {
  if (config.type === 'transformer') return new TransformerMapper(p, config);
  return config.type === 'linear' ? new LinearMapper(p, config) : new MlpMapper(p, config);
}

/** Names and shapes of a mapper's parameters. Linear maps are PyTorch's: [outputs, inputs]. */
export const mapperShapes = (config: MapperConfig): Map<string, Shape> =>
  shapesOf((p) => construct(p, config));

/**
 * A trainable mapper with torch's initial weights; one seed gives the same weights on every machine.
 * @throws MapperError for sizes that make no sense.
 * @example
 * const mapper = createMapper(device, { type: 'mlp', prefixLength: 10, featureSize: 512, embeddingSize: 768 }, { seed: 1 });
 */
export const createMapper = (
  device: Device,
  config: MapperConfig,
  { seed }: { seed: number },
): PrefixMapper => construct(seeded(device, { seed }), config);

/**
 * A frozen mapper from a checkpoint, tensor by tensor, or from tensors in memory. Names are ClipCap's with or without
 * `clip_project.` (and `module.`); those of other models are ignored.
 * @param options.config sizes; without them they are read off the shapes, which needs `embeddingSize`
 * @throws MapperError when the checkpoint holds no mapper; CheckpointError when not that of the configuration.
 */
export async function loadMapper(
  device: Device,
  weights: TensorSource,
  { config, embeddingSize = 0 }: { config?: MapperConfig; embeddingSize?: number },
): Promise<PrefixMapper> {
  const sizes = config ?? inferMapperConfig(new Map(shapesIn(weights)), { embeddingSize });
  return await loadModule(weights, (p) => construct(p, sizes), { device, rename: parameterName });
}

const shapesIn = (weights: TensorSource): [string, Shape][] =>
  [...weights.names()].map((name) => [name, weights.info(name).shape]);
