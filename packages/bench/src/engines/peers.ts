// The engines that this one is measured beside: what they are made of and which works they take part in.
import type { WorkGroup } from '../works/index.ts';

export interface Peer {
  /** Name on the command line and in results. */
  id: string;
  /** npm packages with exact versions, so that results from different days compare. None for an engine in Python. */
  packages: Readonly<Record<string, string>>;
  /** Module of this folder, and its argument; or a file of ../../python, which is run by a Python that has `module`. */
  script: string;
  backend: string;
  /** Works that its public functions can express. */
  groups: readonly WorkGroup[];
  /** First major version of Node that it runs on; one is fetched where the running one is older. */
  node?: number;
  /** Module that a Python must have to run this peer. */
  module?: string;
}

const tfjs = '4.22.0';
const steps = ['training-step', 'clipcap-step'] as const;
const single = ['matmul', 'layer-norm', 'softmax', 'attention'] as const;

export const peers: readonly Peer[] = [
  ...(['webgpu', 'wasm'] as const).map((backend): Peer => ({
    id: `tfjs-${backend}`,
    packages: { '@tensorflow/tfjs': tfjs, [`@tensorflow/tfjs-backend-${backend}`]: tfjs },
    script: 'tfjs-engine',
    backend,
    groups: [...steps, ...single],
  })),
  ...(['webgpu', 'wasm'] as const).map((backend): Peer => ({
    id: `jax-${backend}`,
    packages: { '@jax-js/jax': '0.1.25' },
    script: 'jax-engine',
    backend,
    groups: [...steps, ...single],
    node: 22,
  })),
  ...(['webgpu', 'cpu'] as const).map((backend): Peer => ({
    id: `onnx-${backend}`,
    packages: { 'onnxruntime-node': '1.30.0' },
    script: 'onnx-engine',
    backend,
    groups: [...single, 'clip', 'gpt2'],
  })),
  {
    id: 'pytorch',
    packages: {},
    module: 'torch',
    script: 'pytorch_engine',
    backend: 'auto',
    groups: ['clipcap-step-f16', 'matmul-large', ...steps, ...single, 'clip', 'gpt2'],
  },
];

export const peerIds: readonly string[] = peers.map(({ id }) => id);

/** What is fetched where the running Node is too old for a peer. */
export const newerNodeVersion = '24.21.0';
