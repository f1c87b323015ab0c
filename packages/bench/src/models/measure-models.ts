// ViT-B/32 and GPT-2 124M: loading, pictures per second, prompts read and tokens written per second.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ImageEncoder } from '@foreword/clip';
import { DecodeSession, likeliestIds } from '@foreword/gpt2';
import { openDevice, tensor, type Device } from '@foreword/tensor/node';
import { floatTypes } from '../cases/bench-case.ts';
import { median, summariseTimings } from '../report/statistics.ts';
import { uniformValues } from '../uniform-values.ts';
import type { Loading } from './load-process.ts';
import { modelFolder, type ModelName } from './model-files.ts';
import type { LoadRow, ModelRow, RateRow } from './model-row.ts';
import { openClip, openGpt2 } from './open-model.ts';

const titles: Record<ModelName, string> = { clip: 'CLIP ViT-B/32', gpt2: 'GPT-2 124M' };
const pictureBatches = [1, 8];
/** Rows of the prompt, and tokens written behind it. */
const promptRows = 64;
const writtenTokens = 16;

export interface MeasureModelsOptions {
  repeats: number;
  /** Told before each part. */
  progress?: (what: string) => void;
}

/** Rows of both models in f32, and in f16 where the adapter has it. */
export async function* measureModels({
  repeats,
  progress = () => {},
}: MeasureModelsOptions): AsyncGenerator<ModelRow, void> {
  const device = await openDevice();
  try {
    for (const name of ['clip', 'gpt2'] as const) {
      progress(`${titles[name]}, files`);
      const folder = await modelFolder(name);
      for (const dtype of floatTypes(device)) {
        progress(`${titles[name]}, load ${dtype}`);
        yield await measureLoading(name, folder, { dtype, repeats });
        progress(`${titles[name]}, ${dtype}`);
        yield* (name === 'clip' ? measureClip : measureGpt2)(device, folder, { dtype, repeats });
        device.trim();
      }
    }
  } finally {
    device.close();
  }
}

interface Measured {
  dtype: 'f32' | 'f16';
  repeats: number;
}

async function measureLoading(
  name: ModelName,
  folder: string,
  { dtype, repeats }: Measured,
): Promise<LoadRow> {
  const script = fileURLToPath(new URL('load-process.ts', import.meta.url));
  const loadings: Loading[] = [];
  // The first brings the file into the operating system's memory and is not counted.
  for (let i = 0; i <= repeats; i++) {
    // The child needs the loader that this process runs under.
    const args = [...process.execArgv, script, name, folder, dtype];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    loadings.push(JSON.parse(stdout) as Loading);
  }
  const counted = loadings.slice(1);
  return {
    model: titles[name],
    dtype,
    what: 'load',
    wall: summariseTimings(counted.map(({ ms }) => ms)),
    fileBytes: (await stat(join(folder, 'model.safetensors'))).size,
    peakBytes: median(counted.map(({ peakBytes }) => peakBytes)),
    gpuBytes: counted[0].gpuBytes,
  };
}

/** Milliseconds of each of `repeats` runs, after one that compiles and warms up. */
async function timesOf(repeats: number, work: () => Promise<unknown>): Promise<number[]> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times;
}

async function* measureClip(
  device: Device,
  folder: string,
  { dtype, repeats }: Measured,
): AsyncGenerator<RateRow> {
  const clip = await openClip(device, folder, dtype);
  const random = uniformValues(2);
  for (const batch of pictureBatches) {
    const encoder = await ImageEncoder.create(clip, { batch });
    const pictures = Array.from({ length: batch }, () => random(encoder.pixelCount, 4));
    const wall = summariseTimings(await timesOf(repeats, () => encoder.encode(pictures)));
    encoder.dispose();
    const perSecond = (1000 * batch) / wall.medianMs;
    yield { model: titles.clip, dtype, what: `pictures, batch ${batch}`, wall, perSecond, unit: 'images' };
  }
  clip.dispose();
}

async function* measureGpt2(
  device: Device,
  folder: string,
  { dtype, repeats }: Measured,
): AsyncGenerator<RateRow> {
  const gpt2 = await openGpt2(device, folder, dtype);
  const shape = { items: 1, prefixRows: promptRows, rowsPerItem: 1, maxTokens: writtenTokens + 1 };
  const session = await DecodeSession.open(gpt2, shape, likeliestIds);
  const prompt = Uint32Array.from({ length: promptRows }, (_, i) => (i * 7919) % gpt2.config.vocab_size);
  const prefix = device
    .scope(() => gpt2.embed(tensor(device, prompt, [1, promptRows], { dtype: 'u32' })))
    .keep();
  const prefill = summariseTimings(await timesOf(repeats, () => session.prefill(prefix)));
  yield {
    model: titles.gpt2,
    dtype,
    what: `prompt of ${promptRows} tokens`,
    wall: prefill,
    perSecond: (1000 * promptRows) / prefill.medianMs,
    unit: 'tokens',
  };
  const stepMs: number[] = [];
  for (let round = 0; round <= repeats; round++) {
    let ids = await session.prefill(prefix);
    const start = performance.now();
    for (let i = 0; i < writtenTokens; i++) ids = await session.step(ids);
    // The first round compiles.
    if (round > 0) stepMs.push((performance.now() - start) / writtenTokens);
  }
  const wall = summariseTimings(stepMs);
  const what = `token after ${promptRows} to ${promptRows + writtenTokens - 1}`;
  yield { model: titles.gpt2, dtype, what, wall, perSecond: 1000 / wall.medianMs, unit: 'tokens' };
  prefix.dispose();
  session.dispose();
  gpt2.dispose();
}
