// A repository that lives in a test: paths and texts.
import type { Repository } from '../src/index.ts';

/** `files` maps paths to texts. */
export function memoryRepository(files: Record<string, string>): Repository {
  return {
    files: Object.keys(files).sort(),
    read: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
  };
}

/** A well-formed manifest of the package in `folder`, changed by `changes`. */
export function manifestText(folder: string, changes: Record<string, unknown> = {}): string {
  const manifest = {
    name: `@foreword/${folder}`,
    license: 'MIT',
    type: 'module',
    engines: { node: '>=20.19' },
    exports: {
      '.': { 'foreword-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
    },
    files: ['dist', 'src', 'README.md', 'LICENSE'],
    scripts: { build: 'tsc -b', test: 'uvu' },
    ...changes,
  };
  return JSON.stringify(manifest);
}

/** Files of a well-formed package with one source file. */
export function packageFiles(
  folder: string,
  source: string,
  changes: Record<string, unknown> = {},
): Record<string, string> {
  return {
    [`packages/${folder}/package.json`]: manifestText(folder, changes),
    [`packages/${folder}/tsconfig.json`]: '{}',
    [`packages/${folder}/README.md`]: '',
    [`packages/${folder}/src/index.ts`]: source,
  };
}
