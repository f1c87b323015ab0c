// What a page pays for: sizes of bundles, and that nothing for tests is in them.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { suite } from '@foreword/test-kit';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../', import.meta.url));
const test = suite('bundle size', { timeLimitSeconds: 120 });

/** A minified bundle of these names from an entry, as a browser loads it. */
async function bundle(entry: string, names: string): Promise<{ kB: number; files: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `import { ${names} } from '${entry}'; console.log(${names});`, resolveDir: root },
    conditions: ['foreword-source'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  const [{ contents }] = outputFiles;
  const used = Object.entries(Object.values(metafile.outputs)[0].inputs);
  const files = used.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return { kB: gzipSync(contents, { level: 9 }).length / 1000, files };
}

test('the main entry, whose methods bring their ops, has at most 60 kB gz', async () => {
  const { kB, files } = await bundle('@foreword/tensor', 'openDevice, tensor');
  console.log(`  main entry: ${kB.toFixed(1)} kB gz`);
  assert.ok(kB <= 60, `${kB} kB`);
  assert.ok(files.some((path) => path.endsWith('ops/reduce/sort.ts')));
  for (const path of files) assert.not.match(path, /\.check\.ts$|\/(conv|loss)\//);
});

// The aim is 30 kB. A product has five kernels for different machines, and they come with every product: 38 kB.
test('a program of functions brings what it uses: at most 40 kB gz', async () => {
  const { kB, files } = await bundle('@foreword/tensor/functions', 'openDevice, tensor, matmul, grad, AdamW');
  console.log(`  functions: ${kB.toFixed(1)} kB gz`);
  assert.ok(kB <= 40, `${kB} kB`);
  for (const path of files)
    assert.not.match(path, /methods\.ts$|\.check\.ts$|\/(attention|conv|loss|index|random)\//);
});

test('the engine uses no methods of its own, which the entry of functions lacks', () => {
  const tsc = fileURLToPath(new URL('../../../node_modules/.bin/tsc', import.meta.url));
  execFileSync(tsc, ['--noEmit', '-p', 'tsconfig.functions.json'], { cwd: root, stdio: 'pipe' });
});

test.run();
