// A small random GPT-2 for tests that need no golden: quick to compile, and lively enough to say different things.
import { tensor, type Device, type Tensor } from '@foreword/tensor/node';
import type { StorageOptions } from '@foreword/nn';
import { Gpt2, parseGpt2Config, type Gpt2ConfigInput } from '../src/index.ts';

export const tinyConfig = parseGpt2Config({
  vocab_size: 37,
  n_positions: 24,
  n_embd: 16,
  n_layer: 2,
  n_head: 2,
  initializer_range: 0.3,
});

export const tinyModel = (device: Device, changes: Gpt2ConfigInput = {}, options?: StorageOptions): Gpt2 =>
  Gpt2.random(device, parseGpt2Config({ ...tinyConfig, ...changes }), 5, options);

/** Token ids as a u32 tensor. */
export const idTensor = (
  device: Device,
  ids: readonly number[],
  shape: readonly number[] = [ids.length],
): Tensor => tensor(device, ids, shape, { dtype: 'u32' });
