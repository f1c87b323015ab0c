// What a model holds on the GPU, and how each tensor of it is made of those in a file.
import { isResNet, type ClipConfig } from './clip-config.ts';
import { clipParameterShapes, shapesAround, type Shape } from './clip-parameters.ts';
import {
  convolutions,
  foldedBias,
  foldedShapes,
  foldedWeight,
  runningStatistics,
} from './resnet-parameters.ts';

/** Reads one stored tensor, row-major. */
export type ReadStored = (name: string) => Promise<Float32Array>;

/** Name → shape of the tensors a model holds: its parameters, with the BatchNorms of a ResNet folded away. */
export const modelShapes = (config: ClipConfig): Map<string, Shape> =>
  isResNet(config.vision)
    ? shapesAround(foldedShapes(config.vision, config.embedDim), config)
    : clipParameterShapes(config);

/** Name → shape of the tensors a file must have. */
export const storedShapes = (config: ClipConfig): Map<string, Shape> =>
  isResNet(config.vision)
    ? new Map([...clipParameterShapes(config), ...runningStatistics(config.vision)])
    : clipParameterShapes(config);

/** Makes the values of one tensor of the model out of stored ones. */
export function makeModelTensor({
  vision,
}: ClipConfig): (name: string, read: ReadStored) => Promise<Float32Array> {
  if (!isResNet(vision)) return (name, read) => read(name);
  const byName = new Map(convolutions(vision).map((convolution) => [convolution.name, convolution]));
  return async (name, read) => {
    const [, path, kind] = /^visual\.(.+)\.(weight|bias)$/.exec(name) ?? [];
    const convolution = byName.get(path);
    if (!convolution) return await read(name);
    const norm = `visual.${convolution.norm}.`;
    const weight = await read(`${norm}weight`);
    const variance = await read(`${norm}running_var`);
    if (kind === 'weight') return foldedWeight(await read(name), { weight, variance }, convolution);
    const [bias, mean] = [await read(`${norm}bias`), await read(`${norm}running_mean`)];
    return foldedBias({ weight, variance, bias, mean });
  };
}
