// CLIP features of captions, each different text once, kept on disk by what they depend on.
//
// Legend: U different texts, D feature size.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, makeFolder, ProgressBar, writeFileAtomic } from '@foreword/cli-kit';
import { PromptEncoder, type Clip } from '@foreword/clip';
import { bytesSource, openSafetensors, writeSafetensors } from '@foreword/tensor/node';
import { clipTokenize, loadTokenizer, type Tokenizer } from '@foreword/tokenizer';
import { cacheRoot, shownPath } from '../data/repository.ts';

/** Raised when tokenising or encoding changes, so that old caches are not taken. */
const encoding = 'clip-text-1';

export interface TextFeatures {
  /** [U, D], row-major, as `encode_text` gives them (not normalised). */
  features: Float32Array;
  D: number;
  /** The row of a text. */
  rowOf: ReadonlyMap<string, number>;
}

/** CLIP's own tokenizer, from its folder. */
export async function clipTokenizerOf(folder: string): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  try {
    return loadTokenizer(JSON.parse(await readFile(path, 'utf8')), { name: "CLIP's tokenizer.json" });
  } catch (error) {
    throw new CommandError(`CLIP cannot read texts: ${shownPath(path)}: ${(error as Error).message}`, {
      cure: "put CLIP's tokenizer.json beside its weights",
      cause: error,
    });
  }
}

/** Features of all texts, from the cache or computed now; texts longer than CLIP's context are cut. */
export async function textFeatures(
  texts: Iterable<string>,
  options: { clip: Clip; tokenizer: Tokenizer; weightsHash: string; label: string; signal?: AbortSignal },
): Promise<TextFeatures> {
  const { clip, tokenizer, weightsHash, label, signal } = options;
  const different = [...new Set(texts)];
  const rowOf = new Map(different.map((text, row) => [text, row]));
  const D = clip.config.embedDim;
  const parts = [encoding, weightsHash, JSON.stringify(tokenizer.json), JSON.stringify(different)];
  const key = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 24);
  const path = join(cacheRoot(), 'features', `text-${key}.safetensors`);
  const cached = await readCache(path, different.length * D);
  if (cached) return { features: cached, D, rowOf };
  const encoder = new PromptEncoder(clip, { batch: 64 });
  const features = new Float32Array(different.length * D);
  const bar = new ProgressBar({ label, total: different.length, unit: 'caption' });
  try {
    for (let from = 0; from < different.length; from += 512) {
      signal?.throwIfAborted();
      const ids = clipTokenize(tokenizer, different.slice(from, from + 512), {
        contextLength: clip.config.text.contextLength,
        truncate: true,
      });
      (await encoder.encode(ids)).forEach((feature, i) => features.set(feature, (from + i) * D));
      bar.update(Math.min(different.length, from + 512));
    }
  } finally {
    bar.finish();
    await encoder.dispose();
  }
  await makeFolder(join(cacheRoot(), 'features'));
  const entry = { name: 'features', dtype: 'F32' as const, shape: [different.length, D], data: features };
  await writeFileAtomic(path, writeSafetensors([entry]));
  return { features, D, rowOf };
}

/** Undefined where it is missing or damaged: it is then computed anew and replaced. */
async function readCache(path: string, size: number): Promise<Float32Array | undefined> {
  try {
    const file = await openSafetensors(bytesSource(await readFile(path), path));
    const features = await file.readAsF32('features');
    return features.length === size ? features : undefined;
  } catch {
    return undefined;
  }
}
