// The dependency rule: who may import whom, what must be declared, and where npm `webgpu` may be loaded.
import { readManifests, scope } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { packageRules, testOnlyPackages, webgpuImporters } from './package-rules.ts';
import type { PackageRule } from './package-rules.ts';
import { readImports, splitPackageSpecifier } from './read-imports.ts';
import { readRequired } from './repository.ts';
import type { Check, Repository } from './repository.ts';

/** Judges imports and declared dependencies of all packages by `packageRules`. */
export const checkBoundaries: Check = {
  name: 'boundaries',
  find(repository) {
    const problems: string[] = [];
    for (const [folder, manifest] of readManifests(repository)) {
      const rule = packageRules[folder];
      if (!rule) {
        problems.push(`packages/${folder} has no row in packages/checks/src/package-rules.ts`);
        continue;
      }
      problems.push(...judgeManifest(folder, manifest, rule));
      for (const path of repository.files) {
        if (!path.startsWith(`packages/${folder}/`) || !/\.(m?ts|m?js)$/.test(path)) continue;
        problems.push(...judgeFile(repository, path, { folder, manifest, rule }));
      }
    }
    return problems;
  },
};

function judgeManifest(folder: string, manifest: Manifest, rule: PackageRule): string[] {
  const problems: string[] = [];
  const judge = (
    dependencies: Record<string, string> = {},
    allowed: readonly string[],
    field: string,
  ): void => {
    for (const [name, version] of Object.entries(dependencies)) {
      if (!name.startsWith(scope)) continue;
      const target = name.slice(scope.length);
      const where = `packages/${folder}/package.json: ${field}: ${name}`;
      if (!allowed.includes(target)) problems.push(`${where} is not allowed; it may use ${sayList(allowed)}`);
      if (version !== 'workspace:*') problems.push(`${where} must be "workspace:*", not "${version}"`);
    }
  };
  judge(manifest.dependencies, rule.uses, 'dependencies');
  judge(manifest.optionalDependencies, rule.uses, 'optionalDependencies');
  judge(manifest.peerDependencies, rule.uses, 'peerDependencies');
  judge(manifest.devDependencies, [...rule.uses, ...testOnlyPackages], 'devDependencies');
  return problems;
}

interface Owner {
  folder: string;
  manifest: Manifest;
  rule: PackageRule;
}

function judgeFile(repository: Repository, path: string, { folder, manifest, rule }: Owner): string[] {
  const isSource = path.startsWith(`packages/${folder}/src/`);
  const allowed = isSource ? rule.uses : [...rule.uses, ...testOnlyPackages, folder];
  const declared = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  };
  const problems: string[] = [];
  for (const { specifier, line } of readImports(path, readRequired(repository, path))) {
    const at = `${path}:${line}`;
    const target = splitPackageSpecifier(specifier);
    if (!target) {
      const escapes = specifier.startsWith('.') && leavesPackage(path, specifier);
      if (escapes) problems.push(`${at}: ${specifier} reaches into another package; import it by its name`);
      continue;
    }
    const { name } = target;
    if (name === 'webgpu' && !webgpuImporters.test(path)) {
      problems.push(`${at}: only packages/tensor/src/node*.ts may import webgpu; use @foreword/tensor/node`);
    }
    if (name.startsWith(scope)) {
      const other = name.slice(scope.length);
      if (!allowed.includes(other))
        problems.push(`${at}: ${folder} must not use ${other}; it may use ${sayList(allowed)}`);
    }
    if (isSource && !Object.hasOwn(declared, name)) {
      problems.push(`${at}: ${name} is not among the dependencies in packages/${folder}/package.json`);
    }
  }
  return problems;
}

function leavesPackage(path: string, specifier: string): boolean {
  const depthInPackage = path.split('/').length - 3;
  const ups = specifier.split('/').filter((part) => part === '..').length;
  return ups > depthInPackage;
}

function sayList(names: readonly string[]): string {
  return names.length === 0 ? 'no workspace package' : names.join(', ');
}
