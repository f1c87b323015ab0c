// Dawn, WebGPU outside browsers (npm `webgpu`): loaded when it is first asked for.
import { NoAdapterError } from './core/errors.ts';

interface DawnModule {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

async function loadDawn(): Promise<DawnModule> {
  try {
    return (await import('webgpu')) as unknown as DawnModule;
  } catch (error) {
    throw new NoAdapterError(
      `The npm package "webgpu" (Dawn) could not be loaded: ${(error as Error).message}. ` +
        `Install it with \`pnpm add webgpu\` and run \`pnpm run doctor\`.`,
    );
  }
}

const instances = new Map<string, GPU>();

/**
 * Dawn's `gpu` under these flags, with WebGPU's constants made global. One instance per set of flags is kept as long as
 * the process: when one is collected, whatever its devices still have to do crashes the process, and devices of other
 * instances with it.
 * @throws NoAdapterError when the package cannot be loaded.
 */
export async function dawnInstance(flags: readonly string[]): Promise<GPU> {
  const dawn = await loadDawn();
  for (const [name, value] of Object.entries(dawn.globals)) {
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const key = flags.join(' ');
  const instance = instances.get(key) ?? dawn.create([...flags]);
  instances.set(key, instance);
  return instance;
}
