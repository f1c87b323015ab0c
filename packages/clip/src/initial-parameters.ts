// OpenAI's initialisation of a CLIP to be trained from scratch, made on the host from a seed.
import { tensor, type Device, type Tensor } from '@foreword/tensor';
import { mlpRatio, type ClipConfig, type VisionTransformerConfig } from './clip-config.ts';
import { clipParameterShapes } from './clip-parameters.ts';

/** Sizes of a model that can be trained. */
export type TrainableConfig = ClipConfig & { vision: VisionTransformerConfig };

/** How a parameter starts. */
type Start = { normal: number } | { uniform: number } | { constant: number };

/**
 * The rule for one parameter: openai/CLIP model.py, `initialize_parameters` and the constructors. What those leave
 * alone, the whole inside of the image tower among it, starts as torch's layers do.
 */
function startOf(name: string, { vision, text }: TrainableConfig): Start {
  const isVisual = name.startsWith('visual.');
  const W = isVisual ? vision.width : text.width;
  if (name === 'logit_scale') return { constant: Math.log(1 / 0.07) };
  if (/\bln_\w+\.(weight|bias)$/.test(name)) return { constant: name.endsWith('weight') ? 1 : 0 };
  if (name === 'token_embedding.weight') return { normal: 0.02 };
  if (name === 'positional_embedding') return { normal: 0.01 };
  if (/class_embedding|positional_embedding|^visual\.proj$|text_projection/.test(name))
    return { normal: W ** -0.5 };
  if (name === 'visual.conv1.weight') return { uniform: (3 * vision.patchSize ** 2) ** -0.5 };
  if (/attn\.\w+[._]bias$/.test(name)) return { constant: 0 };
  const fanIn = name.includes('c_proj') ? mlpRatio * W : W;
  if (name.endsWith('bias')) return { uniform: fanIn ** -0.5 };
  if (isVisual) {
    // Xavier over [3W, W] taken as one matrix.
    return { uniform: name.endsWith('in_proj_weight') ? (6 / (4 * W)) ** 0.5 : fanIn ** -0.5 };
  }
  if (name.endsWith('in_proj_weight')) return { normal: W ** -0.5 };
  if (name.endsWith('c_fc.weight')) return { normal: (2 * W) ** -0.5 };
  return { normal: W ** -0.5 * (2 * text.layers) ** -0.5 };
}

/** Name → trainable tensor of all parameters. */
export function initialParameters(
  device: Device,
  config: TrainableConfig,
  seed: number,
): Record<string, Tensor> {
  const parameters: Record<string, Tensor> = {};
  for (const [name, shape] of clipParameterShapes(config)) {
    const size = shape.reduce((product, n) => product * n, 1);
    const values = startValues(startOf(name, config), size, `${seed}/${name}`);
    parameters[name] = tensor(device, values, shape, { persistent: true });
  }
  return parameters;
}

function startValues(start: Start, size: number, key: string): Float32Array {
  const values = new Float32Array(size);
  if ('constant' in start) return values.fill(start.constant);
  const random = uniformByIndex(key);
  if ('uniform' in start) return values.map((_, i) => start.uniform * (2 * random(i) - 1));
  // Box and Muller 1958; 1 − u keeps the logarithm's argument above 0.
  for (let i = 0; i < size; i += 2) {
    const radius = start.normal * Math.sqrt(-2 * Math.log(1 - random(i)));
    const angle = 2 * Math.PI * random(i + 1);
    values[i] = radius * Math.cos(angle);
    if (i + 1 < size) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Number i, in [0, 1), of the stream that belongs to `key`. */
function uniformByIndex(key: string): (i: number) => number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  const second = mix(hash ^ 0x9e3779b9);
  // Mixed twice, so that no stream is another one shifted.
  return (i) => (mix((mix(i ^ hash) + second) | 0) >>> 8) * 2 ** -24;
}

/** A bijection of 32-bit numbers without visible pattern (C. Wellons, "lowbias32"). */
function mix(value: number): number {
  let x = value;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}
