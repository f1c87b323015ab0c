// What tests in a real browser share: where Chromium is, how it is started, the page's script and its server.
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';

export { servePage, type Page, type ServedPage } from './serve-page.ts';

export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** For headless tests as any user, without traffic of its own. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Turns WebGPU on, on the software adapter that Chromium brings. */
export const webGpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/**
 * One script of a page, made from the packages' sources.
 * @throws Error when the bundler has anything to say
 */
export const bundlePage = (entry: URL): Promise<string> => bundle({ entryPoints: [fileURLToPath(entry)] });
