// Entries meant for browsers must not reach anything that only Node has.
import { posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { readManifests, scope } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { nodeOnlyFile, packageRules } from './package-rules.ts';
import { readImports, splitPackageSpecifier } from './read-imports.ts';
import type { Check, Repository } from './repository.ts';

/**
 * Follows the imports of every entry of the packages that run anywhere, except entries called `node`, through
 * the workspace, and reports `node:` modules, npm `webgpu`, and uses of `process`, `Buffer` and `require`.
 */
export const checkBrowserEntries: Check = {
  name: 'browser entries',
  find(repository) {
    const manifests = readManifests(repository);
    const problems: string[] = [];
    const seen = new Map<string, string>();
    const queue: string[] = [];
    const visit = (path: string, from: string): void => {
      if (seen.has(path) || repository.read(path) === undefined) return;
      seen.set(path, from);
      queue.push(path);
    };
    for (const [folder, manifest] of manifests) {
      if (packageRules[folder]?.runs !== 'anywhere') continue;
      for (const [entry, target] of sourceEntries(manifest)) {
        const path = posix.join('packages', folder, target);
        if (!/(^|[/-])node$/.test(entry) && !nodeOnlyFile.test(path))
          visit(path, `entry ${entry} of ${folder}`);
      }
    }
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const { needs, next } = judgeFile(repository, manifests, path);
      for (const need of needs) problems.push(`${need} (reached in a browser: ${trace(path, seen)})`);
      for (const target of next) visit(target, path);
    }
    return problems;
  },
};

/** What one file needs of Node, and the workspace files it loads. */
function judgeFile(
  repository: Repository,
  manifests: ReadonlyMap<string, Manifest>,
  path: string,
): { needs: string[]; next: string[] } {
  const source = repository.read(path) ?? '';
  const needs = nodeGlobals(path, source).map(({ name, line }) => `${path}:${line}: uses ${name}`);
  const next: string[] = [];
  for (const { specifier, typeOnly, line } of readImports(path, source)) {
    if (typeOnly) continue;
    const target = splitPackageSpecifier(specifier);
    if (specifier.startsWith('node:') || target?.name === 'webgpu') {
      needs.push(`${path}:${line}: imports ${specifier}`);
    } else if (specifier.startsWith('.')) {
      next.push(posix.join(posix.dirname(path), specifier));
    } else if (target?.name.startsWith(scope)) {
      const folder = target.name.slice(scope.length);
      const file = manifests.get(folder)?.exports?.[target.entry]?.['foreword-source'];
      if (file !== undefined) next.push(posix.join('packages', folder, file));
    }
  }
  return { needs, next };
}

function sourceEntries(manifest: Manifest): [entry: string, path: string][] {
  return Object.entries(manifest.exports ?? {}).flatMap(([entry, conditions]) => {
    const path = conditions['foreword-source'];
    return path === undefined ? [] : [[entry, path] as [string, string]];
  });
}

function trace(path: string, seen: ReadonlyMap<string, string>): string {
  const steps: string[] = [];
  for (let from = seen.get(path); from !== undefined; from = seen.get(from)) steps.unshift(from);
  return steps.join(' → ');
}

const nodeNames = new Set(['process', 'Buffer', 'require', '__dirname', '__filename']);

/** Places where a file takes a property of, calls or constructs a global that browsers lack. */
function nodeGlobals(path: string, source: string): { name: string; line: number }[] {
  const found: { name: string; line: number }[] = [];
  const look = (node: { type: string; name?: unknown; start: number }): void => {
    if (node.type !== 'Identifier' || typeof node.name !== 'string' || !nodeNames.has(node.name)) return;
    found.push({ name: node.name, line: source.slice(0, node.start).split('\n').length });
  };
  new Visitor({
    MemberExpression: (node) => look(node.object),
    CallExpression: (node) => look(node.callee),
    NewExpression: (node) => look(node.callee),
  }).visit(parseSync(path, source).program);
  return found;
}
