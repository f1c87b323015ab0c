// onnxruntime-node with its WebGPU or its CPU provider as a process: started by the benchmark, never by hand. The
// argument names the provider.
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { modelFolder, type ModelName } from '../models/model-files.ts';
import { clipGraph } from '../onnx/clip-graph.ts';
import { gpt2Graph, gpt2Sizes } from '../onnx/gpt2-graph.ts';
import type { StoredWeight } from '../onnx/onnx-graph.ts';
import { opGraph } from '../onnx/op-graph.ts';
import { storedWeights } from '../onnx/stored-weights.ts';
import { appendedIds, pictures, pixelCount, promptIds } from '../works/model-values.ts';
import { opValues, opWork } from '../works/op-values.ts';
import { relativeDifference } from '../works/sample.ts';
import { peersFolder } from './install-peers.ts';
import { serveEngine, type RunningWork } from './serve-engine.ts';

/** The part of `onnxruntime-node` that is used; the package is installed on demand, so no types come with it. */
interface OrtTensor {
  readonly data: Float32Array;
}

interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface Ort {
  Tensor: new (type: string, data: Float32Array | BigInt64Array, shape: readonly number[]) => OrtTensor;
  InferenceSession: {
    create(model: string | Uint8Array, options: Record<string, unknown>): Promise<OrtSession>;
  };
}

const provider = process.argv[2] as 'webgpu' | 'cpu';
const packageFolder = join(peersFolder, 'node_modules/onnxruntime-node');
const ort = createRequire(join(peersFolder, 'package.json'))('onnxruntime-node') as Ort;
const options = { executionProviders: [provider], logSeverityLevel: 3 };

/** Whether attention may be fused; settled when the engine opens. */
let fused = true;

async function openOp(id: string, withFused: boolean): Promise<OrtSession> {
  const work = opWork(id);
  const graph = opGraph(work, opValues(work), { fused: withFused });
  // Unoptimised: an optimiser would compute a graph of constants once and for all.
  return await ort.InferenceSession.create(graph, { ...options, graphOptimizationLevel: 'disabled' });
}

/** Whether the fused attention computes what the standard operators do; on some adapters it does not. */
async function isFusedRight(): Promise<boolean> {
  const results: number[][] = [];
  for (const withFused of [true, false]) {
    const session = await openOp('attention-32', withFused);
    results.push([...(await session.run({})).y.data]);
    await session.release();
  }
  return relativeDifference(results[0], results[1]) < 1e-4;
}

async function beginOp(id: string): Promise<RunningWork> {
  const session = await openOp(id, fused);
  return {
    next: async () => ({ values: (await session.run({})).y.data }),
    dispose: () => void session.release(),
  };
}

type Build = (weights: ReadonlyMap<string, StoredWeight>, location: string) => Uint8Array;

/** A session over a graph that lies, for as long as it takes to open it, beside the weights this project's engine reads. */
async function openModel(name: ModelName, build: Build): Promise<OrtSession> {
  const folder = await modelFolder(name);
  const weights = 'model.safetensors';
  const path = join(folder, `model-${process.pid}.onnx`);
  await writeFile(path, build(await storedWeights(join(folder, weights)), weights));
  try {
    return await ort.InferenceSession.create(path, options);
  } finally {
    await rm(path);
  }
}

async function beginClip(batch: number): Promise<RunningWork> {
  const session = await openModel('clip', (weights, location) =>
    clipGraph(weights, location, { B: batch, fused }),
  );
  const images = pictures(batch);
  return {
    async next() {
      const pixels = new Float32Array(batch * pixelCount);
      images.forEach((image, i) => pixels.set(image, i * pixelCount));
      const feeds = { pixels: new ort.Tensor('float32', pixels, [batch, 3, 224, 224]) };
      return { values: (await session.run(feeds)).features.data };
    },
    dispose: () => void session.release(),
  };
}

async function beginGpt2(what: string): Promise<RunningWork> {
  const session = await openModel('gpt2', (weights, location) => gpt2Graph(weights, location, { fused }));
  const { layers, heads, C } = gpt2Sizes;
  /** Keys and values by input name, and how many tokens they are of. They pass through the host between runs. */
  type Past = { feeds: Record<string, OrtTensor>; length: number };
  const nothing: Past = { feeds: {}, length: 0 };
  for (let i = 0; i < layers; i++) {
    for (const kind of ['key', 'value'])
      nothing.feeds[`past_${kind}_${i}`] = new ort.Tensor('float32', new Float32Array(0), [
        1,
        heads,
        0,
        C / heads,
      ]);
  }
  const read = async (ids: Uint32Array, past: Past): Promise<{ logits: Float32Array; past: Past }> => {
    const S = ids.length;
    const K = past.length;
    const bias = Float32Array.from({ length: S * (K + S) }, (_, i) =>
      (i % (K + S)) - K > Math.floor(i / (K + S)) ? -1e9 : 0,
    );
    const out = await session.run({
      ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, S]),
      positions: new ort.Tensor(
        'int64',
        BigInt64Array.from({ length: S }, (_, i) => BigInt(K + i)),
        [S],
      ),
      bias: new ort.Tensor('float32', bias, [1, 1, S, K + S]),
      ...past.feeds,
    });
    const feeds = Object.fromEntries(Object.keys(past.feeds).map((name) => [name, out[name.slice(5)]]));
    return { logits: out.logits.data, past: { feeds, length: K + S } };
  };
  if (what === 'gpt2-prompt') {
    const next = async () => ({ values: (await read(promptIds, nothing)).logits });
    return { next, dispose: () => void session.release() };
  }
  const prompt = await read(promptIds, nothing);
  return {
    async next() {
      const from = performance.now();
      let state = prompt;
      for (const id of appendedIds) state = await read(Uint32Array.of(id), state.past);
      return { values: state.logits, ms: performance.now() - from };
    },
    dispose: () => void session.release(),
  };
}

await serveEngine({
  async open() {
    const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
      version: string;
    };
    fused = await isFusedRight();
    const how = fused ? '' : ' (attention unfused: its fused one is wrong here)';
    // It brings a Dawn of its own and does not say which adapter that took.
    return { name: `onnxruntime ${provider}`, version: manifest.version + how, adapter: null };
  },
  async begin(work) {
    if (work.startsWith('clip-')) return await beginClip(Number(work.slice('clip-'.length)));
    return work.startsWith('gpt2-') ? await beginGpt2(work) : await beginOp(work);
  },
});
