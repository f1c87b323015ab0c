// Sizes of the models of a study, read from their folders: what costs and memory are estimated from.
//
// Legend: L layers, d GPT-2's width, V vocabulary, D CLIP's feature, P prefix.
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { openSafetensorsPath } from '@foreword/tensor/node';
import { backbonesRoot } from '@foreword/trainer';
import { prefixOf, type Flags } from '../studies/index.ts';

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
  const folder = (given: unknown, name: string): string =>
    given === undefined ? resolve(root, name) : resolve(String(given as string));
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

/**
 * Parameters of a cell's mapper. Shapes as in ClipCap: MLP D → dP/2 → dP; one linear layer D → dP; a transformer of 4
 * layers, 8 d² each, behind a layer D → dP. The MLP of fixed width has as many as the MLP at P = 10.
 */
export function mapperParameters(
  flags: Flags,
  { gpt2: { width: d }, clip: { feature: D } }: ModelSizes,
): number {
  const P = prefixOf({ flags });
  const mlp = (rows: number): number => {
    const hidden = Math.floor((d * rows) / 2);
    return (D + 1) * hidden + (hidden + 1) * d * rows;
  };
  switch (flags.mapper) {
    case 'linear':
      return (D + 1) * d * P;
    case 'mlp-fixed':
      return mlp(10);
    case 'transformer':
      return (D + 1) * d * P + d * P + 4 * 8 * d * d;
    default:
      return mlp(P);
  }
}

/** Parameters that a cell trains. */
export const trainedParameters = (flags: Flags, sizes: ModelSizes): number =>
  mapperParameters(flags, sizes) + (flags['tune-gpt2'] === true ? sizes.gpt2.parameters : 0);
