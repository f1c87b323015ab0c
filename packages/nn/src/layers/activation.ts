// An activation as a layer, for `Sequential`; inside Linear and Mlp it costs no kernel of its own.
import {
  gelu,
  geluNew,
  quickGelu,
  relu,
  sigmoid,
  tanh,
  type Activation as Kind,
  type Tensor,
} from '@foreword/tensor';
import { Module } from '../module.ts';

const functions: Record<Kind, (x: Tensor) => Tensor> = { gelu, geluNew, quickGelu, relu, sigmoid, tanh };

/**
 * f(x), element by element.
 * @example
 * new Sequential(p, [(q) => new Linear(q, 4, 8), () => new Activation('relu')]);
 */
export class Activation extends Module {
  readonly kind: Kind;

  constructor(kind: Kind) {
    super();
    this.kind = kind;
  }

  forward(x: Tensor): Tensor {
    return functions[this.kind](x);
  }
}
