// Makes mappers: new ones from a seed, others from host tensors or a checkpoint.
import type { HostTensor } from '@foreword/gpt2';
import { loadTensor, tensor, type Device, type Tensor, type TensorFile } from '@foreword/tensor';
import { initialValues } from './initial-values.ts';
import { LinearMapper } from './linear-mapper.ts';
import {
  inferMapperConfig,
  resolveMapperConfig,
  type MapperConfig,
  type ResolvedMapperConfig,
} from './mapper-config.ts';
import { MapperError } from './mapper-error.ts';
import { mapperShapes } from './mapper-shapes.ts';
import { MlpMapper } from './mlp-mapper.ts';
import { parameterName } from './parameter-name.ts';
import type { PrefixMapper } from './prefix-mapper.ts';
import { TransformerMapper } from './transformer-mapper.ts';

const classes = { mlp: MlpMapper, transformer: TransformerMapper, linear: LinearMapper } as const;

/**
 * A trainable mapper with torch's initial weights; one seed gives the same weights on every machine.
 * @throws MapperError for sizes that make no sense.
 * @example
 * const mapper = createMapper(device, { type: 'mlp', prefixLength: 10, featureSize: 512, embeddingSize: 768 }, { seed: 1 });
 */
export function createMapper(device: Device, config: MapperConfig, { seed }: { seed: number }): PrefixMapper {
  const resolved = resolveMapperConfig(config);
  const shapes = mapperShapes(resolved);
  const parameters: Record<string, Tensor> = {};
  for (const [name, shape] of shapes)
    parameters[name] = upload(device, initialValues(name, shapes, { seed }), shape);
  return new classes[resolved.type](device, resolved, parameters).trainable();
}

/**
 * A frozen mapper from host tensors under ClipCap's names, with or without `clip_project.` (and `module.`); names of
 * other models are ignored.
 * @throws MapperError when a parameter is missing, occurs twice or has another shape.
 */
export function mapperFromTensors(
  device: Device,
  config: MapperConfig,
  tensors: ReadonlyMap<string, HostTensor>,
): PrefixMapper {
  const resolved = resolveMapperConfig(config);
  const places = locate(resolved, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
  const parameters: Record<string, Tensor> = {};
  for (const [name, { place, shape }] of places)
    parameters[name] = upload(device, tensors.get(place)!.data, shape);
  return new classes[resolved.type](device, resolved, parameters);
}

/**
 * A frozen mapper from a checkpoint, tensor by tensor.
 * @param options.config sizes; without them they are read off the shapes, which needs `embeddingSize`
 * @throws MapperError when the checkpoint holds no mapper, or not that of the configuration.
 */
export async function loadMapper(
  device: Device,
  weights: TensorFile,
  { config, embeddingSize = 0 }: { config?: MapperConfig; embeddingSize?: number },
): Promise<PrefixMapper> {
  const shapes = new Map(weights.names().map((name) => [name, weights.info(name).shape]));
  const resolved = config ? resolveMapperConfig(config) : inferMapperConfig(shapes, { embeddingSize });
  const places = locate(resolved, shapes, weights.name);
  const parameters: Record<string, Tensor> = {};
  try {
    for (const [name, { place, shape }] of places) {
      parameters[name] = await loadTensor(device, weights, place, { shape });
    }
  } catch (error) {
    for (const parameter of Object.values(parameters)) parameter.dispose();
    throw error;
  }
  return new classes[resolved.type](device, resolved, parameters);
}

const upload = (device: Device, values: ArrayLike<number>, shape: readonly number[]): Tensor =>
  tensor(device, values, shape, { persistent: true });

interface Place {
  /** The name in the checkpoint. */
  place: string;
  shape: readonly number[];
}

/** Where each parameter of `config` stands among the names of a checkpoint. */
function locate(
  config: ResolvedMapperConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  file = 'checkpoint',
): Map<string, Place> {
  const found = new Map<string, string>();
  for (const name of shapes.keys()) {
    const inner = parameterName(name);
    if (inner === undefined) continue;
    const earlier = found.get(inner);
    if (earlier !== undefined)
      throw new MapperError(`${file}: "${earlier}" and "${name}" are both the parameter ${inner}`);
    found.set(inner, name);
  }
  const sizes = `a ${config.type} mapper of prefix length ${config.prefixLength} from ${config.featureSize} to ${config.embeddingSize}`;
  const places = new Map<string, Place>();
  for (const [name, shape] of mapperShapes(config)) {
    const place = found.get(name);
    if (place === undefined) throw new MapperError(`${file}: the parameter "${name}" of ${sizes} is missing`);
    const got = shapes.get(place)!;
    if (got.join() !== shape.join()) {
      throw new MapperError(
        `${file}: "${place}" is [${got.join(', ')}], but ${sizes} has [${shape.join(', ')}]`,
      );
    }
    places.set(name, { place, shape });
    found.delete(name);
  }
  const [extra] = found.values();
  if (extra !== undefined) throw new MapperError(`${file}: "${extra}" has no place in ${sizes}`);
  return places;
}
