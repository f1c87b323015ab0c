// Every package.json has what the workspace and its users rely on.
import { readManifests, scope } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { readRequired } from './repository.ts';
import type { Check, Repository } from './repository.ts';

/** Name, licence, entries, published files, and the compiler's project references. */
export const checkManifests: Check = {
  name: 'manifests',
  find(repository) {
    const problems: string[] = [];
    for (const [folder, manifest] of readManifests(repository)) {
      const expect = (right: boolean, rule: string): void => {
        if (!right) problems.push(`packages/${folder}/package.json: ${rule}`);
      };
      expect(manifest.name === scope + folder, `name must be ${scope}${folder}`);
      expect(manifest.license === 'MIT', 'license must be MIT');
      expect(manifest.type === 'module', 'type must be module');
      expect(manifest.engines?.node === '>=20.19', 'engines.node must be >=20.19');
      // The package that only makes the API pages has no sources.
      if (repository.files.some((path) => path.startsWith(`packages/${folder}/src/`))) {
        expect(manifest.scripts?.build === 'tsc -b', 'scripts.build must be "tsc -b"');
        expect(manifest.scripts?.test !== undefined, 'scripts.test is missing');
      }
      for (const [entry, conditions] of Object.entries(manifest.exports ?? {})) {
        const order = Object.keys(conditions).join(', ');
        expect(
          order === 'foreword-source, types, default',
          `exports["${entry}"]: conditions must be foreword-source, types, default, in this order`,
        );
        const source = `packages/${folder}/${(conditions['foreword-source'] ?? '').replace(/^\.\//, '')}`;
        expect(repository.files.includes(source), `exports["${entry}"]: ${source} does not exist`);
        const built = source.replace(`packages/${folder}/src/`, './dist/');
        expect(
          conditions.default === built.replace(/\.ts$/, '.js'),
          `exports["${entry}"].default must be the built ${source}`,
        );
        expect(
          conditions.types === built.replace(/\.ts$/, '.d.ts'),
          `exports["${entry}"].types must be the built ${source}`,
        );
      }
      if (manifest.private !== true) {
        for (const file of ['dist', 'src', 'README.md', 'LICENSE']) {
          expect(manifest.files?.includes(file) === true, `files must list ${file}`);
        }
      }
      if (!repository.files.includes(`packages/${folder}/README.md`))
        problems.push(`packages/${folder}/README.md is missing`);
      problems.push(...missingReferences(repository, folder, manifest));
    }
    return problems;
  },
};

// `tsc -b` builds in the right order only when tsconfig.json names every workspace package that is used.
function missingReferences(repository: Repository, folder: string, manifest: Manifest): string[] {
  const path = `packages/${folder}/tsconfig.json`;
  if (!repository.files.includes(path)) return [`${path} is missing`];
  const config = JSON.parse(readRequired(repository, path)) as { references?: { path: string }[] };
  const referred = (config.references ?? []).map((reference) => reference.path.replace(/^\.\.\//, ''));
  const used = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));
  return used
    .filter((name) => !referred.includes(name))
    .map((name) => `${path}: references must list {"path": "../${name}"}`);
}
