// The dependency rule and the browser rule on small repositories that keep or break them.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { checkBoundaries } from '../src/check-boundaries.ts';
import { checkBrowserEntries } from '../src/check-browser-entries.ts';
import { packageRules } from '../src/package-rules.ts';
import { memoryRepository, packageFiles } from './memory-repository.ts';

const test = suite('boundaries');

function boundaryProblems(...packages: Record<string, string>[]): string {
  return checkBoundaries.find(memoryRepository(Object.assign({}, ...packages))).join('\n');
}

const uses = (...names: string[]) => ({
  dependencies: Object.fromEntries(names.map((name) => [`@foreword/${name}`, 'workspace:*'])),
});

test('the table itself: no cycles, clip and gpt2 apart, leaves know no model', () => {
  const reach = (name: string, path: string[] = []): Set<string> => {
    assert.not(path.includes(name), `cycle: ${[...path, name].join(' → ')}`);
    const found = new Set<string>();
    for (const next of packageRules[name].uses) {
      found.add(next);
      for (const further of reach(next, [...path, name])) found.add(further);
    }
    return found;
  };
  const reachable = new Map(Object.keys(packageRules).map((name) => [name, reach(name)]));
  assert.not(reachable.get('clip')?.has('gpt2'));
  assert.not(reachable.get('gpt2')?.has('clip'));
  for (const leaf of ['test-kit', 'cli-kit', 'image', 'tokenizer', 'caption-metrics', 'scenes', 'tensor']) {
    assert.is(reachable.get(leaf)?.size, 0, leaf);
  }
  const chain = ['tensor', 'clip', 'prefix-mapper', 'trainer', 'bench'];
  for (const [i, name] of chain.entries()) {
    for (const lower of chain.slice(0, i))
      assert.ok(reachable.get(name)?.has(lower), `${name} uses ${lower}`);
    for (const higher of chain.slice(i + 1))
      assert.not(reachable.get(name)?.has(higher), `${name} uses ${higher}`);
  }
});

test('an import along the arrows passes, against them fails', () => {
  assert.is(
    boundaryProblems(packageFiles('clip', "import { x } from '@foreword/tensor';", uses('tensor'))),
    '',
  );
  const against = packageFiles('tensor', "import type { X } from '@foreword/clip';", uses('clip'));
  assert.match(boundaryProblems(against), 'packages/tensor/src/index.ts:1: tensor must not use clip');
  assert.match(boundaryProblems(against), 'dependencies: @foreword/clip is not allowed');
  const sideways = packageFiles('clip', "export * from '@foreword/gpt2';", uses('gpt2'));
  assert.match(boundaryProblems(sideways), 'clip must not use gpt2; it may use tensor, nn, hub');
});

test('relative paths into another package, undeclared packages, unknown packages, fixed versions', () => {
  assert.match(
    boundaryProblems(packageFiles('clip', "import '../../tensor/src/index.ts';")),
    'reaches into another package',
  );
  assert.is(
    boundaryProblems(packageFiles('clip', '', {}), { 'packages/clip/src/a/b.ts': "import '../index.ts';" }),
    '',
  );
  assert.match(
    boundaryProblems(packageFiles('image', "import 'fast-png';")),
    'fast-png is not among the dependencies',
  );
  assert.is(
    boundaryProblems(packageFiles('image', "import 'fast-png';", { dependencies: { 'fast-png': '^1' } })),
    '',
  );
  assert.match(boundaryProblems(packageFiles('newcomer', '')), 'packages/newcomer has no row');
  const fixed = packageFiles('clip', '', { dependencies: { '@foreword/tensor': '0.1.0' } });
  assert.match(boundaryProblems(fixed), 'must be "workspace:*"');
});

test('tests may use the test kit and their own package, sources may not', () => {
  const kit = "import { suite } from '@foreword/test-kit';";
  const inTest = {
    ...packageFiles('clip', ''),
    'packages/clip/test/a.test.ts': `${kit}\nimport '@foreword/clip';`,
  };
  assert.is(boundaryProblems(inTest), '');
  assert.match(boundaryProblems(packageFiles('clip', kit)), 'clip must not use test-kit');
});

test('npm webgpu is imported by the Node entry of tensor only', () => {
  const declared = { optionalDependencies: { webgpu: '0.6.2' } };
  const load = "const { create } = await import('webgpu');";
  assert.is(
    boundaryProblems({
      ...packageFiles('tensor', '', declared),
      'packages/tensor/src/node-adapter.ts': load,
    }),
    '',
  );
  assert.match(
    boundaryProblems(packageFiles('tensor', load, declared)),
    'only packages/tensor/src/node*.ts may import webgpu',
  );
  assert.match(
    boundaryProblems(packageFiles('trainer', load, declared)),
    'only packages/tensor/src/node*.ts',
  );
});

function browserProblems(...packages: Record<string, string>[]): string[] {
  return checkBrowserEntries.find(memoryRepository(Object.assign({}, ...packages)));
}

test('browser entries: node modules are found through files and packages', () => {
  const direct = browserProblems(packageFiles('image', "import { readFile } from 'node:fs/promises';"));
  assert.equal(direct, [
    'packages/image/src/index.ts:1: imports node:fs/promises (reached in a browser: entry . of image)',
  ]);
  const indirect = browserProblems(
    packageFiles('clip', "import { load } from './load.ts';", uses('tensor')),
    { 'packages/clip/src/load.ts': "export * from '@foreword/tensor';" },
    packageFiles('tensor', "export const fs = () => import('node:fs');", {
      exports: {
        '.': { 'foreword-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      },
    }),
  );
  assert.is(indirect.length, 1);
  assert.match(indirect[0], 'packages/tensor/src/index.ts:1: imports node:fs');
});

test('browser entries: globals of Node are found, lookalikes are not', () => {
  const found = browserProblems(
    packageFiles('image', 'export const a = Buffer.from("");\nif (process.env.X) new Buffer(1);'),
  );
  assert.equal(found.map((problem) => problem.split(' (')[0]).sort(), [
    'packages/image/src/index.ts:1: uses Buffer',
    'packages/image/src/index.ts:2: uses Buffer',
    'packages/image/src/index.ts:2: uses process',
  ]);
  const harmless =
    'export const b = { process: 1, Buffer: 2 };\nb.process;\nglobalThis.process?.env;\nprocessAll();';
  assert.equal(browserProblems(packageFiles('image', harmless)), []);
});

test('browser entries: Node entries, Node packages and erased imports are free', () => {
  const node = { 'foreword-source': './src/node.ts', types: './dist/node.d.ts', default: './dist/node.js' };
  const files = {
    ...packageFiles('image', "import type { Stats } from 'node:fs';", { exports: { './node': node } }),
    'packages/image/src/node.ts': "import 'node:fs';",
  };
  assert.equal(browserProblems(files, packageFiles('trainer', "import 'node:fs';")), []);
});

test.run();
