// A process that loads one model and prints, as JSON, how long that took and how much memory.
// Arguments: clip or gpt2, the folder, f32 or f16.
import { openDevice } from '@foreword/tensor/node';
import { openClip, openGpt2 } from './open-model.ts';

/** What the process prints. */
export interface Loading {
  ms: number;
  /** Most resident memory above that of the process with its device open; on a software adapter it holds the GPU's too. */
  peakBytes: number;
  /** Bytes of tensors on the GPU afterwards. */
  gpuBytes: number;
}

const [name, folder, dtype] = process.argv.slice(2) as ['clip' | 'gpt2', string, 'f32' | 'f16'];
const device = await openDevice();
await device.finish();
const before = process.memoryUsage.rss();
const start = performance.now();
const model = await (name === 'clip' ? openClip : openGpt2)(device, folder, dtype);
await device.finish();
const loading: Loading = {
  ms: performance.now() - start,
  peakBytes: process.resourceUsage().maxRSS * 1024 - before,
  gpuBytes: device.stats.liveBytes,
};
console.log(JSON.stringify(loading));
model.dispose();
device.close();
