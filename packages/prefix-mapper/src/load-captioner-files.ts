// Makes a captioner's parts from a run's files, which may come from a folder, a server or a page's file picker.
import { loadClip, parseClipConfig, type Clip } from '@foreword/clip';
import { hasLora, loadGpt2, Lora, type Gpt2, type Gpt2ConfigInput } from '@foreword/gpt2';
import type { TensorSource } from '@foreword/nn';
import type { Device, TensorFile } from '@foreword/tensor';
import { loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { loadMapper } from './create-mapper.ts';
import { readFeatureSpace, type FeatureSpace } from './feature-space.ts';
import { isTuned } from './mapper-entries.ts';
import { MapperError } from './mapper-error.ts';
import type { PrefixMapper } from './prefix-mapper.ts';
import { parseRunConfig } from './run-config.ts';

/** Parsed JSON texts and open safetensors files; the caller closes the files. */
export interface CaptionerFiles {
  /** The run's config.json; see `RunConfig`. */
  config: unknown;
  /** The run's checkpoint: the mapper's tensors, and GPT-2's where it was tuned, or LoRA's changes of it. */
  checkpoint: TensorFile;
  /** The file that `featureSpace` in config.json names, where it does. */
  featureSpace?: TensorFile;
  clip: {
    /** Left out, the sizes are inferred, which needs OpenAI's names. */
    config?: unknown;
    weights: TensorSource;
    /** The content of tokenizer.json; needed only where CLIP reads texts (MAGIC, reranking by `clip`). */
    tokenizer?: unknown;
  };
  gpt2: {
    config: unknown;
    /** Not read when the checkpoint has a tuned GPT-2. */
    weights: TensorFile;
    /** The content of tokenizer.json. */
    tokenizer: unknown;
  };
}

export interface LoadedParts {
  clip: Clip;
  gpt2: Gpt2;
  mapper: PrefixMapper;
  tokenizer: Tokenizer;
  clipTokenizer: Tokenizer | undefined;
  stop: readonly number[];
  normalizePrefix: boolean;
  featureSpace: FeatureSpace | undefined;
}

/**
 * All parts of a captioner. When one cannot be loaded, those that were are freed.
 * @throws MapperError, ClipError, Gpt2ConfigError, CheckpointError, TokenizerFileError for files that do not fit.
 */
export async function loadCaptionerFiles(device: Device, files: CaptionerFiles): Promise<LoadedParts> {
  const {
    mapper: sizes,
    stopTokens,
    normalizePrefix,
    lora,
    featureSpace: spaceName,
    dtype: trainedWith,
  } = parseRunConfig(files.config);
  // Where the adapter cannot do as the training did, f32 comes nearest.
  const dtype = device.adapter.f16 ? trainedWith : 'f32';
  if (spaceName !== undefined && !files.featureSpace)
    throw new MapperError(
      `captioner: this run was trained on texts only; give its ${spaceName} as featureSpace`,
    );
  const { checkpoint } = files;
  const made: { dispose(): void }[] = [];
  const keep = <T extends { dispose(): void }>(part: T): T => {
    made.push(part);
    return part;
  };
  try {
    const featureSpace =
      files.featureSpace && (await readFeatureSpace(files.featureSpace, sizes.featureSize));
    const tokenizer = loadTokenizer(files.gpt2.tokenizer);
    const clipTokenizer =
      files.clip.tokenizer === undefined
        ? undefined
        : loadTokenizer(files.clip.tokenizer, { name: "CLIP's tokenizer.json" });
    const mapper = keep(await loadMapper(device, checkpoint, { config: sizes }));
    const weights = isTuned(checkpoint) ? checkpoint : files.gpt2.weights;
    const gpt2 = keep(
      await loadGpt2(device, { config: files.gpt2.config as Gpt2ConfigInput, weights, dtype }),
    );
    if (lora) {
      const changes = await Lora.load(device, gpt2.config, lora, checkpoint);
      gpt2.adapt(changes).merge();
      changes.dispose();
    } else if (hasLora(checkpoint)) {
      throw new MapperError(
        `${checkpoint.name} holds changes of GPT-2 (LoRA), but config.json does not say how strong they are; restore its "lora"`,
      );
    }
    const clipConfig = files.clip.config === undefined ? undefined : parseClipConfig(files.clip.config);
    const clip = keep(await loadClip(device, { weights: files.clip.weights, config: clipConfig, dtype }));
    return { clip, gpt2, mapper, tokenizer, clipTokenizer, stop: stopTokens, normalizePrefix, featureSpace };
  } catch (error) {
    for (const part of made) part.dispose();
    throw error;
  }
}
