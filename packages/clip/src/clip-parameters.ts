// Every parameter of a CLIP model by OpenAI's name, with its shape, as its file has them.
import {
  isResNet,
  mlpRatio,
  type ClipConfig,
  type TowerConfig,
  type VisionTransformerConfig,
} from './clip-config.ts';
import { resNetShapes } from './resnet-parameters.ts';

export type Shape = readonly number[];

function blockShapes(prefix: string, { width: W, layers }: TowerConfig): [string, Shape][] {
  const shapes: [string, Shape][] = [];
  for (let i = 0; i < layers; i++) {
    const at = `${prefix}transformer.resblocks.${i}.`;
    shapes.push(
      [`${at}attn.in_proj_weight`, [3 * W, W]],
      [`${at}attn.in_proj_bias`, [3 * W]],
      [`${at}attn.out_proj.weight`, [W, W]],
      [`${at}attn.out_proj.bias`, [W]],
      [`${at}ln_1.weight`, [W]],
      [`${at}ln_1.bias`, [W]],
      [`${at}mlp.c_fc.weight`, [mlpRatio * W, W]],
      [`${at}mlp.c_fc.bias`, [mlpRatio * W]],
      [`${at}mlp.c_proj.weight`, [W, mlpRatio * W]],
      [`${at}mlp.c_proj.bias`, [W]],
      [`${at}ln_2.weight`, [W]],
      [`${at}ln_2.bias`, [W]],
    );
  }
  return shapes;
}

function visionTransformerShapes(vision: VisionTransformerConfig, D: number): [string, Shape][] {
  const V = vision.width;
  const patches = (vision.imageSize / vision.patchSize) ** 2;
  return [
    ['visual.class_embedding', [V]],
    ['visual.positional_embedding', [patches + 1, V]],
    ['visual.proj', [V, D]],
    ['visual.conv1.weight', [V, 3, vision.patchSize, vision.patchSize]],
    ['visual.ln_pre.weight', [V]],
    ['visual.ln_pre.bias', [V]],
    ...blockShapes('visual.', vision),
    ['visual.ln_post.weight', [V]],
    ['visual.ln_post.bias', [V]],
  ];
}

/** Shapes with the image tower's between the text tower's, in the order of OpenAI's state_dict. */
export function shapesAround(
  visual: Iterable<[string, Shape]>,
  { text, embedDim: D }: ClipConfig,
): Map<string, Shape> {
  const W = text.width;
  return new Map<string, Shape>([
    ['positional_embedding', [text.contextLength, W]],
    ['text_projection', [W, D]],
    ['logit_scale', []],
    ...visual,
    ...blockShapes('', text),
    ['token_embedding.weight', [text.vocabSize, W]],
    ['ln_final.weight', [W]],
    ['ln_final.bias', [W]],
  ]);
}

/** Name → shape of all parameters, in the order of OpenAI's state_dict. */
export function clipParameterShapes(config: ClipConfig): Map<string, Shape> {
  const { vision, embedDim } = config;
  return shapesAround(
    isResNet(vision) ? resNetShapes(vision, embedDim) : visionTransformerShapes(vision, embedDim),
    config,
  );
}
