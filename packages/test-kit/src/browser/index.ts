// What tests in a real browser share: where Chromium is, how it is started, and the page's script.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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
export async function bundlePage(entry: URL): Promise<string> {
  const { outputFiles, errors, warnings } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['foreword-source'],
    logLevel: 'silent',
  });
  const said = [...errors, ...warnings];
  if (said.length > 0) throw new Error(`esbuild: ${said.map(({ text }) => text).join('; ')}`);
  return outputFiles[0].text;
}
