// What the benchmark asks an engine that runs in a process of its own: one JSON line each way per question.
import { uniformValues } from '../uniform-values.ts';

/** Who answers. */
export interface EngineFacts {
  name: string;
  version: string;
  /** Vendor, device and description as WebGPU tells them; equal in two engines on the same adapter. */
  adapter: string;
}

export interface StepResult {
  ms: number;
  loss: number;
}

export interface MatmulResult {
  /** One product each, read back to the host. */
  timesMs: number[];
  /** Some elements of the product, to see that engines compute the same. */
  sample: number[];
}

/** What one training step consists of, as far as the engine can tell. */
export interface StepFacts {
  /** Dispatches of one step. */
  kernels: number;
  kernelNames?: Record<string, number>;
  flops: number;
  bytes: number;
  /** Sums of kernel times from timestamp queries; empty where there are none. */
  gpuMs: number[];
}

/** An engine under test; each method is one question. `open` comes first, `firstStep` before `step`. */
export interface Engine {
  open(): Promise<EngineFacts>;
  /** From weights on the host to the first loss on the host: upload, planning and compilation included. */
  firstStep(): Promise<StepResult>;
  step(): Promise<StepResult>;
  stepFacts(repeats: number): Promise<StepFacts>;
  /** `count` products of two `size` × `size` f32 matrices. */
  matmul(size: number, count: number): Promise<MatmulResult>;
}

export interface EngineRequest {
  method: keyof Engine;
  args: number[];
}

export type EngineReply = { value: unknown } | { error: string; exitCode?: number };

/** Seed of the matrices that engines multiply. */
export const matmulSeed = 7;

/** Sixteen elements from all over a matrix of `size` columns, by index. */
const samplePlaces = (size: number): number[] =>
  Array.from({ length: 16 }, (_, i) => Math.floor((i * size * size) / 16) + ((i * 37) % size));

/** The elements of a [size, size] matrix that engines report. */
export const sampleOf = (values: ArrayLike<number>, size: number): number[] =>
  samplePlaces(size).map((place) => values[place]);

/** The same elements of the product in float64. */
export function expectedSample(size: number): number[] {
  const uniform = uniformValues(matmulSeed);
  const [a, b] = [uniform(size * size, 1), uniform(size * size, 1)];
  return samplePlaces(size).map((place) => {
    const [row, column] = [Math.floor(place / size), place % size];
    let total = 0;
    for (let k = 0; k < size; k++) total += a[row * size + k] * b[k * size + column];
    return total;
  });
}

/** Runs `work` and says how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}
