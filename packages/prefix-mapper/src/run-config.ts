// The part of a run folder's config.json that captioning needs.
import type { LoraConfig } from '@foreword/gpt2';
import { resolveMapperConfig, type MapperConfig, type ResolvedMapperConfig } from './mapper-config.ts';
import { MapperError } from './mapper-error.ts';

/** What a training run writes to `config.json` (among other keys, which are ignored here). */
export interface RunConfig {
  mapper: MapperConfig;
  /** Folders of the frozen models (`../clip`; relative ones are relative to the run folder), or names on the hub (`gpt2`). */
  backbones: { clip: string; gpt2: string };
  /** Ids of the tokens that end a caption: that of "." in ClipCap, GPT-2's end token, or both. */
  stopTokens: readonly number[];
  /** Whether features are divided by their L2 norm; default false, as in ClipCap. */
  normalizePrefix?: boolean;
  /** The file in the run folder with the `FeatureSpace` that pictures go through, after a training on texts only. */
  featureSpace?: string;
  /** LoRA's sizes, where the checkpoint holds changes of GPT-2. */
  lora?: LoraConfig;
  /** What the frozen models' matrices were stored as in training; default f32. */
  dtype?: 'f32' | 'f16';
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks the parsed text of a run's config.json.
 * @throws MapperError naming the key and what it should be.
 */
export function parseRunConfig(
  json: unknown,
  { name = 'config.json' }: { name?: string } = {},
): RunConfig & { mapper: ResolvedMapperConfig; normalizePrefix: boolean } {
  const fail = (key: string, value: unknown, wanted: string): never => {
    throw new MapperError(`${name}: ${key} is ${JSON.stringify(value)}; ${wanted} is needed`);
  };
  if (!isObject(json)) return fail('the content', json, 'an object');
  const { mapper, backbones, stopTokens, normalizePrefix = false, lora, featureSpace, dtype } = json;
  if (!isObject(mapper)) return fail('mapper', mapper, 'an object of sizes');
  const folder = (key: 'clip' | 'gpt2'): string => {
    const value = isObject(backbones) ? backbones[key] : undefined;
    return typeof value === 'string' && value !== '' ? value : fail(`backbones.${key}`, value, 'a folder');
  };
  const isTokenId = (id: unknown): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0;
  if (!Array.isArray(stopTokens) || stopTokens.length === 0 || !stopTokens.every(isTokenId)) {
    return fail('stopTokens', stopTokens, 'a list of token ids');
  }
  if (typeof normalizePrefix !== 'boolean') return fail('normalizePrefix', normalizePrefix, 'true or false');
  if (featureSpace !== undefined && typeof featureSpace !== 'string')
    return fail('featureSpace', featureSpace, 'the name of a file');
  const isLora = (value: unknown): value is LoraConfig =>
    isObject(value) && typeof value.rank === 'number' && typeof value.alpha === 'number';
  if (lora !== undefined && !isLora(lora)) return fail('lora', lora, 'an object with rank and alpha');
  if (dtype !== undefined && dtype !== 'f32' && dtype !== 'f16') return fail('dtype', dtype, 'f32 or f16');
  return {
    mapper: resolveMapperConfig(mapper as unknown as MapperConfig),
    backbones: { clip: folder('clip'), gpt2: folder('gpt2') },
    stopTokens,
    normalizePrefix,
    featureSpace,
    lora,
    dtype,
  };
}
