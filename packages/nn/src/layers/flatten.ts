// Flatten: all axes behind the first into one, torch.nn.Flatten.
import { reshape, type Tensor } from '@foreword/tensor';
import { Module } from '../module.ts';

export class Flatten extends Module {
  /** x [B, ...] → [B, N]. */
  forward(x: Tensor): Tensor {
    const [B = 1, ...rest] = x.shape;
    return reshape(x, [B, rest.reduce((product, n) => product * n, 1)]);
  }
}
