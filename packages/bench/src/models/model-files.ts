// The published sizes of ViT-B/32 and GPT-2 124M with weights drawn at random, as files in the system's temporary
// folder: what is measured does not depend on what the weights say.
import { access, mkdir, open, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clipConfigJson, clipParameterShapes, vitB32 } from '@foreword/clip';
import { gpt2ConfigJson, parameterShapes, parseGpt2Config } from '@foreword/gpt2';
import { uniformValues } from '../uniform-values.ts';

export type ModelName = 'clip' | 'gpt2';

/** Raised when the files change. */
const version = 1;

const gpt2 = parseGpt2Config({ vocab_size: 50257, n_positions: 1024, n_embd: 768, n_layer: 12, n_head: 12 });

const models: Record<ModelName, { config: string; shapes: ReadonlyMap<string, readonly number[]> }> = {
  clip: { config: JSON.stringify(clipConfigJson(vitB32)), shapes: clipParameterShapes(vitB32) },
  gpt2: { config: gpt2ConfigJson(gpt2), shapes: parameterShapes(gpt2) },
};

/** A folder with `config.json` and `model.safetensors`, written at the first call on this machine. */
export async function modelFolder(name: ModelName): Promise<string> {
  const folder = join(tmpdir(), `foreword-bench-${name}-${version}`);
  const path = join(folder, 'model.safetensors');
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return folder;
  const { config, shapes } = models[name];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), config);
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeWeights(unfinished, shapes);
  await rename(unfinished, path);
  return folder;
}

/** Tensor by tensor, so that the file never lies in memory as a whole. */
async function writeWeights(path: string, shapes: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const sizes = [...shapes].map(([name, shape]) => ({
    name,
    shape,
    count: shape.reduce((n, d) => n * d, 1),
  }));
  let end = 0;
  const header = sizes.map(({ name, shape, count }) => {
    const begin = end;
    end += 4 * count;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const random = uniformValues(1);
  const file = await open(path, 'w');
  try {
    for (const bytes of [length, json]) await file.writeFile(bytes);
    for (const { name, count } of sizes) {
      // Gains of layer norms are 1, everything else has GPT-2's standard deviation of 0.02.
      const isGain = /ln_\w+\.weight$/.test(name);
      const values = isGain ? new Float32Array(count).fill(1) : random(count, 0.02 * Math.sqrt(12));
      await file.writeFile(new Uint8Array(values.buffer));
    }
  } finally {
    await file.close();
  }
}
