// Figures of ClipCap's original training step and decoders: from the compact file beside this one, or from a whole
// golden file. Long tensors are kept in the compact file as a norm and evenly strided values.
import { readFile } from 'node:fs/promises';
import type { GoldenRule } from '@foreword/test-kit';
import { bytesSource, openSafetensors, type TensorFile } from '@foreword/tensor/node';

export const goldenModels = [
  'clipcap-mlp-p1',
  'clipcap-mlp-p10',
  'clipcap-mlp-p20',
  'clipcap-mlp-p10-tuned',
  'clipcap-transformer-p10',
  'clipcap-transformer-p4-tuned',
] as const;

export const compactFile = new URL('clipcap.safetensors', import.meta.url);

/** What a golden file says of its run; numbers and flags as texts, as safetensors' metadata are. */
export interface GoldenSettings {
  seed: string;
  kind: 'mlp' | 'transformer';
  prefix_length: string;
  prefix_size: string;
  clip_length: string;
  num_layers: string;
  tune_gpt2: string;
  lr: string;
  warmup: string;
  total_steps: string;
  eps: string;
  ignore_index: string;
  mapper_prefix: string;
  gpt2_prefix: string;
  gpt2_config: string;
  /** JSON of the mapper's weights; `gpt2-tiny.safetensors` has those of GPT-2. */
  rules: string;
}

/** A tensor by its norm and evenly strided values (all of them in a whole file). */
export interface Sampled {
  norm: number;
  values: Float32Array;
}

export interface CaptionGolden {
  settings: GoldenSettings;
  gpt2Rules: Record<string, GoldenRule>;
  losses: Float32Array;
  gradNorms: Float32Array;
  /** [6, 4, 12] */
  tokens: Int32Array;
  /** [6, 4, 64] */
  features: Float32Array;
  prefix: Sampled;
  /** By parameter name. */
  gradients: Map<string, Sampled>;
  finalWeights: Map<string, Sampled>;
  /** Five hypotheses of 20 tokens, best first. */
  beams: number[][];
  greedy: number[];
  stop: number;
}

/** `count` values at even distances. */
export function strided(all: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
}

export const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

const isSampled = (name: string): boolean => /^(step0\.|final\/)/.test(name);
export const sampledNames = (file: TensorFile): string[] => file.names().filter(isSampled);

/** A model's figures from an open file whose names begin with `at` (nothing in a whole file). */
async function readFigures(
  file: TensorFile,
  at: string,
  { settings, gpt2Rules }: Pick<CaptionGolden, 'settings' | 'gpt2Rules'>,
): Promise<CaptionGolden> {
  const floats = (name: string): Promise<Float32Array> => file.readAsF32(at + name);
  const integers = async (name: string): Promise<number[]> => [...(await file.readAsI32(at + name))];
  const sampled = async (name: string): Promise<Sampled> => {
    const values = await floats(name);
    const norm = file.has(`${at}norm/${name}`) ? (await floats(`norm/${name}`))[0] : normOf(values);
    return { norm, values };
  };
  const group = async (start: string): Promise<Map<string, Sampled>> => {
    const found = new Map<string, Sampled>();
    for (const name of file.names()) {
      if (name.startsWith(at + start))
        found.set(name.slice(at.length + start.length), await sampled(name.slice(at.length)));
    }
    return found;
  };
  return {
    settings,
    gpt2Rules,
    losses: await floats('losses'),
    gradNorms: await floats('grad_norms'),
    tokens: await file.readAsI32(`${at}tokens`),
    features: await floats('clip_embeddings'),
    prefix: await sampled('step0.prefix'),
    gradients: await group('step0.grad/'),
    finalWeights: await group('final/'),
    beams: await Promise.all([0, 1, 2, 3, 4].map((k) => integers(`beam5.${k}`))),
    greedy: await integers('generate2.ids'),
    stop: (await integers('stop_token'))[0],
  };
}

/** The figures of one model from the compact file. */
export async function readCompactGolden(model: string): Promise<CaptionGolden> {
  const file = await openSafetensors(bytesSource(await readFile(compactFile), 'clipcap.safetensors'));
  const settings = JSON.parse(file.metadata[model]) as GoldenSettings;
  const gpt2Rules = JSON.parse(file.metadata['gpt2-tiny']) as Record<string, GoldenRule>;
  return await readFigures(file, `${model}/`, { settings, gpt2Rules });
}

/** The figures of one model from its own whole file. */
export async function readWholeGolden(
  file: TensorFile,
  gpt2Rules: Record<string, GoldenRule>,
): Promise<CaptionGolden> {
  return await readFigures(file, '', { settings: file.metadata as unknown as GoldenSettings, gpt2Rules });
}
