// The engine packages as others get them: packed, installed into an empty project elsewhere, imported, run.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openRepository } from '../src/index.ts';
import { readManifests, scope } from '../src/manifest.ts';
import { packedPrograms } from './packed-programs.ts';

const test = suite('pack', { timeLimitSeconds: 420 });
const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifests = readManifests(openRepository(root));
const engine = ['tensor', 'torch-file', 'clip', 'gpt2', 'prefix-mapper'].filter((name) =>
  manifests.has(name),
);
const packages = withDependencies(engine);
let folder = '';
let project = '';

/** `names` and every workspace package they need to run. */
function withDependencies(names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const dependency of Object.keys(manifests.get(name)?.dependencies ?? {})) {
      if (dependency.startsWith(scope)) visit(dependency.slice(scope.length));
    }
  };
  names.forEach(visit);
  return [...found].sort();
}

/** Runs a program and gives its stdout; what it printed is part of the error when it fails. */
function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

const archiveOf = (name: string): string => join(folder, 'archives', `foreword-${name}-0.1.0.tgz`);

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreword-pack-'));
  project = join(folder, 'project');
  mkdirSync(project);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  run(
    process.execPath,
    [tsc, '-b', '--pretty', 'false', ...packages.map((name) => `packages/${name}`)],
    root,
  );
  for (const name of packages) {
    run('pnpm', ['pack', '--pack-destination', join(folder, 'archives')], join(root, 'packages', name));
  }
  const archives = Object.fromEntries(packages.map((name) => [scope + name, `file:${archiveOf(name)}`]));
  const manifest = { name: 'outsider', private: true, type: 'module', dependencies: archives };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  // The packages are on no registry yet, so what they need of each other has to be pointed at the archives too.
  // webgpu has an install script (it lifts macOS's quarantine), which pnpm wants allowed by name.
  const overrides = Object.entries(archives).map(([name, archive]) => `  '${name}': '${archive}'\n`);
  writeFileSync(
    join(project, 'pnpm-workspace.yaml'),
    `allowBuilds:\n  webgpu: true\noverrides:\n${overrides.join('')}`,
  );
  run('pnpm', ['install', '--prefer-offline'], project);
});

test.after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

test('the archives hold built files, sources, README and licence, and nothing else', () => {
  assert.equal(readdirSync(join(folder, 'archives')).length, packages.length);
  for (const name of packages) {
    const files = run('tar', ['-tzf', archiveOf(name)], folder)
      .trim()
      .split('\n');
    const top = [...new Set(files.map((path) => path.split('/')[1]))].sort();
    assert.equal(top, ['LICENSE', 'README.md', 'dist', 'package.json', 'src'], name);
    const tests = files.filter((path) => /\.test\.|\/node_modules\//.test(path));
    assert.equal(tests, [], name);
  }
});

test('nothing in the installed packages points back into the workspace', () => {
  for (const name of packages) {
    const text = readFileSync(join(project, 'node_modules', scope + name, 'package.json'), 'utf8');
    assert.not.match(text, 'workspace:', name);
  }
});

for (const name of packages) {
  test(`${name} runs in an empty project`, () => {
    const program = packedPrograms[name];
    assert.ok(program, `write a program for ${name} in test/packed-programs.ts`);
    const file = join(project, `use-${name}.mjs`);
    writeFileSync(file, `import assert from 'node:assert/strict';\n${program}\nconsole.log('fine');\n`);
    assert.is(run(process.execPath, [file], project).trimEnd().split('\n').at(-1), 'fine');
  });
}

test('the types are found by a project without this workspace’s settings', () => {
  const imports = packages.map((name, i) => `import * as p${i} from '${scope}${name}';`);
  const names = packages.map((_, i) => `p${i}`).join(', ');
  writeFileSync(
    join(project, 'types.ts'),
    `${imports.join('\n')}\nexport const all: object[] = [${names}];\n`,
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const settings = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    '',
  ];
  run(process.execPath, [tsc, ...settings, 'types.ts'], project);
});

test.run();
