// Each of the repository's own rules passes on a good example and fails on each kind of bad one.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { checkFileBudget } from '../src/check-file-budget.ts';
import { checkManifests } from '../src/check-manifests.ts';
import { checkNames } from '../src/check-names.ts';
import { checkPrivateText } from '../src/check-private-text.ts';
import { checkTestFiles } from '../src/check-test-files.ts';
import { checkTopLevel, topLevel } from '../src/check-top-level.ts';
import { memoryRepository, packageFiles } from './memory-repository.ts';

const test = suite('own checks');

test('top level: exactly the known entries, dot-files apart', () => {
  const folders = ['packages', 'benchmarks', 'datasets'];
  const good = Object.fromEntries(
    topLevel.map((entry) => [folders.includes(entry) ? `${entry}/x` : entry, '']),
  );
  assert.equal(checkTopLevel.find(memoryRepository({ ...good, '.gitignore': '', '.ci/run': '' })), []);
  assert.equal(checkTopLevel.find(memoryRepository({ ...good, 'notes.txt': '', 'docs/a.md': '' })), [
    'docs does not belong at the top level',
    'notes.txt does not belong at the top level',
  ]);
  const { LICENSE: _, ...unlicensed } = good;
  assert.equal(checkTopLevel.find(memoryRepository(unlicensed)), ['LICENSE is missing']);
});

test('names: empty words are refused wherever they stand', () => {
  const good = { 'packages/tensor/src/commonality.ts': '', 'packages/x/test/allclose.test.ts': '' };
  assert.equal(checkNames.find(memoryRepository(good)), []);
  const bad = [
    'a/utils/x.ts',
    'a/utils/y.ts',
    'a/string-helpers.ts',
    'common.ts',
    'a/misc.test.ts',
    'a/Util.ts',
  ];
  const found = checkNames.find(memoryRepository(Object.fromEntries(bad.map((path) => [path, '']))));
  assert.equal(found.map((problem) => problem.split(':')[0]).sort(), [
    'a/Util.ts',
    'a/misc.test.ts',
    'a/string-helpers.ts',
    'a/utils',
    'common.ts',
  ]);
});

test('file budget: 600 lines pass, 601 fail, more than 350 are remarked on', () => {
  const lines = (count: number): string => 'x\n'.repeat(count);
  const repository = memoryRepository({
    'a.ts': lines(600),
    'b.ts': lines(601),
    'c.ts': lines(350),
    'd.ts': `${lines(600)}x`,
    'long.json': lines(5000),
  });
  assert.equal(
    checkFileBudget.find(repository).map((problem) => problem.slice(0, 15)),
    ['b.ts: 601 lines', 'd.ts: 601 lines'],
  );
  assert.is(checkFileBudget.remark?.(repository).length, 3);
});

test('test files: run() must be called, only() and tests without time limit must not stand there', () => {
  const path = 'packages/x/test/a.test.ts';
  const config = { 'packages/x/test/tsconfig.json': '{}' };
  const find = (text: string): string[] => checkTestFiles.find(memoryRepository({ [path]: text, ...config }));
  assert.match(checkTestFiles.find(memoryRepository({ [path]: 'test.run();\n' }))[0], 'has no tsconfig.json');
  assert.equal(find("test('a', () => {});\ntest.run();\n"), []);
  assert.match(find("test('a', () => {});\n// test.run();\n")[0], 'never calls run()');
  assert.match(find("test.only('a', () => {});\ntest.run();\n")[0], `${path}:1: .only`);
  assert.match(find("import { test } from 'uvu';\ntest.run();\n")[0], 'takes its tests from uvu');
  assert.equal(find("import * as assert from 'uvu/assert';\ntest.run();\n"), []);
});

test('private text: machine paths and registries, but not ordinary text', () => {
  const find = (text: string): string[] => checkPrivateText.find(memoryRepository({ 'a.md': text }));
  const slash = '/';
  for (const bad of [
    `see ${slash}home/ann/project/x.ts`,
    `"${slash}Users/ann/x"`,
    `cd ${slash}root/thing`,
    `(${slash}work/main/packages)`,
    ['C:', 'Users', 'ann'].join('\\'),
    `https:${slash}/registry.example.org/x`,
    `https:${slash}/example.org:8081/artifactory/x`,
    ['registry', 'https://x'].join('='),
    ['  tarball:', 'https://x'].join(' '),
  ]) {
    assert.is(find(bad).length >= 1, true, bad);
  }
  for (const good of [
    'https://pnpm.io/installation and /usr/share/vulkan/icd.d',
    'packages/work/main, ../shared/data, $HOME/.local/bin, {root}/work/x',
    'the registry: a place for packages',
  ]) {
    assert.equal(find(good), [], good);
  }
});

test('manifests: each rule', () => {
  const find = (files: Record<string, string>): string[] => checkManifests.find(memoryRepository(files));
  const good = packageFiles('tensor', '');
  assert.equal(find(good), []);
  const changed = (changes: Record<string, unknown>): string =>
    find(packageFiles('tensor', '', changes)).join('\n');
  assert.match(changed({ name: 'tensor' }), 'name must be @foreword/tensor');
  assert.match(changed({ license: 'ISC' }), 'license must be MIT');
  assert.match(changed({ type: undefined }), 'type must be module');
  assert.match(changed({ engines: { node: '>=18' } }), 'engines.node');
  assert.match(changed({ scripts: {} }), 'scripts.build');
  assert.match(changed({ files: ['dist'] }), 'files must list src');
  assert.is(changed({ files: undefined, private: true }), '');
  const entry = {
    'foreword-source': './src/index.ts',
    types: './dist/index.d.ts',
    default: './dist/index.js',
  };
  assert.match(
    changed({ exports: { '.': { ...entry, default: './dist/main.js' } } }),
    'default must be the built',
  );
  assert.match(
    changed({ exports: { '.': { ...entry, 'foreword-source': './src/gone.ts' } } }),
    'src/gone.ts does not exist',
  );
  const reordered = {
    types: entry.types,
    'foreword-source': entry['foreword-source'],
    default: entry.default,
  };
  assert.match(changed({ exports: { '.': reordered } }), 'in this order');
  assert.match(
    changed({ dependencies: { '@foreword/image': 'workspace:*' } }),
    'references must list {"path": "../image"}',
  );
  const { 'packages/tensor/README.md': _, ...unread } = good;
  assert.equal(find(unread), ['packages/tensor/README.md is missing']);
});

test.run();
