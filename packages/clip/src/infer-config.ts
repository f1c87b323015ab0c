// The sizes that the shapes of a file with OpenAI's names imply.
import type { Shape } from '@foreword/tensor';
import {
  assertClipConfig,
  resNetStride,
  type ClipConfig,
  type ResNetConfig,
  type VisionConfig,
} from './clip-config.ts';
import { ClipError } from './clip-error.ts';

/** Channels of a head, in all of OpenAI's models. */
const headSize = 64;

/**
 * The sizes that tensors with OpenAI's names imply, perhaps all behind `module.`; heads are 64 channels each, as in all
 * of OpenAI's models.
 * @throws ClipError when a tensor that decides a size is missing or of no such shape
 */
export function inferClipConfig(stored: ReadonlyMap<string, Shape>): ClipConfig {
  const shapes = new Map([...stored].map(([name, shape]) => [name.replace(/^module\./, ''), shape]));
  const shapeOf = (name: string, axes: number): Shape => {
    const shape = shapes.get(name);
    if (shape?.length === axes && shape.every((size) => size > 0)) return shape;
    if (shape) {
      throw new ClipError(
        `the sizes cannot be inferred: tensor "${name}" is [${shape.join(', ')}], and ${axes} sizes above 0 are needed`,
      );
    }
    throw new ClipError(
      `the sizes cannot be inferred: there is no tensor "${name}"; pass the configuration (config.json) of a model with other names`,
    );
  };
  /** Layers of a tower or blocks of a stage: each has one tensor of such a name. */
  const countNames = (prefix: string, suffix: string): number =>
    [...shapes.keys()].filter((name) => name.startsWith(prefix) && name.endsWith(suffix)).length;
  const [vocabSize, textWidth] = shapeOf('token_embedding.weight', 2);
  const config: ClipConfig = {
    vision: shapes.has('visual.layer1.0.conv1.weight') ? resNet() : visionTransformer(),
    text: {
      contextLength: shapeOf('positional_embedding', 2)[0],
      vocabSize,
      width: textWidth,
      layers: countNames('transformer.resblocks.', '.attn.in_proj_weight'),
      heads: headsOf(textWidth),
    },
    embedDim: shapeOf('text_projection', 2)[1],
  };
  assertClipConfig(config);
  return config;

  function resNet(): ResNetConfig {
    const [width] = shapeOf('visual.layer1.0.conv1.weight', 4);
    const stage = (n: number): number => countNames(`visual.layer${n}.`, '.conv1.weight');
    const layers = [stage(1), stage(2), stage(3), stage(4)] as const;
    const imageSize = gridOf('visual.attnpool.positional_embedding') * resNetStride;
    return { imageSize, width, layers, heads: headsOf(resNetStride * width) };
  }

  function visionTransformer(): VisionConfig {
    const [width, , , patchSize] = shapeOf('visual.conv1.weight', 4);
    return {
      imageSize: gridOf('visual.positional_embedding') * patchSize,
      patchSize,
      width,
      layers: countNames('visual.transformer.resblocks.', '.attn.in_proj_weight'),
      heads: headsOf(width),
    };
  }

  /** Patches along a side: one row stands before those of the patches. */
  function gridOf(positions: string): number {
    const grid = Math.round(Math.sqrt(shapeOf(positions, 2)[0] - 1));
    if (grid < 1) throw new ClipError(`the sizes cannot be inferred: ${positions} has no patches`);
    return grid;
  }
}

function headsOf(width: number): number {
  if (width % headSize === 0) return width / headSize;
  throw new ClipError(
    `the sizes cannot be inferred: the width ${width} is no multiple of ${headSize}, the size of the heads of all of OpenAI's models`,
  );
}
