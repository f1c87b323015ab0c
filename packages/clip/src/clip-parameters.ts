// Every parameter of a CLIP model by OpenAI's name, with its shape; and the sizes that given shapes imply.
import { assertClipConfig, mlpRatio, type ClipConfig, type TowerConfig } from './clip-config.ts';
import { ClipError } from './clip-error.ts';

type Shape = readonly number[];

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

/** Name → shape of all parameters, in the order of OpenAI's state_dict. */
export function clipParameterShapes({ vision, text, embedDim: D }: ClipConfig): Map<string, Shape> {
  const V = vision.width;
  const W = text.width;
  const patches = (vision.imageSize / vision.patchSize) ** 2;
  return new Map<string, Shape>([
    ['positional_embedding', [text.contextLength, W]],
    ['text_projection', [W, D]],
    ['logit_scale', []],
    ['visual.class_embedding', [V]],
    ['visual.positional_embedding', [patches + 1, V]],
    ['visual.proj', [V, D]],
    ['visual.conv1.weight', [V, 3, vision.patchSize, vision.patchSize]],
    ['visual.ln_pre.weight', [V]],
    ['visual.ln_pre.bias', [V]],
    ...blockShapes('visual.', vision),
    ['visual.ln_post.weight', [V]],
    ['visual.ln_post.bias', [V]],
    ...blockShapes('', text),
    ['token_embedding.weight', [text.vocabSize, W]],
    ['ln_final.weight', [W]],
    ['ln_final.bias', [W]],
  ]);
}

/**
 * The sizes that tensors with OpenAI's names imply; heads are 64 channels each, as in all of OpenAI's models.
 * @throws ClipError when a tensor that decides a size is missing or of no such shape, or the image tower is no vision
 *   transformer
 */
export function inferClipConfig(shapes: ReadonlyMap<string, Shape>): ClipConfig {
  const shapeOf = (name: string, axes: number): Shape => {
    const shape = shapes.get(name);
    if (shape?.length === axes && shape.every((size) => size > 0)) return shape;
    if (shape) {
      throw new ClipError(
        `the sizes cannot be inferred: tensor "${name}" is [${shape.join(', ')}], and ${axes} sizes above 0 are needed`,
      );
    }
    const cure = shapes.has('visual.layer1.0.conv1.weight')
      ? 'its image tower is a ResNet, and only vision transformers are supported'
      : 'pass the configuration (config.json) of a model with other names';
    throw new ClipError(`the sizes cannot be inferred: there is no tensor "${name}"; ${cure}`);
  };
  const layersBelow = (prefix: string): number =>
    [...shapes.keys()].filter((name) => name.startsWith(prefix) && name.endsWith('.attn.in_proj_weight'))
      .length;
  const [visionWidth, , , patchSize] = shapeOf('visual.conv1.weight', 4);
  const grid = Math.round(Math.sqrt(shapeOf('visual.positional_embedding', 2)[0] - 1));
  if (grid < 1)
    throw new ClipError('the sizes cannot be inferred: visual.positional_embedding has no patches');
  const headsOf = (width: number): number => {
    if (width % 64 === 0) return width / 64;
    throw new ClipError(
      `the sizes cannot be inferred: the width ${width} is no multiple of 64, the size of the heads of all of OpenAI's models`,
    );
  };
  const [vocabSize, textWidth] = shapeOf('token_embedding.weight', 2);
  const config: ClipConfig = {
    vision: {
      imageSize: grid * patchSize,
      patchSize,
      width: visionWidth,
      layers: layersBelow('visual.transformer.resblocks.'),
      heads: headsOf(visionWidth),
    },
    text: {
      contextLength: shapeOf('positional_embedding', 2)[0],
      vocabSize,
      width: textWidth,
      layers: layersBelow('transformer.resblocks.'),
      heads: headsOf(textWidth),
    },
    embedDim: shapeOf('text_projection', 2)[1],
  };
  assertClipConfig(config);
  return config;
}
