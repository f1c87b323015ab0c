// Where a safetensors file has its tensors, so that an ONNX graph can refer to the very same bytes.
import { open } from 'node:fs/promises';
import type { StoredWeight } from './onnx-graph.ts';

/** Name → place of every f32 tensor. */
export async function storedWeights(path: string): Promise<Map<string, StoredWeight>> {
  const file = await open(path);
  try {
    const { buffer: head } = await file.read(Buffer.alloc(8), 0, 8, 0);
    const length = Number(head.readBigUInt64LE());
    const { buffer: json } = await file.read(Buffer.alloc(length), 0, length, 8);
    const header = JSON.parse(json.toString('utf8')) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    const weights = new Map<string, StoredWeight>();
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
      if (dtype !== 'F32') continue;
      const [begin, end] = data_offsets;
      weights.set(name, { shape, offset: 8 + length + begin, byteLength: end - begin });
    }
    return weights;
  } finally {
    await file.close();
  }
}
