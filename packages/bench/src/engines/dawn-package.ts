// Where the npm package `webgpu` lies that @foreword/tensor uses, so that a peer runs on the very same Dawn.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface DawnPackage {
  /** File to import. */
  entry: string;
  version: string;
}

/** @throws Error when `webgpu` is not installed */
export function dawnPackage(): DawnPackage {
  const entry = createRequire(import.meta.resolve('@foreword/tensor/node')).resolve('webgpu');
  const text = readFileSync(join(dirname(entry), 'package.json'), 'utf8');
  return { entry, version: (JSON.parse(text) as { version: string }).version };
}
