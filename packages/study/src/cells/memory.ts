// How much memory a training needs, estimated from its models' sizes.
//
// Legend: B batch, S positions (prefix and caption), d GPT-2's width, L layers.
import { prefixOf, type Flags } from '../studies/index.ts';
import { trainedParameters, mapperParameters, type ModelSizes } from './model-sizes.ts';

/** Node, Dawn and its compiled shaders. A training of the tiny models at P 20, tuned, was measured at 0.61e9 in all. */
const processBytes = 0.55e9;
/** Numbers that each block keeps for its backward pass, per position and unit of width: 2 LN, QKV, attention, two
 *  residuals, fc before and after GELU, and as much again for gradients on their way. */
const keptPerUnit = 32;
const captionTokens = 40;

/** Bytes of host and GPU memory together; on a software adapter they are the same. */
export function memoryBytes(flags: Flags, sizes: ModelSizes): number {
  const { layers, width } = sizes.gpt2;
  const B = Number(flags.batch ?? 16);
  const S = prefixOf({ flags }) + captionTokens;
  const weights = sizes.clip.parameters + sizes.gpt2.parameters + mapperParameters(flags, sizes);
  // A gradient and AdamW's two moments.
  const training = 3 * trainedParameters(flags, sizes);
  const activations = B * S * width * layers * keptPerUnit;
  return processBytes + 4 * (weights + training + activations);
}
