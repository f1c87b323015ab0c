// Bundles the suites of all packages with what runs them, for one runtime.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundle } from '../browser/bundle.ts';
import type { RunOptions } from './run-suites.ts';

/** A README is its first program. */
const readmePrograms: Plugin = {
  name: 'README programs',
  setup({ onLoad }) {
    onLoad({ filter: /README\.md$/ }, async ({ path }) => {
      const [, contents] = /```ts\n(.*?)```/s.exec(await readFile(path, 'utf8')) ?? [];
      return contents === undefined
        ? { errors: [{ text: `${path} has no program in TypeScript` }] }
        : { contents, loader: 'ts' };
    });
  },
};

/** Dawn is found where the package that wants it stands, since the bundle lies elsewhere. */
const dawnWhereItIs: Plugin = {
  name: 'webgpu',
  setup({ onResolve }) {
    onResolve({ filter: /^webgpu$/ }, ({ path, resolveDir }) => ({
      path: pathToFileURL(createRequire(join(resolveDir, 'x')).resolve(path)).href,
      external: true,
    }));
  },
};

/** Outside Node `@foreword/tensor/node` is `@foreword/tensor`, which takes `navigator.gpu`. */
const tensorWithoutDawn: Plugin = {
  name: 'tensor',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@foreword\/tensor\/node$/ }, ({ kind, resolveDir }) =>
      resolve('@foreword/tensor', { kind, resolveDir }),
    );
  },
};

/** One script. */
export function bundleSuites(
  files: readonly string[],
  options: RunOptions,
  { isNode }: { isNode: boolean },
): Promise<string> {
  const runner = fileURLToPath(new URL('run-suites.ts', import.meta.url));
  const contents = [
    `import { runSuites } from ${JSON.stringify(runner)};`,
    ...files.map((file, i) => `import { open as open${i} } from ${JSON.stringify(file)};`),
    `await runSuites([${files.map((_, i) => `open${i}`).join(', ')}], ${JSON.stringify(options)});`,
  ].join('\n');
  return bundle({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    platform: isNode ? 'node' : 'browser',
    plugins: [readmePrograms, isNode ? dawnWhereItIs : tensorWithoutDawn],
  });
}
