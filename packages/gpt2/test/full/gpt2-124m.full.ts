// GPT-2 124M at full size, loaded from a file as people have it: minGPT's figures in f32, what f16 changes, memory
// and time of loading, and a token table that is larger than one binding.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice, openSafetensorsPath, tensor, type Device } from '@foreword/tensor/node';
import * as assert from 'uvu/assert';
import type { StorageOptions } from '@foreword/nn';
import { Gpt2Generator, loadGpt2, type Gpt2 } from '../../src/index.ts';
import { goldenErrors } from '../check-golden.ts';
import { dataFolder, isThere } from '../conformance/data-folder.ts';
import { openGolden, type GoldenFile } from '../golden-model.ts';
import { goldenFolderOf } from './golden-folder.ts';

const path = join(dataFolder, '..', 'golden', 'gpt2-124m.safetensors');
const fileBytes = 4 * 124_439_808;

const test = suite('GPT-2 124M at full size', { timeLimitSeconds: 600 });

let device: Device;
let golden: GoldenFile;
let folder: string;

async function load(dtype: StorageOptions['dtype']): Promise<Gpt2> {
  const weights = await openSafetensorsPath(join(folder, 'model.safetensors'));
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const gpt2 = await loadGpt2(device, { config, weights, dtype });
  await weights.close();
  return gpt2;
}

/** Logits of every position of one row of tokens, [T, V]. */
function logitsOf(model: Gpt2, ids: Int32Array): Promise<Float32Array> {
  return device.scope(async () => {
    const row = tensor(device, ids, [1, ids.length], { dtype: 'u32' });
    return (await model.logits(model.hidden(model.embed(row))).read()) as Float32Array;
  });
}

/** The largest logit's place and how far it is ahead. */
function lead(row: Float32Array): { id: number; gap: number } {
  let [id, first, second] = [-1, -Infinity, -Infinity];
  for (const [i, value] of row.entries()) {
    if (value > first) [id, first, second] = [i, value, first];
    else if (value > second) second = value;
  }
  return { id, gap: first - second };
}

interface Loading {
  seconds: number;
  /** Largest resident memory above that of the open device, which on a software adapter includes the GPU's. */
  peakBytes: number;
  gpuBytes: number;
}

async function loadInChild(dtype: 'f32' | 'f16'): Promise<Loading> {
  const child = fileURLToPath(new URL('load-child.ts', import.meta.url));
  const flags = ['--import', 'tsx', '--conditions=foreword-source', child, folder, dtype];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const loading = JSON.parse(stdout) as Loading;
  const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const times = (loading.peakBytes / fileBytes).toFixed(2);
  console.log(
    `  ${dtype}: ${loading.seconds.toFixed(1)} s, peak ${mega(loading.peakBytes)} (${times} × the file), GPU ${mega(loading.gpuBytes)}`,
  );
  return loading;
}

if (isThere(path, "gpt2-124m's golden")) {
  test.before(async () => {
    device = await openDevice();
    golden = await openGolden(path);
    folder = await goldenFolderOf(golden.file);
  });
  test.after.each(failOnGpuErrors(() => device));
  test.after(() => device.close());

  test('loading takes at most 1.3 × the file in host memory and 10 s; f16 halves the GPU memory', async () => {
    const f32 = await loadInChild('f32');
    assert.ok(f32.peakBytes <= 1.3 * fileBytes, `${f32.peakBytes} bytes`);
    assert.ok(f32.seconds <= 10, `${f32.seconds} s`);
    if (!device.adapter.f16) return console.log('  f16 skipped: this adapter has no f16');
    const f16 = await loadInChild('f16');
    assert.ok(f16.gpuBytes <= 0.501 * f32.gpuBytes, `${f16.gpuBytes} of ${f32.gpuBytes} bytes`);
    assert.ok(f16.peakBytes <= 1.3 * fileBytes, `${f16.peakBytes} bytes`);
    assert.ok(f16.seconds <= 10, `${f16.seconds} s`);
  });

  test('f32: logits, loss, input gradient and greedy tokens are minGPT’s', async () => {
    const model = await load('f32');
    const { greedy, goldenGreedy, ...errors } = await goldenErrors(device, model, golden);
    model.dispose();
    console.log(`  ${JSON.stringify(errors)}`);
    assert.ok(errors.logits < 1e-4);
    assert.ok(errors.top20Logits < 1e-4);
    assert.ok(errors.isTop20Same);
    assert.ok(errors.loss < 1e-5);
    assert.ok(errors.inputGrad < 1e-3);
    assert.equal(greedy, goldenGreedy);
  });

  test('a token table of 154 MB under a binding limit of 128 MiB: logits, loss and gradient as minGPT’s', async () => {
    const limited = await openDevice({ bindingLimit: 128 * 2 ** 20 });
    const unlimited = device;
    device = limited;
    try {
      const model = await load('f32');
      assert.ok(model.tokenTable.byteLength > limited.bindingLimit);
      const errors = await goldenErrors(limited, model, golden);
      assert.ok(
        errors.logits < 1e-4 && errors.loss < 1e-5 && errors.inputGrad < 1e-3,
        JSON.stringify(errors),
      );
      assert.equal(limited.takeErrors(), []);
    } finally {
      device = unlimited;
      limited.close();
    }
  });

  test('f16: the same greedy ids wherever the two best logits lie further apart than f16 changes them', async () => {
    if (!device.adapter.f16) return console.log('  skipped: this adapter has no f16');
    const [f32, f16] = [await load('f32'), await load('f16')];
    // The error is measured on other rows than those it is applied to.
    const [, T] = golden.file.info('tokens').shape;
    const tokens = (await golden.integers('tokens')).subarray(0, T);
    const [exact, rounded] = [await logitsOf(f32, tokens), await logitsOf(f16, tokens)];
    const error = exact.reduce((most, x, i) => Math.max(most, Math.abs(x - rounded[i])), 0);
    const cosine = cosineOf(exact, rounded);
    const ids = await golden.integers('greedy_from_8');
    const V = f32.config.vocab_size;
    const [sure, half] = [await logitsOf(f32, ids), await logitsOf(f16, ids)];
    let compared = 0;
    for (let t = 7; t < ids.length - 1; t++) {
      const { id, gap } = lead(sure.subarray(t * V, (t + 1) * V));
      assert.is(id, ids[t + 1], `f32 at position ${t}`);
      if (gap <= error) continue;
      compared++;
      assert.is(lead(half.subarray(t * V, (t + 1) * V)).id, id, `position ${t}, gap ${gap}`);
    }
    console.log(
      `  largest change of a logit ${error.toExponential(2)}, 1 − cosine ${(1 - cosine).toExponential(1)}; ${compared} of ${ids.length - 8} steps compared`,
    );
    assert.ok(cosine >= 0.9995, `cosine ${cosine}`);
    assert.ok(compared > 0, 'no step is certain enough to compare');
    // With the cache, from f16 to the first uncertain step.
    const generator = new Gpt2Generator(f16);
    const [{ ids: written }] = await device.scope(() => {
      const prefix = f16.embed(tensor(device, ids.subarray(0, 8), [1, 8], { dtype: 'u32' }));
      return generator.generate({ prefix, stop: [], maxTokens: ids.length - 8 });
    });
    generator.dispose();
    for (const [i, id] of written.entries()) {
      const { gap } = lead(sure.subarray((i + 7) * V, (i + 8) * V));
      if (gap <= error) break;
      assert.is(id, ids[i + 8], `token ${i}`);
    }
    for (const model of [f32, f16]) model.dispose();
  });
} else {
  test.skip('the golden file is not here');
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

test.run();
