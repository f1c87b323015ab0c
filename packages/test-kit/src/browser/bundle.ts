// One script from the packages' sources.
import { build, type BuildOptions } from 'esbuild';

/** @throws Error when the bundler has anything to say */
export async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles, errors, warnings } = await build({
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['foreword-source'],
    logLevel: 'silent',
    ...options,
  });
  const said = [...errors, ...warnings];
  if (said.length > 0) throw new Error(`esbuild: ${said.map(({ text }) => text).join('; ')}`);
  return outputFiles![0].text;
}
