// An after-each hook that fails a test when the GPU device reported errors nobody caught.
import type { TestHandler } from './suite.ts';

/** Anything that collects uncaptured GPU errors and hands them over once; `Device` of the engine does. */
export interface GpuErrorSource {
  /** Errors since the last call, which are thereby taken. May wait for the queue first. */
  takeErrors(): readonly Error[] | Promise<readonly Error[]>;
}

/**
 * Makes a hook for `test.after.each`.
 *
 * @param device the source, or a function that gives it (for devices opened in a before-hook); a function that
 *   gives undefined skips the check
 * @example test.after.each(failOnGpuErrors(() => device));
 */
export function failOnGpuErrors(device: GpuErrorSource | (() => GpuErrorSource | undefined)): TestHandler {
  return async () => {
    const source = typeof device === 'function' ? device() : device;
    const errors = (await source?.takeErrors()) ?? [];
    if (errors.length === 0) return;
    const list = errors.map((error) => `\n      ${error.message}`).join('');
    throw new Error(`${errors.length} uncaptured GPU error${errors.length === 1 ? '' : 's'}:${list}`, {
      cause: errors[0],
    });
  };
}
