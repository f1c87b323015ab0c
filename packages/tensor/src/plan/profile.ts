// Times every kernel of a plan with timestamp queries: one pass per kernel, so that each has its own pair.
import type { Device } from '../core/device.ts';
import { FeatureError } from '../core/errors.ts';
import type { KernelCall } from '../kernel/kernel.ts';

export interface ProfileRow {
  name: string;
  /** GPU time in milliseconds. */
  ms: number;
  /** Bytes bound: each binding read or written once. */
  bytes: number;
  flops: number;
}

interface Runnable {
  call: KernelCall;
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  x: number;
  y: number;
}

const mostQueries = 4096;

export async function profileCalls(device: Device, calls: readonly Runnable[]): Promise<ProfileRow[]> {
  const { gpu } = device;
  if (!gpu.features.has('timestamp-query')) {
    throw new FeatureError(
      'profile: this adapter has no timestamp queries; time whole steps by the wall clock instead',
    );
  }
  const rows: ProfileRow[] = [];
  for (let from = 0; from < calls.length; from += mostQueries / 2) {
    const part = calls.slice(from, from + mostQueries / 2);
    const querySet = gpu.createQuerySet({ type: 'timestamp', count: part.length * 2 });
    const encoder = gpu.createCommandEncoder({ label: 'profile' });
    part.forEach(({ pipeline, group, x, y }, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y);
      pass.end();
    });
    const bytes = part.length * 16;
    const resolved = gpu.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const staging = gpu.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    encoder.resolveQuerySet(querySet, 0, part.length * 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    device.submit(encoder.finish(), part.length, 'profile');
    await staging.mapAsync(GPUMapMode.READ);
    const times = new BigInt64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    resolved.destroy();
    querySet.destroy();
    part.forEach(({ call }, i) => {
      rows.push({
        name: call.name,
        ms: Number(times[2 * i + 1] - times[2 * i]) / 1e6,
        bytes: call.bindings.reduce((sum, b) => sum + b.byteLength, 0),
        flops: call.flops,
      });
    });
  }
  return rows;
}
