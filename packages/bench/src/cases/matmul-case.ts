// Matrix products: squares, a linear map of GPT-2, and the two transposed forms its backward pass needs.
import { matmul } from '@foreword/tensor/node';
import { measureStep } from '../measure-plan.ts';
import type { BenchRow } from '../report/bench-row.ts';
import { floatTypes, withoutF16, type BenchCase } from './bench-case.ts';

interface Product {
  M: number;
  K: number;
  N: number;
  form: 'NN' | 'NT' | 'TN';
}

const products: readonly Product[] = [
  { M: 256, K: 256, N: 256, form: 'NN' },
  { M: 512, K: 512, N: 512, form: 'NN' },
  { M: 1024, K: 1024, N: 1024, form: 'NN' },
  { M: 256, K: 768, N: 256, form: 'NN' },
  { M: 512, K: 512, N: 512, form: 'NT' },
  { M: 512, K: 512, N: 512, form: 'TN' },
];

/** 1024³ is left out where 512³ says that it would take longer than this. */
const bearableMs = 5000;

/** Rows of every product in f32, and in f16 where the adapter has it. */
export const matmulCase: BenchCase = async function* ({ device, repeats }) {
  for (const dtype of floatTypes(device)) {
    let half: BenchRow | undefined;
    for (const { M, K, N, form } of products) {
      const title = { op: `matmul ${form}`, shape: `[${M}, ${K}] · [${K}, ${N}]`, dtype };
      if (M === 1024 && half && half.wall.medianMs * 8 > bearableMs) {
        const seconds = ((half.wall.medianMs * 8) / 1000).toFixed(0);
        yield { ...title, skipped: `about ${seconds} s each on this adapter` };
        continue;
      }
      const transA = form === 'TN';
      const transB = form === 'NT';
      const inputs = {
        a: { shape: transA ? [K, M] : [M, K], dtype },
        b: { shape: transB ? [N, K] : [K, N], dtype },
      };
      const step = {
        ...title,
        inputs,
        step: ({ a, b }: StepInputs) => ({ c: matmul(a, b, { transA, transB }) }),
      };
      const row = await measureStep(device, step, { repeats });
      if (M === 512 && form === 'NN') half = row;
      yield row;
    }
  }
  if (!device.adapter.f16) yield withoutF16('matmul');
};

type StepInputs = Record<'a' | 'b', Parameters<typeof matmul>[0]>;
