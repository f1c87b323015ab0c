// Finds GPT-2's parameters among the names of a checkpoint, whoever saved it.
import type { Gpt2Config } from './config.ts';
import { parameterShapes } from './parameter-shapes.ts';

/** A checkpoint that does not hold the model of its configuration. */
export class Gpt2CheckpointError extends Error {
  override name = 'Gpt2CheckpointError';
}

// DataParallel, Hugging Face's head model, ClipCap's caption model: any of them, in this order.
const wrapping = /^(module\.)?(gpt\.)?(transformer\.)?/;
// Masks that old versions of transformers saved as buffers, and the head, which is wte (weights are tied).
const ignored = /^(h\.\d+\.attn\.(bias|masked_bias)|lm_head\.weight)$/;

/** True for a name a GPT-2 checkpoint may have besides its parameters. */
export const isIgnoredName = (name: string): boolean => ignored.test(name.replace(wrapping, ''));

/**
 * Where each parameter stands in a checkpoint: parameter name → checkpoint name. Prefixes `module.`, `gpt.` and
 * `transformer.` are tolerated; tensors of other models (ClipCap's `clip_project.…`) are left alone.
 * @throws Gpt2CheckpointError naming a parameter that is missing, that occurs twice, or whose shape differs.
 */
export function locateParameters(
  config: Gpt2Config,
  checkpoint: Iterable<readonly [name: string, shape: readonly number[]]>,
): Map<string, string> {
  const wanted = parameterShapes(config);
  const found = new Map<string, string>();
  for (const [name, shape] of checkpoint) {
    const parameter = name.replace(wrapping, '');
    const wantedShape = wanted.get(parameter);
    if (!wantedShape) {
      if (/^h\.\d+\./.test(parameter) && !isIgnoredName(name)) {
        throw new Gpt2CheckpointError(
          `checkpoint: "${name}" is no parameter of a GPT-2 with n_layer ${config.n_layer}; is the config.json of another model?`,
        );
      }
      continue;
    }
    const earlier = found.get(parameter);
    if (earlier !== undefined) {
      throw new Gpt2CheckpointError(
        `checkpoint: "${earlier}" and "${name}" are both the parameter ${parameter}`,
      );
    }
    if (shape.length !== wantedShape.length || shape.some((n, i) => n !== wantedShape[i])) {
      throw new Gpt2CheckpointError(
        `checkpoint: "${name}" is [${shape.join(', ')}], but the configuration makes it [${wantedShape.join(', ')}]`,
      );
    }
    found.set(parameter, name);
  }
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    throw new Gpt2CheckpointError(
      `checkpoint: the parameter ${missing[0]}${more} is missing; is this a GPT-2?`,
    );
  }
  return found;
}
