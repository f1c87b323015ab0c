// Checkpoints: best (what captioning needs) and last (with the optimiser's moments, to continue from).
import { CommandError, writeFileAtomic } from '@foreword/cli-kit';
import type { Gpt2, Lora } from '@foreword/gpt2';
import { checkpointEntries, checkpointParameters, type PrefixMapper } from '@foreword/prefix-mapper';
import { openSafetensorsPath, safetensorsChunks, type AdamW, type TensorFile } from '@foreword/tensor/node';
import { shownPath } from '../data/repository.ts';
import { DivergedError } from './diverged-error.ts';

export interface Trained {
  mapper: PrefixMapper;
  gpt2: Gpt2;
  tuneGpt2: boolean;
  /** Changes of a frozen GPT-2, which computes with them. */
  lora?: Lora;
}

export interface Progress {
  /** Steps done. */
  step: number;
  /** Lowest validation loss so far (self-critical: lowest negative CIDEr-D); Infinity before the first validation. */
  bestValLoss: number;
}

/** @throws DivergedError when a weight is NaN or ∞; nothing is written then */
export async function saveCheckpoint(
  path: string,
  { mapper, gpt2, tuneGpt2, lora }: Trained,
  progress: Progress,
  optimizer?: AdamW,
): Promise<void> {
  const entries = await checkpointEntries(mapper, tuneGpt2 ? gpt2 : undefined, lora);
  for (const { name, data } of entries) {
    // A step with a finite gradient can still overflow; the checkpoint before it stays the last.
    if (ArrayBuffer.isView(data) && !(data as Float32Array).every(Number.isFinite))
      throw new DivergedError(`${name} is no number after step ${progress.step}`);
  }
  if (optimizer) {
    for (const [name, t] of Object.entries(optimizer.state())) {
      entries.push({
        name: `optimizer.${name}`,
        dtype: 'F32',
        shape: t.shape,
        data: await t.read(),
      });
    }
  }
  await writeFileAtomic(
    path,
    safetensorsChunks(entries, { step: String(progress.step), bestValLoss: String(progress.bestValLoss) }),
  );
}

/** Puts a checkpoint's values back into the models, and into the optimiser where it is given. */
export async function restoreCheckpoint(
  path: string,
  { mapper, gpt2, tuneGpt2, lora }: Trained,
  optimizer?: AdamW,
): Promise<Progress> {
  const fail = (what: string, cause?: unknown): never => {
    throw new CommandError(`the checkpoint ${shownPath(path)} ${what}`, {
      cure: 'check --resume, --init and the settings, or start a new run',
      cause,
    });
  };
  let file: TensorFile;
  try {
    file = await openSafetensorsPath(path);
  } catch (error) {
    return fail('cannot be read; it is missing or damaged', error);
  }
  try {
    const targets = checkpointParameters(mapper, tuneGpt2 ? gpt2 : undefined, lora);
    if (optimizer)
      for (const [name, t] of Object.entries(optimizer.state())) targets.set(`optimizer.${name}`, t);
    // Older runs have no count; the trainer sets it with every step's rate.
    if (!file.has('optimizer.step')) targets.delete('optimizer.step');
    for (const [name, t] of targets) {
      if (!file.has(name)) fail(`has no tensor ${name}: it belongs to another kind of run`);
      const { shape } = file.info(name);
      if (shape.join() !== t.shape.join())
        fail(`has ${name} as [${shape.join(', ')}], but this run needs [${t.shape.join(', ')}]`);
    }
    for (const [name, t] of targets) t.write(await file.readAsF32(name));
    const step = Number(file.metadata.step);
    if (!Number.isInteger(step)) fail('does not say how many steps it has seen');
    return { step, bestValLoss: Number(file.metadata.bestValLoss ?? Infinity) };
  } finally {
    await file.close();
  }
}
