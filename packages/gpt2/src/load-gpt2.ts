// Loads a GPT-2 from a safetensors file, one tensor at a time.
import type { Device, Tensor, TensorFile } from '@foreword/tensor';
import { locateParameters } from './checkpoint-names.ts';
import { parseGpt2Config, type Gpt2ConfigInput } from './config.ts';
import { Gpt2, weightTensor, type WeightOptions } from './gpt2.ts';
import { parameterShapes } from './parameter-shapes.ts';

export interface Gpt2Files extends WeightOptions {
  /** The parsed config.json. */
  config: Gpt2ConfigInput;
  /** An open safetensors file, or all shards of one. The caller closes it. */
  weights: TensorFile;
}

/**
 * A frozen GPT-2 from Hugging Face's files.
 * @throws Gpt2ConfigError, Gpt2CheckpointError when the files are not GPT-2's or do not fit each other.
 * @example
 * const weights = await openSafetensors(bytesSource(bytes));
 * const model = await loadGpt2(device, { config: JSON.parse(text), weights });
 */
export async function loadGpt2(
  device: Device,
  { config: json, weights, ...options }: Gpt2Files,
): Promise<Gpt2> {
  const config = parseGpt2Config(json);
  const places = locateParameters(
    config,
    weights.names().map((name) => [name, weights.info(name).shape] as const),
  );
  const parameters = new Map<string, Tensor>();
  try {
    for (const [name, shape] of parameterShapes(config)) {
      parameters.set(name, weightTensor(device, await weights.readAsF32(places.get(name)!), shape, options));
    }
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
  return new Gpt2(device, config, parameters);
}
