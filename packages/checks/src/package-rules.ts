// Which package may use which, and where each one runs: the whole dependency rule in one table.

/** Place of a package in the dependency order. */
export interface PackageRule {
  /** Workspace packages its sources may import. */
  uses: readonly string[];
  /** `anywhere`: everything but its Node entries runs in browsers. `node`: all of it is for Node. */
  runs: 'anywhere' | 'node';
}

const models = ['tensor', 'nn', 'hub', 'clip', 'gpt2', 'image', 'tokenizer'];
const training = [...models, 'prefix-mapper', 'scenes', 'caption-metrics', 'caption-data', 'cli-kit'];

/**
 * By folder name under `packages/`. `tensor ← nn, torch-file ← hub ← clip, gpt2 ← prefix-mapper ← trainer ← bench, study`; the
 * rest are leaves.
 */
export const packageRules: Readonly<Record<string, PackageRule>> = {
  'test-kit': { uses: [], runs: 'node' },
  'cli-kit': { uses: [], runs: 'node' },
  checks: { uses: [], runs: 'node' },
  image: { uses: [], runs: 'anywhere' },
  tokenizer: { uses: [], runs: 'anywhere' },
  'caption-metrics': { uses: [], runs: 'anywhere' },
  scenes: { uses: [], runs: 'anywhere' },
  tensor: { uses: [], runs: 'anywhere' },
  nn: { uses: ['tensor'], runs: 'anywhere' },
  'torch-file': { uses: ['tensor'], runs: 'anywhere' },
  hub: { uses: ['tensor', 'torch-file'], runs: 'anywhere' },
  clip: { uses: ['tensor', 'nn', 'hub', 'image', 'tokenizer', 'torch-file'], runs: 'anywhere' },
  gpt2: { uses: ['tensor', 'nn', 'hub', 'tokenizer'], runs: 'anywhere' },
  'caption-data': { uses: ['cli-kit', 'scenes', 'tensor', 'torch-file'], runs: 'node' },
  'prefix-mapper': { uses: models, runs: 'anywhere' },
  trainer: { uses: training, runs: 'node' },
  bench: { uses: [...training, 'torch-file', 'trainer'], runs: 'node' },
  study: { uses: [...training, 'trainer'], runs: 'node' },
  docs: { uses: ['tensor', 'nn'], runs: 'node' },
};

/** Packages that the tests of every package may use besides. */
export const testOnlyPackages: readonly string[] = ['test-kit'];

/** Files allowed to import npm `webgpu`: 132 MB that browser users must never pay for. */
export const webgpuImporters = /^packages\/tensor\/src\/node[^/]*\.ts$/;

/** A file that says in its name or folder that it is for Node: `node.ts`, `node-files.ts`, `x.node.ts`, `node/x.ts`. */
export const nodeOnlyFile = /(^|\/)(node(-[^/]*)?|[^/]*[.-]node)\.ts$|\/src\/node\//;
