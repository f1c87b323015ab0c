// Layers one after the other, torch.nn.Sequential.
import type { Tensor } from '@foreword/tensor';
import { Module, type Layer } from '../module.ts';
import type { Parameters } from '../parameters.ts';

/**
 * Layers are named 0, 1, 2 … as in PyTorch.
 * @example
 * const net = new Sequential(p, [(q) => new Linear(q, 2, 8), () => new Activation('tanh'), (q) => new Linear(q, 8, 1)]);
 */
export class Sequential extends Module {
  // Numbers as field names, so that paths are PyTorch's: `0.weight`.
  readonly [index: number]: Layer;
  readonly length: number;

  constructor(p: Parameters, layers: readonly ((p: Parameters) => Layer)[]) {
    super();
    this.length = layers.length;
    layers.forEach((make, i) => Object.assign(this, { [i]: make(p.at(i)) }));
  }

  forward(x: Tensor): Tensor {
    let y = x;
    for (let i = 0; i < this.length; i++) y = this[i].forward(y);
    return y;
  }
}
