// Imports are found by syntax, not by text.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { readImports, splitPackageSpecifier } from '../src/read-imports.ts';

const test = suite('read imports');

test('every form of import, with its line and whether it is erased', () => {
  const source = [
    "import { a, type A } from './a.ts';",
    "import type { B } from './b.ts';",
    "import { type C } from './c.ts';",
    "import './d.ts';",
    "export * from './e.ts';",
    "export type { F } from './f.ts';",
    "const g = await import('./g.ts');",
    'const h = await import(`./h.ts`);',
    'const i = await import(`./${a}.ts`);',
    "// import './comment.ts'",
    'const text = "import \'./text.ts\'";',
  ].join('\n');
  const found = readImports('x.ts', source).map(
    ({ specifier, line, typeOnly }) => `${line} ${specifier}${typeOnly ? ' type' : ''}`,
  );
  assert.equal(found, [
    '1 ./a.ts',
    '2 ./b.ts type',
    '3 ./c.ts type',
    '4 ./d.ts',
    '5 ./e.ts',
    '6 ./f.ts type',
    '7 ./g.ts',
    '8 ./h.ts',
  ]);
});

test('a file that cannot be parsed is an error', () => {
  assert.throws(() => readImports('x.ts', 'import {'), /x\.ts/);
});

test('package specifiers', () => {
  assert.equal(splitPackageSpecifier('@foreword/tensor/node'), { name: '@foreword/tensor', entry: './node' });
  assert.equal(splitPackageSpecifier('uvu'), { name: 'uvu', entry: '.' });
  assert.equal(splitPackageSpecifier('uvu/assert'), { name: 'uvu', entry: './assert' });
  for (const other of ['./a.ts', '../b.ts', 'node:fs', '/c.ts'])
    assert.is(splitPackageSpecifier(other), undefined);
});

test.run();
