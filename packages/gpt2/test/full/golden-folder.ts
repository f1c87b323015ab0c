// The golden GPT-2 124M as a folder like those people download: written once, to the system's temporary folder.
import { existsSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenTensor, type GoldenRule } from '@foreword/test-kit';
import type { TensorFile } from '@foreword/tensor';

/** `config.json` and `model.safetensors` (498 MB) of the model that the golden file describes. */
export async function goldenFolderOf({ metadata }: TensorFile): Promise<string> {
  const { seed, prefix, config, rules } = metadata;
  const folder = join(tmpdir(), `foreword-golden-${prefix.replaceAll('/', '')}-seed-${seed}`);
  const path = join(folder, 'model.safetensors');
  if (existsSync(path)) return folder;
  await mkdir(folder, { recursive: true });
  const { block_size, ...sizes } = JSON.parse(config) as Record<string, number>;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...sizes, n_positions: block_size }));
  const tensors = Object.entries(JSON.parse(rules) as Record<string, GoldenRule>);
  let end = 0;
  const header = tensors.map(([name, [shape]]) => {
    const begin = end;
    end += 4 * shape.reduce((product, n) => product * n, 1);
    // As Hugging Face's head model saves it.
    return [`transformer.${name}`, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const file = await open(`${path}.tmp`, 'w');
  try {
    for (const bytes of [size, json]) await file.writeFile(bytes);
    for (const [name, rule] of tensors)
      await file.writeFile(new Uint8Array(goldenTensor(seed, prefix, name, ...rule).buffer));
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  return folder;
}
