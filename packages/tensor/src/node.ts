// The Node entry: opens a device through Dawn (npm `webgpu`), and everything the browser entry exports.
import { openDevice as open, type OpenOptions } from './core/open-device.ts';
import type { Tuning } from './core/choices.ts';
import type { Device } from './core/device.ts';
import { NoAdapterError } from './core/errors.ts';
import { noAdapterCure } from './core/no-adapter-cure.node.ts';
import { dawnInstance } from './node-dawn.ts';
import { readTuning } from './tune/saved-tuning.node.ts';
import { adapterKey } from './tune/tune.ts';

export * from './index.ts';
export { fileSource, openSafetensorsPath } from './safetensors/file-source.node.ts';
export { readTuning, tuningFile } from './tune/saved-tuning.node.ts';

export interface NodeOpenOptions extends Omit<OpenOptions, 'gpu' | 'tuning'> {
  /** Which kernels to take; default what `pnpm tune` saved for this adapter, if anything. False: none of it. */
  tuning?: Pick<Tuning, 'choices'> | false;
  /** Part of an adapter's name, in its letters' case; default the environment variable FOREWORD_ADAPTER. */
  adapter?: string;
  /** Native toggles that trade checks for speed (no robustness, no validation); off by default. */
  fast?: boolean;
}

/** Dawn's toggles behind {@link NodeOpenOptions.fast}: indices are not clamped, calls not checked. */
export const fastToggles: readonly string[] = ['disable_robustness', 'skip_validation'];

/**
 * Dawn's `gpu` where only adapters with `name` in theirs may answer. Dawn rejects when there are others only, with a
 * message that lists them.
 */
const onlyNamed = (gpu: GPU, name: string): Pick<GPU, 'requestAdapter'> => ({
  async requestAdapter(options) {
    try {
      return await gpu.requestAdapter(options);
    } catch (error) {
      const { message } = error as Error;
      const names = [...message.matchAll(/name: '(.*)'/g)].map(([, found]) => `"${found}"`);
      throw new NoAdapterError(
        `No WebGPU adapter has "${name}" in its name, as FOREWORD_ADAPTER or --adapter asks; ` +
          `leave it out to take the default, or take one of: ${names.join(', ') || message}.`,
      );
    }
  },
});

/**
 * Opens a device in Node.
 * @throws NoAdapterError (exit code 3) with the cure for this operating system.
 */
export async function openDevice(options: NodeOpenOptions = {}): Promise<Device> {
  const toggles = ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia'];
  if (options.fast) toggles.push(...fastToggles);
  const flags = [`enable-dawn-features=${toggles.join(',')}`, 'disable-dawn-features=timestamp_quantization'];
  const wanted = options.adapter ?? process.env.FOREWORD_ADAPTER;
  if (wanted) flags.push(`adapter=${wanted}`);
  const instance = await dawnInstance(flags);
  const cure = wanted
    ? `FOREWORD_ADAPTER or --adapter asks for "${wanted}"; leave it out to take the default, or ${noAdapterCure()}`
    : noAdapterCure();
  const gpu = wanted ? onlyNamed(instance, wanted) : instance;
  const { tuning, ...others } = options;
  const device = await open({ ...others, gpu, cure });
  const found = tuning ?? (await readTuning(adapterKey(device.adapter)));
  if (found) device.choices.table = found.choices;
  return device;
}
