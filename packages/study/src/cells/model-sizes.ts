// Sizes of the models of a study, read from their folders: what costs and memory are estimated from.
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { mapperShapes, resolveMapperConfig } from '@foreword/prefix-mapper';
import { openSafetensorsPath } from '@foreword/tensor/node';
import { backbonesRoot } from '@foreword/trainer';
import { prefixOf, type Flags, type FlagValue } from '../studies/index.ts';

export interface ModelSizes {
  gpt2: { layers: number; width: number; vocabulary: number; parameters: number };
  clip: { feature: number; parameters: number };
}

/** Parameters in a safetensors file, from its header. */
export async function countParameters(path: string): Promise<number> {
  const file = await openSafetensorsPath(path);
  try {
    return file
      .names()
      .map((name) => file.info(name).shape.reduce((product, n) => product * n, 1))
      .reduce((sum, n) => sum + n, 0);
  } finally {
    await file.close();
  }
}

/** Sizes of the models that the flags name; undefined where they are not on this machine as folders. */
export async function modelSizes({ backbones, clip, gpt2 }: Flags): Promise<ModelSizes | undefined> {
  const root = backbones === undefined ? backbonesRoot : String(backbones);
  // A bare name is one of the hub, whose files may not be here yet.
  if (
    [clip, gpt2].some(
      (name) => name !== undefined && !/^[./~]/.test(String(name)) && !isAbsolute(String(name)),
    )
  )
    return undefined;
  const folder = (given: FlagValue | undefined, name: string): string =>
    given === undefined ? resolve(root, name) : resolve(String(given));
  try {
    const [clipFolder, gpt2Folder] = [folder(clip, 'clip'), folder(gpt2, 'gpt2')];
    const json = async (path: string): Promise<Record<string, number>> =>
      JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as Record<string, number>;
    const language = await json(gpt2Folder);
    const { n_layer: layers, n_embd: width, vocab_size: vocabulary } = language;
    const sizes = {
      gpt2: {
        layers,
        width,
        vocabulary,
        parameters: await countParameters(join(gpt2Folder, 'model.safetensors')),
      },
      clip: {
        feature: (await json(clipFolder)).projection_dim,
        parameters: await countParameters(join(clipFolder, 'model.safetensors')),
      },
    };
    const known = [layers, width, vocabulary, sizes.clip.feature].every(Number.isFinite);
    return known ? sizes : undefined;
  } catch {
    return undefined;
  }
}

/** Parameters of a cell's mapper; the MLP of fixed width has as many as the MLP at P = 10. */
export function mapperParameters(flags: Flags, { gpt2, clip }: ModelSizes): number {
  const isFixed = flags.mapper === 'mlp-fixed';
  const prefixLength = isFixed ? 10 : prefixOf({ flags });
  const config = resolveMapperConfig({
    type: flags.mapper === 'linear' || flags.mapper === 'transformer' ? flags.mapper : 'mlp',
    prefixLength,
    featureSize: clip.feature,
    embeddingSize: gpt2.width,
    // As `pnpm train` makes transformers.
    clipLength: prefixLength,
    layers: 4,
  });
  return [...mapperShapes(config).values()]
    .map((shape) => shape.reduce((product, n) => product * n, 1))
    .reduce((sum, n) => sum + n, 0);
}

/** Parameters that a cell trains. */
export const trainedParameters = (flags: Flags, sizes: ModelSizes): number =>
  mapperParameters(flags, sizes) + (flags['tune-gpt2'] === true ? sizes.gpt2.parameters : 0);
