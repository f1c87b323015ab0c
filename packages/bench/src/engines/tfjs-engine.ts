// TensorFlow.js with its WebGPU or its WebAssembly backend as a process: started by the benchmark, never by hand.
// The argument names the backend.
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { tfjsStep, type Tf, type TfTensor } from '../training-step/tfjs-step.ts';
import { stepValues, type StepSizes } from '../training-step/step-values.ts';
import { stepWork } from '../training-step/step-works.ts';
import { headSize, opValues, opWork } from '../works/op-values.ts';
import { peersFolder } from './install-peers.ts';
import { openGpu } from './open-gpu.ts';
import { peerStep } from './peer-step.ts';
import { serveEngine, type RunningWork } from './serve-engine.ts';

const backend = process.argv[2] as 'webgpu' | 'wasm';
const require = createRequire(join(peersFolder, 'package.json'));
let tf: Tf;

const beginStep = (sizes: StepSizes): RunningWork => peerStep(tfjsStep(tf, stepValues(sizes)), { backend });

/** From public ops: there is no layer norm and no attention among them. */
function beginOp(id: string): RunningWork {
  const work = opWork(id);
  const inputs = opValues(work).map(({ data, shape }) => tf.tensor(data, shape));
  const [a, b, c] = inputs;
  const masked = work.op === 'attention' ? causalMask(work.T) : undefined;
  const apply = (): TfTensor => {
    switch (work.op) {
      case 'matmul':
        return tf.matMul(a, b);
      case 'layerNorm': {
        const centred = tf.sub(a, tf.mean(a, -1, true));
        const variance = tf.mean(tf.square(centred), -1, true);
        return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), b), c);
      }
      case 'softmax':
        return tf.softmax(a);
      case 'attention': {
        const { B, T, H } = work;
        const [q, k, v] = inputs.map((x) => tf.transpose(tf.reshape(x, [B, T, H, headSize]), [0, 2, 1, 3])); // [B, H, T, D]
        const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headSize));
        const mixed = tf.matMul(tf.softmax(tf.add(scores, masked!)), v);
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [B, T, H * headSize]);
      }
    }
  };
  return {
    async next() {
      const y = tf.tidy(apply);
      const values = await y.data();
      y.dispose();
      return { values };
    },
    dispose: () => tf.dispose([...inputs, masked]),
  };
}

function causalMask(T: number): TfTensor {
  const hidden = Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
  return tf.tensor(hidden, [1, 1, T, T]);
}

await serveEngine({
  async open() {
    const adapter = backend === 'webgpu' ? await openGpu() : null;
    tf = require('@tensorflow/tfjs') as Tf;
    const name = `@tensorflow/tfjs-backend-${backend}`;
    const loaded = require(name) as { setWasmPaths?(folder: string): void };
    loaded.setWasmPaths?.(dirname(require.resolve(name)) + sep);
    await tf.setBackend(backend);
    await tf.ready();
    if (tf.getBackend() !== backend) throw new Error(`its backend is ${tf.getBackend()}, not ${backend}`);
    return { name: `tfjs ${backend}`, version: tf.version.tfjs, adapter };
  },
  async begin(work) {
    const step = stepWork(work);
    return step ? beginStep(step.sizes) : beginOp(work);
  },
});
