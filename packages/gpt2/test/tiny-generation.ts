// What the tests of generation share: a tiny model, prefixes for three items, a generator.
//
// Every new shape costs a software adapter seconds of compiling, so all tests share a few: N × P = 9 rows of
// prefix, 3 or 9 rows of steps, 8 tokens (one fewer than the model has positions for).
import { openDevice, tensor, type Device, type Tensor } from '@foreword/tensor/node';
import { Gpt2Generator, type GenerateOptions, type Generation, type Gpt2 } from '../src/index.ts';
import { tinyConfig, tinyModel } from './tiny-model.ts';

/** Channels, prefix rows, items. */
export const C = tinyConfig.n_embd;
export const P = 3;
export const N = 3;
export const maxTokens = 8;
export const stop: readonly number[] = [3, 12, 20];

export interface TinyGeneration {
  device: Device;
  model: Gpt2;
  generator: Gpt2Generator;
  /** Prefixes of `count` items from item `first` on: [count, P, C]. */
  prefixOf(first: number, count: number): Tensor;
  /** Generates after them. */
  generate(options: Omit<GenerateOptions, 'prefix'>, first?: number, count?: number): Promise<Generation[]>;
  close(): void;
}

export async function openTinyGeneration(): Promise<TinyGeneration> {
  const device = await openDevice();
  const model = tinyModel(device, { n_positions: P + maxTokens });
  const generator = new Gpt2Generator(model, { maxSessions: 12 });
  const values = Float32Array.from({ length: N * P * C }, (_, i) => Math.sin(i * i));
  const prefixOf = (first: number, count: number): Tensor =>
    tensor(device, values.subarray(first * P * C, (first + count) * P * C), [count, P, C]);
  return {
    device,
    model,
    generator,
    prefixOf,
    generate: (options, first = 0, count = N) =>
      device.scope(() => generator.generate({ ...options, prefix: prefixOf(first, count) })),
    close() {
      generator.dispose();
      device.close();
    },
  };
}
