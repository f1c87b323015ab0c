// Shows Dawn where browsers have WebGPU, for peers that expect a browser.
import { pathToFileURL } from 'node:url';
import { fastToggles } from '@foreword/tensor/node';
import { dawnPackage } from './dawn-package.ts';

interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/**
 * Dawn without a GPU: every call is checked and recorded as ever, and nothing computed. What it costs is what this
 * side of the driver costs.
 */
export async function openNullGpu({ fast = false } = {}): Promise<GPU> {
  const toggles = ['allow_unsafe_apis', ...(fast ? fastToggles : [])];
  return (await loadDawn()).create(['backend=null', `enable-dawn-features=${toggles.join(',')}`]);
}

async function loadDawn(): Promise<Dawn> {
  const dawn = (await import(pathToFileURL(dawnPackage().entry).href)) as Dawn;
  Object.assign(globalThis, dawn.globals);
  return dawn;
}

/**
 * Opens Dawn with the flags of @foreword/tensor/node and puts it at `navigator.gpu`.
 * @returns what an engine's facts say of its adapter
 * @throws Error with exit code 3 when no adapter answers
 */
export async function openGpu(): Promise<string> {
  const { create } = await loadDawn();
  const flags = [
    'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia',
    'disable-dawn-features=timestamp_quantization',
  ];
  if (process.env.FOREWORD_ADAPTER) flags.push(`adapter=${process.env.FOREWORD_ADAPTER}`);
  const instance = create(flags);
  // Peers ask for the fast one of several GPUs, this project for the default one; all get the default.
  const gpu = { requestAdapter: () => instance.requestAdapter() };
  const value = { gpu, userAgent: 'node', hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
  const adapter = await instance.requestAdapter();
  if (!adapter) throw Object.assign(new Error('no WebGPU adapter answers'), { exitCode: 3 });
  const { vendor, device, description } = adapter.info;
  return [vendor, device, description].join(' · ');
}

/** Dispatches that `work` makes on any device of this process. */
export async function countDispatches(work: () => Promise<unknown>): Promise<number> {
  const pass = GPUComputePassEncoder.prototype;
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = pass;
  let count = 0;
  pass.dispatchWorkgroups = function (this: GPUComputePassEncoder, ...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  pass.dispatchWorkgroupsIndirect = function (this: GPUComputePassEncoder, ...where) {
    count++;
    return dispatchWorkgroupsIndirect.apply(this, where);
  };
  try {
    await work();
    return count;
  } finally {
    Object.assign(pass, { dispatchWorkgroups, dispatchWorkgroupsIndirect });
  }
}
