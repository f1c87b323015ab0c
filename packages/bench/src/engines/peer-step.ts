// A training step of a peer that tells nothing of itself but its loss.
import { countDispatches } from './open-gpu.ts';
import type { RunningWork } from './serve-engine.ts';

/** On WebGPU the dispatches of one more step are counted; a step knows nothing else about itself. */
export function peerStep(
  training: { next(): Promise<number> },
  { backend }: { backend: 'webgpu' | 'wasm' },
): RunningWork {
  const next = async (): Promise<{ values: number[] }> => ({ values: [await training.next()] });
  if (backend === 'wasm') return { next };
  return {
    next,
    facts: async () => ({ kernels: await countDispatches(next), flops: 0, bytes: 0, gpuMs: [] }),
  };
}
