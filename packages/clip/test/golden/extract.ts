// Copies the figures the tests need out of the whole golden files: pnpm exec tsx --conditions=foreword-source
// test/golden/extract.ts <folder of the golden files>. Gradients are kept as norms and evenly strided values.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensorsPath, type TensorFile } from '@foreword/tensor/node';
import type { ContrastiveGolden, FeatureGolden } from './golden-figures.ts';
import { stridedValues } from './golden-figures.ts';

const folder = process.argv[2];
if (!folder) throw new Error('usage: extract.ts <folder of the golden files>');

const save = (name: string, value: object): void =>
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(value)}\n`);

const values = async (file: TensorFile, name: string): Promise<number[]> => [...(await file.readAsF32(name))];

async function saveFeatures(): Promise<void> {
  const file = await openSafetensorsPath(join(folder, 'clip-tiny.safetensors'));
  const golden: FeatureGolden = {
    seed: file.metadata.seed,
    prefix: file.metadata.prefix,
    config: JSON.parse(file.metadata.config),
    rules: JSON.parse(file.metadata.rules),
    tokens: [...(await file.readAsI32('tokens'))],
    imageFeatures: await values(file, 'random_pixels.features'),
    textFeatures: await values(file, 'tokens.features'),
    logitsPerImage: await values(file, 'logits_per_image'),
    logitsPerText: await values(file, 'logits_per_text'),
  };
  await file.close();
  save('clip-tiny.json', golden);
}

async function saveGradients(): Promise<void> {
  const file = await openSafetensorsPath(join(folder, 'clip-tiny-contrastive.safetensors'));
  const golden: ContrastiveGolden = { loss: (await file.readAsF32('loss'))[0], gradients: {} };
  for (const name of file.names()) {
    if (!name.startsWith('grad/')) continue;
    const all = await file.readAsF32(name);
    const norm = Math.hypot(...all);
    golden.gradients[name.slice('grad/'.length)] = { norm, values: stridedValues(all) };
  }
  await file.close();
  save('clip-tiny-contrastive.json', golden);
}

await saveFeatures();
await saveGradients();
