// The engines that this one is measured beside: what they are made of and which works they take part in.
import type { WorkGroup } from '../works/index.ts';

export interface Peer {
  /** Name on the command line and in results. */
  id: string;
  /** npm packages with exact versions, so that results from different days compare. */
  packages: Readonly<Record<string, string>>;
  /** Module of this folder, and its argument. */
  script: string;
  backend: string;
  /** Works that its public functions can express. */
  groups: readonly WorkGroup[];
  /** First major version of Node that it runs on; one is fetched where the running one is older. */
  node?: number;
}

const tfjs = '4.22.0';
const single = ['matmul', 'layer-norm', 'softmax', 'attention'] as const;

export const peers: readonly Peer[] = [
  ...(['webgpu', 'wasm'] as const).map((backend): Peer => ({
    id: `tfjs-${backend}`,
    packages: { '@tensorflow/tfjs': tfjs, [`@tensorflow/tfjs-backend-${backend}`]: tfjs },
    script: 'tfjs-engine',
    backend,
    groups: ['training-step', ...single],
  })),
  ...(['webgpu', 'wasm'] as const).map((backend): Peer => ({
    id: `jax-${backend}`,
    packages: { '@jax-js/jax': '0.1.25' },
    script: 'jax-engine',
    backend,
    groups: ['training-step', ...single],
    node: 22,
  })),
  ...(['webgpu', 'cpu'] as const).map((backend): Peer => ({
    id: `onnx-${backend}`,
    packages: { 'onnxruntime-node': '1.30.0' },
    script: 'onnx-engine',
    backend,
    groups: [...single, 'clip', 'gpt2'],
  })),
];

export const peerIds: readonly string[] = peers.map(({ id }) => id);

/** What is fetched where the running Node is too old for a peer. */
export const newerNodeVersion = '24.21.0';
