// Loads a GPT-2 from a folder in a process of its own and prints, as JSON, the seconds and the memory it took.
// Arguments: the folder, f32 or f16.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevice, openSafetensorsPath } from '@foreword/tensor/node';
import { loadGpt2 } from '../../src/index.ts';

const [folder, dtype] = process.argv.slice(2);
const device = await openDevice();
// Whatever the adapter allocates at its first work belongs to the baseline.
await device.finish();
const baselineBytes = process.memoryUsage.rss();
const started = performance.now();
const weights = await openSafetensorsPath(join(folder, 'model.safetensors'));
const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
const gpt2 = await loadGpt2(device, { config, weights, dtype: dtype as 'f32' | 'f16' });
const seconds = (performance.now() - started) / 1000;
await weights.close();
const peakBytes = process.resourceUsage().maxRSS * 1024 - baselineBytes;
const heldBytes = process.memoryUsage.rss() - baselineBytes;
console.log(JSON.stringify({ seconds, peakBytes, heldBytes, gpuBytes: device.stats.liveBytes }));
gpt2.dispose();
device.close();
