// The package.json of each workspace package, as far as the checks need it.
import { readRequired } from './repository.ts';
import type { Repository } from './repository.ts';

/** Fields of a package.json. */
export interface Manifest {
  name?: string;
  private?: boolean;
  license?: string;
  type?: string;
  engines?: { node?: string };
  exports?: Record<string, Record<string, string>>;
  files?: string[];
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** Manifests by folder name under `packages/`, in alphabetical order. */
export function readManifests(repository: Repository): Map<string, Manifest> {
  const manifests = new Map<string, Manifest>();
  for (const path of repository.files) {
    const folder = /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1];
    if (folder !== undefined) manifests.set(folder, JSON.parse(readRequired(repository, path)) as Manifest);
  }
  return manifests;
}

/** The scope of every package of this workspace. */
export const scope = '@foreword/';
