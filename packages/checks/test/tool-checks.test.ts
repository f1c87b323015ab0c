// Format, lint and types with this repository's own settings: each fails on a file that breaks it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { runTool, toolChecks } from '../src/tool-checks.ts';
import type { ToolOutcome } from '../src/tool-checks.ts';

const test = suite('tool checks', { timeLimitSeconds: 60 });
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs a tool on a folder inside this package that holds only `files`. */
async function runOn(name: string, files: Record<string, string>): Promise<ToolOutcome> {
  const folder = mkdtempSync(join(root, 'packages/checks/fixture-'));
  try {
    mkdirSync(join(folder, 'src'));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, 'src', path), text);
    const place = `packages/checks/${basename(folder)}`;
    if (name === 'types') {
      const config = { extends: '../tsconfig.all.json', include: ['src'] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      return await runTool({ name, command: ['tsc', '-p', `${place}/tsconfig.json`] }, root);
    }
    const tool = toolChecks.find((check) => check.name === name);
    assert.ok(tool, name);
    return await runTool({ name, command: [...tool.command, `${place}/src`] }, root);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const good = {
  'a.ts': "import { b } from './b.ts';\n\nexport const a = b + 1;\n",
  'b.ts': 'export const b = 2;\n',
};

test('a good folder passes all three', async () => {
  for (const { name } of toolChecks) {
    const { passed, output } = await runOn(name, good);
    assert.ok(passed, `${name}: ${output}`);
  }
});

test('format fails on double quotes, tabs and lines beyond 110 columns', async () => {
  const items = Array.from({ length: 12 }, (_, i) => `'item ${100 + i}'`).join(', ');
  for (const text of [
    'export const a = "b";\n',
    'export function a() {\n\treturn 1;\n}\n',
    `export const a = [${items}];\n`,
  ]) {
    const { passed, output } = await runOn('format', { 'a.ts': text });
    assert.not(passed, text);
    assert.match(output, 'src/a.ts');
  }
});

test('lint fails on floating promises, import cycles, default exports, any, and file names', async () => {
  const bad: [rule: string, files: Record<string, string>][] = [
    ['no-floating-promises', { 'a.ts': 'export async function a(): Promise<void> {}\na();\n' }],
    [
      'no-cycle',
      {
        'a.ts': "import { b } from './b.ts';\n\nexport const a = (): number => b();\n",
        'b.ts': "import { a } from './a.ts';\n\nexport const b = (): number => a();\n",
      },
    ],
    [
      // A circle that only types close is one.
      'no-cycle',
      {
        'a.ts': "import { b } from './b.ts';\n\nexport const a = b + 1;\n",
        'b.ts': "import type { a } from './a.ts';\n\nexport const b = 2;\nexport type A = typeof a;\n",
      },
    ],
    ['no-default-export', { 'a.ts': 'export default 1;\n' }],
    ['no-explicit-any', { 'a.ts': 'export const a: any = 1;\n' }],
    ['filename-case', { 'camelCase.ts': 'export const a = 1;\n' }],
  ];
  for (const [rule, files] of bad) {
    const { passed, output } = await runOn('lint', files);
    assert.not(passed, rule);
    assert.match(output, rule);
  }
});

test('types fail on a wrong type, an unused name, an enum and an import without its ending', async () => {
  const bad: [code: string, text: string][] = [
    ['TS2322', 'export const a: number = "b";\n'],
    ['TS6133', 'const a = 1;\nexport {};\n'],
    ['TS1294', 'export enum A { B }\n'],
    ['TS2835', "export * from './b';\n"],
  ];
  for (const [code, text] of bad) {
    const { passed, output } = await runOn('types', { 'a.ts': text, 'b.ts': 'export const b = 1;\n' });
    assert.not(passed, code);
    assert.match(output, code);
  }
});

test('a tool that is not installed is a failed check', async () => {
  const { passed, output } = await runTool({ name: 'x', command: ['no-such-tool-here'] }, root);
  assert.not(passed);
  assert.match(output, /no-such-tool-here: .*run \.\/setup\.sh/);
});

test.run();
