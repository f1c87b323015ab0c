// A captioner from three models by their names: CLIP, GPT-2 and a ClipCap checkpoint, wherever they come from.
import type { LoadedClip, LoadOptions as ClipOptions } from '@foreword/clip';
import type { Gpt2ConfigInput, LoadedGpt2, LoadOptions as Gpt2Options } from '@foreword/gpt2';
import type { FetchOptions, ResolveModel } from '@foreword/hub';
import type { Device } from '@foreword/tensor';
import { Captioner } from './captioner.ts';
import { loadMapper } from './create-mapper.ts';
import type { MapperConfig } from './mapper-config.ts';
import { isTuned } from './mapper-entries.ts';
import { MapperError } from './mapper-error.ts';

export interface CaptionerNames {
  /** ClipCap's checkpoint: a file (`coco_prefix-009.pt`), its URL, or a folder or repository with the weights. */
  mapper: string;
  /** Default ViT-B/32, `openai/clip-vit-base-patch32`. */
  clip?: string;
  /** Default `gpt2`. Of a checkpoint with a tuned GPT-2 only its configuration and tokenizer are used. */
  gpt2?: string;
}

/** A revision would be one of three repositories; name a folder instead. */
export interface NamedCaptionerOptions extends Omit<FetchOptions, 'revision'> {
  /** Of CLIP's and GPT-2's matrices. Default f32. */
  dtype?: 'f32' | 'f16';
  /** The mapper's sizes; read off the checkpoint's shapes when left out (a transformer then has ClipCap's 8 heads). */
  config?: MapperConfig;
  /** Ids that end a caption. Default that of ".", as in ClipCap. */
  stop?: readonly number[];
  /** Divide features by their L2 norm; must be as in training (ClipCap's --normalize_prefix). Default false. */
  normalizePrefix?: boolean;
  /** Pictures and captions worked on at once. Default 16. */
  batch?: number;
}

/** Where models come from, which differs between Node and browsers. */
export interface ModelPlatform {
  resolve: ResolveModel;
  loadClip(device: Device, name: string, options: ClipOptions): Promise<LoadedClip>;
  loadGpt2(device: Device, name: string, options: Gpt2Options): Promise<LoadedGpt2>;
}

/** `loadCaptioner` of an entry, for names. */
export async function loadNamedCaptioner(
  platform: ModelPlatform,
  device: Device,
  names: CaptionerNames,
  { dtype, config, stop, normalizePrefix, batch, ...fetching }: NamedCaptionerOptions,
): Promise<Captioner> {
  const { clip: clipName = 'openai/clip-vit-base-patch32', gpt2: gpt2Name = 'gpt2' } = names;
  const found = await platform.resolve(names.mapper, {
    ...fetching,
    anyOf: ['model.safetensors', 'pytorch_model.bin'],
  });
  const checkpoint = await found.weights();
  const made: { dispose(): void }[] = [];
  try {
    const options = { ...fetching, dtype };
    const gpt2 = isTuned(checkpoint)
      ? await platform.loadGpt2(device, names.mapper, {
          ...options,
          config: await gpt2Config(platform, gpt2Name, fetching),
          tokenizer: gpt2Name,
        })
      : await platform.loadGpt2(device, gpt2Name, options);
    made.push(gpt2.model);
    const embeddingSize = gpt2.model.config.n_embd;
    const mapper = await loadMapper(device, checkpoint, { config, embeddingSize });
    made.push(mapper);
    const clip = await platform.loadClip(device, clipName, options);
    made.push(clip.model);
    const { model, tokenizer: clipTokenizer, preprocessing } = clip;
    const { tokenizer } = gpt2;
    const parts = {
      clip: model,
      clipTokenizer,
      preprocessing,
      gpt2: gpt2.model,
      mapper,
      tokenizer,
      stop: stop ?? [fullStopOf(tokenizer.encode('.'), gpt2Name)],
      normalizePrefix,
      batch,
    };
    return Captioner.owning(parts);
  } catch (error) {
    for (const model of made) model.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
}

async function gpt2Config(
  { resolve }: ModelPlatform,
  name: string,
  fetching: FetchOptions,
): Promise<Gpt2ConfigInput> {
  const found = await resolve(name, { ...fetching, files: ['config.json'] });
  return (await found.json('config.json')) as Gpt2ConfigInput;
}

function fullStopOf(ids: readonly number[], name: string): number {
  if (ids.length === 1) return ids[0];
  throw new MapperError(
    `${name}: its tokenizer makes ${ids.length} tokens of "."; give the ids that end a caption as \`stop\``,
  );
}
