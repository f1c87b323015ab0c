// Means of tiles of a channels-last image, torch.nn.AvgPool2d with the stride of its kernel.
import { avgPool2d, type Tensor } from '@foreword/tensor';
import { Module } from '../module.ts';

export class AvgPool2d extends Module {
  readonly size: number;

  constructor(size: number) {
    super();
    this.size = size;
  }

  /** [B, H, W, C] → [B, ⌊H/size⌋, ⌊W/size⌋, C]. */
  forward(x: Tensor): Tensor {
    return avgPool2d(x, { size: this.size });
  }
}
