// What the benchmark asks an engine that runs in a process of its own: one JSON line each way per question.

/** Who answers. */
export interface EngineFacts {
  name: string;
  version: string;
  /**
   * Vendor, device and description as WebGPU tells them, equal in two engines on the same adapter. Null for an
   * engine that runs on the CPU or does not tell.
   */
  adapter: string | null;
  /** The card it computes on, in words of its own, where it does not tell it as WebGPU does. */
  card?: string;
}

/** Runs of one work. */
export interface WorkResult {
  timesMs: number[];
  /** Some elements of what each run computed, one run after the other, to see that engines compute the same. */
  sample: number[];
}

/** What one run consists of, as far as the engine can tell. */
export interface WorkFacts {
  /** Dispatches of one run. */
  kernels: number;
  kernelNames?: Record<string, number>;
  flops: number;
  bytes: number;
  /** Sums of kernel times from timestamp queries; empty where there are none. */
  gpuMs: number[];
}

/** An engine under test; each method is one question. `open` comes first, `start` before `run` and `facts`. */
export interface Engine {
  open(): Promise<EngineFacts>;
  /**
   * From values on the host to the first result on the host: upload, planning and compilation included.
   * `description` is JSON for engines in other languages (`describeWork`).
   */
  start(work: string, description?: string): Promise<WorkResult>;
  /** `count` more runs of the work that was started. */
  run(work: string, count: number): Promise<WorkResult>;
  /** Null where the engine knows nothing about itself. */
  facts(work: string, repeats: number): Promise<WorkFacts | null>;
  /** Frees the work's memory. */
  finish(work: string): Promise<null>;
}

export interface EngineRequest {
  method: keyof Engine;
  args: (string | number)[];
}

export type EngineReply = { value: unknown } | { error: string; exitCode?: number };
