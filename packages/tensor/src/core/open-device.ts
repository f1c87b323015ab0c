// Opens a device on a given `GPU` object (a browser's navigator.gpu, or Dawn's in Node).
import { summariseAdapter } from './adapter.ts';
import { Device, type DeviceOptions } from './device.ts';
import { NoAdapterError } from './errors.ts';
import { probeMatrices } from '../ops/product/probe-matrices.ts';

export interface OpenOptions extends DeviceOptions {
  gpu?: Pick<GPU, 'requestAdapter'>;
  powerPreference?: GPUPowerPreference;
  /** Cure shown when no adapter answers. */
  cure?: string;
  /** Feature names not to request even where offered (tests of the fallbacks). */
  without?: readonly string[];
}

const matrixFeature = 'chromium-experimental-subgroup-matrix';
const wantedFeatures = ['shader-f16', 'subgroups', 'timestamp-query', matrixFeature];

const browserCure =
  'use a browser with WebGPU (Chrome or Edge 113+, Safari 26+, Firefox 141+) over https or localhost';

/**
 * Opens a device with every limit the adapter offers and the optional features the engine can use.
 * @throws NoAdapterError when no adapter answers; its message names the cure.
 */
export async function openDevice(options: OpenOptions = {}): Promise<Device> {
  const gpu = options.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  const adapter = await gpu?.requestAdapter(
    options.powerPreference ? { powerPreference: options.powerPreference } : {},
  );
  if (!adapter) throw new NoAdapterError(`No WebGPU adapter answers here; ${options.cure ?? browserCure}.`);
  const requiredLimits: Record<string, number> = {};
  for (const key in adapter.limits) {
    const value = adapter.limits[key as keyof GPUSupportedLimits];
    if (typeof value === 'number') requiredLimits[key] = value;
  }
  const without = new Set(options.without ?? []);
  const features = wantedFeatures.filter((name) => adapter.features.has(name) && !without.has(name));
  const device = await adapter.requestDevice({
    requiredLimits,
    requiredFeatures: features as GPUFeatureName[],
  });
  const summary = summariseAdapter(adapter, new Set(features));
  // Software adapters never take subgroup matrices by themselves, and compile for half a second.
  if (summary.kind === 'gpu') {
    // Without the caller's options, which may pretend limits, and with statistics of its own.
    try {
      await probeMatrices(new Device(device, summary));
    } catch (error) {
      // A driver that does not survive the check is taken without them.
      device.destroy();
      const plain = await openDevice({ ...options, without: [...without, matrixFeature] });
      plain.adapter.subgroupMatrixFaults.push((error as Error).message);
      return plain;
    }
  }
  return new Device(device, summary, options);
}
