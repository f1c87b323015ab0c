// Ops that reduce each row: layerNorm and softmax. They move bytes rather than compute.
import { layerNorm, softmax } from '@foreword/tensor/node';
import { measureStep } from '../measure-plan.ts';
import { floatTypes, withoutF16, type BenchCase } from './bench-case.ts';

const sizes: readonly [rows: number, channels: number][] = [
  [256, 256],
  [4096, 768],
];

export const layerNormCase: BenchCase = async function* ({ device, repeats }) {
  for (const dtype of floatTypes(device)) {
    for (const [R, C] of sizes) {
      const title = { op: 'layerNorm', shape: `[${R}, ${C}]`, dtype };
      const inputs = { x: { shape: [R, C], dtype }, gain: { shape: [C] }, bias: { shape: [C] } };
      yield await measureStep(
        device,
        { ...title, inputs, step: ({ x, gain, bias }) => ({ y: layerNorm(x, gain, bias) }) },
        { repeats },
      );
    }
  }
  if (!device.adapter.f16) yield withoutF16('layerNorm');
};

export const softmaxCase: BenchCase = async function* ({ device, repeats }) {
  for (const dtype of floatTypes(device)) {
    for (const [R, C] of sizes) {
      const title = { op: 'softmax', shape: `[${R}, ${C}]`, dtype };
      yield await measureStep(
        device,
        { ...title, inputs: { x: { shape: [R, C], dtype } }, step: ({ x }) => ({ y: softmax(x) }) },
        { repeats },
      );
    }
  }
  if (!device.adapter.f16) yield withoutF16('softmax');
};
