// Loads a GPT-2 from a safetensors file, one tensor at a time.
import { loadTensor, type Device, type Tensor, type TensorFile } from '@foreword/tensor';
import { locateParameters } from './checkpoint-names.ts';
import { parseGpt2Config, type Gpt2ConfigInput } from './config.ts';
import { Gpt2, weightDtype, type WeightOptions } from './gpt2.ts';
import { parameterShapes } from './parameter-shapes.ts';

export interface Gpt2Files extends WeightOptions {
  /** The parsed config.json. */
  config: Gpt2ConfigInput;
  /** An open safetensors file, or all shards of one. The caller closes it. */
  weights: TensorFile;
  /** Ends it with the signal's reason; nothing stays on the GPU then. */
  signal?: AbortSignal;
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
  { config: json, weights, signal, ...options }: Gpt2Files,
): Promise<Gpt2> {
  const config = parseGpt2Config(json);
  const places = locateParameters(
    config,
    weights.names().map((name) => [name, weights.info(name).shape] as const),
  );
  const parameters = new Map<string, Tensor>();
  try {
    for (const [name, shape] of parameterShapes(config)) {
      const dtype = weightDtype(shape, options);
      parameters.set(name, await loadTensor(device, weights, places.get(name)!, { dtype, signal }));
    }
    // The driver's copies of the last uploads are gone when this returns.
    await device.finish();
  } catch (error) {
    for (const parameter of parameters.values()) parameter.dispose();
    throw error;
  }
  return new Gpt2(device, config, parameters);
}
