// The whole golden files, which lie outside the repository: where, which model, which texts.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { textInputs } from '@foreword/clip';
import { tensor, type Device, type Tensor, type TensorFile } from '@foreword/tensor';
import type { GoldenModel } from './golden-figures.ts';

/** `FOREWORD_TEST_DATA`, or `shared/data` beside the repository; the golden files lie beside it. */
export const dataFolder =
  process.env.FOREWORD_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
export const goldenFolder = join(dirname(dataFolder), 'golden');

/** The model that a golden file describes. */
export const modelOf = ({ metadata }: TensorFile): GoldenModel => ({
  seed: metadata.seed,
  prefix: metadata.prefix,
  config: JSON.parse(metadata.config),
  rules: JSON.parse(metadata.rules),
});

/** The file's token rows as a text tower takes them. */
export async function texts(device: Device, file: TensorFile): Promise<{ tokens: Tensor; ends: Tensor }> {
  const [B, T] = file.info('tokens').shape;
  const { tokens, ends, length } = textInputs(await file.readAsI32('tokens'), T);
  return {
    tokens: tensor(device, tokens, [B, length], { dtype: 'i32' }),
    ends: tensor(device, ends, [B], { dtype: 'i32' }),
  };
}
