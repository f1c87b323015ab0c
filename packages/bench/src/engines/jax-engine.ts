// jax-js with its WebGPU or its WebAssembly backend as a process: started by the benchmark, never by hand. The
// argument names the backend. Needs Node 22 (it uses iterator helpers).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { jaxLayerNorm, jaxStep, type Jax, type JaxArray } from '../training-step/jax-step.ts';
import { stepValues, type StepSizes } from '../training-step/step-values.ts';
import { stepWork } from '../training-step/step-works.ts';
import { headSize, opValues, opWork } from '../works/op-values.ts';
import { peersFolder } from './install-peers.ts';
import { openGpu } from './open-gpu.ts';
import { peerStep } from './peer-step.ts';
import { serveEngine, type RunningWork } from './serve-engine.ts';

const backend = process.argv[2] as 'webgpu' | 'wasm';
const folder = join(peersFolder, 'node_modules/@jax-js/jax');
let jax: Jax;

const beginStep = (sizes: StepSizes): RunningWork => peerStep(jaxStep(jax, stepValues(sizes)), { backend });

function beginOp(id: string): RunningWork {
  const work = opWork(id);
  const { numpy: np, nn } = jax;
  const inputs = opValues(work).map(({ data, shape }) => np.array(data).reshape(shape));
  const apply = jax.jit((...[a, b, c]: JaxArray[]): JaxArray => {
    switch (work.op) {
      case 'matmul':
        return np.matmul(a, b);
      case 'layerNorm':
        return jaxLayerNorm(jax, a, b, c);
      case 'softmax':
        return nn.softmax(a, -1);
      case 'attention': {
        const [q, k, v] = [a, b, c].map((x) => x.reshape([work.B, work.T, work.H, headSize]));
        return nn.dotProductAttention(q, k, v, { isCausal: true });
      }
    }
  });
  return {
    async next() {
      return { values: await apply(...inputs.map(({ ref }) => ref)).data() };
    },
    dispose: () => inputs.forEach((input) => input.dispose()),
  };
}

await serveEngine({
  async open() {
    const adapter = backend === 'webgpu' ? await openGpu() : null;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    jax = (await import(pathToFileURL(join(folder, 'dist/index.js')).href)) as Jax;
    const devices = await jax.init(backend);
    if (!devices.includes(backend)) throw new Error(`it has ${devices.join(', ')}, not ${backend}`);
    jax.defaultDevice(backend);
    return { name: `jax-js ${backend}`, version: manifest.version, adapter };
  },
  async begin(work) {
    const step = stepWork(work);
    return step ? beginStep(step.sizes) : beginOp(work);
  },
});
