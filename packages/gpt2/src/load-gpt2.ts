// Loads a GPT-2 from a checkpoint, whoever saved it, one tensor at a time.
import { loadModule, type StorageOptions, type TensorSource } from '@foreword/nn';
import type { Device } from '@foreword/tensor';
import { parseGpt2Config, type Gpt2ConfigInput } from './config.ts';
import { Gpt2 } from './gpt2.ts';

export interface Gpt2Files extends StorageOptions {
  /** The parsed config.json. */
  config: Gpt2ConfigInput;
  /** An open file, all shards of one, or tensors in memory. The caller closes it. */
  weights: TensorSource;
  /** Ends it with the signal's reason; nothing stays on the GPU then. */
  signal?: AbortSignal;
}

// DataParallel, Hugging Face's head model, ClipCap's caption model: any of them, in this order.
const wrapping = /^(module\.)?(gpt\.)?(transformer\.)?/;
// Without the masks that old versions of transformers saved as buffers, and the head, which is wte (weights are tied).
const own = /^(w[tp]e\.weight|ln_f\.(weight|bias)|h\.\d+\.(?!attn\.(bias|masked_bias)$).*)$/;

/** A parameter's name in a checkpoint without its wrapping; undefined for tensors of other models. */
function parameterName(inFile: string): string | undefined {
  const name = inFile.replace(wrapping, '');
  return own.test(name) ? name : undefined;
}

/**
 * A frozen GPT-2 from Hugging Face's files. Prefixes `module.`, `gpt.` and `transformer.` are tolerated; tensors of other
 * models (ClipCap's `clip_project.…`) are left alone.
 * @throws Gpt2ConfigError, CheckpointError when the files are not GPT-2's or do not fit each other.
 * @example
 * const weights = await openSafetensors(bytesSource(bytes));
 * const model = await loadGpt2(device, { config: JSON.parse(text), weights });
 */
export async function loadGpt2(
  device: Device,
  { config: json, weights, ...options }: Gpt2Files,
): Promise<Gpt2> {
  const config = parseGpt2Config(json);
  return await loadModule(weights, (p) => new Gpt2(p, config), { device, rename: parameterName, ...options });
}
