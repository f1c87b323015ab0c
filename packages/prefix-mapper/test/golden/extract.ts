// Copies what the tests need out of the whole golden files into clipcap.safetensors: pnpm exec tsx
// --conditions=foreword-source test/golden/extract.ts <folder of the golden files>.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensorsPath, writeSafetensors, type SafetensorsEntry } from '@foreword/tensor/node';
import { compactFile, goldenModels, normOf, sampledNames, strided } from './caption-golden.ts';

/** Values kept of each long tensor. */
const kept = 96;

const folder = process.argv[2];
if (!folder) throw new Error('usage: extract.ts <folder of the golden files>');

const entries: SafetensorsEntry[] = [];
const metadata: Record<string, string> = {};
for (const model of goldenModels) {
  const file = await openSafetensorsPath(join(folder, `${model}.safetensors`));
  metadata[model] = JSON.stringify(file.metadata);
  const long = new Set(sampledNames(file));
  for (const name of file.names()) {
    const { shape, dtype } = file.info(name);
    if (dtype === 'I64') {
      // Token ids fit into 16 bits.
      const data = Int16Array.from(await file.readAsI32(name));
      entries.push({ name: `${model}/${name}`, dtype: 'I16', shape, data });
      continue;
    }
    const all = await file.readAsF32(name);
    const data = long.has(name) ? strided(all, Math.min(kept, all.length)) : all;
    const keptShape = data === all ? shape : [data.length];
    entries.push({ name: `${model}/${name}`, dtype: 'F32', shape: keptShape, data });
    if (long.has(name)) {
      entries.push({
        name: `${model}/norm/${name}`,
        dtype: 'F32',
        shape: [1],
        data: Float32Array.of(normOf(all)),
      });
    }
  }
  await file.close();
}
const tiny = await openSafetensorsPath(join(folder, 'gpt2-tiny.safetensors'));
metadata['gpt2-tiny'] = tiny.metadata.rules;
await tiny.close();
await writeFile(compactFile, writeSafetensors(entries, metadata));
