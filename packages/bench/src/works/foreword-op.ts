// The single ops in this project's engine.
import { attention, layerNorm, matmul, softmax, type Tensor } from '@foreword/tensor/node';
import type { OpWork } from './op-values.ts';

/** The op of inputs in the order of `opValues`. */
export function forewordOp(work: OpWork, [a, b, c]: readonly Tensor[]): Tensor {
  switch (work.op) {
    case 'matmul':
      return matmul(a, b);
    case 'layerNorm':
      return layerNorm(a, b, c);
    case 'softmax':
      return softmax(a);
    case 'attention':
      return attention([a, b, c], { heads: work.H, causal: true });
  }
}
