// Conv2d over channels-last images, torch.nn.Conv2d but for the layout.
import { conv2d, type Activation, type Tensor } from '@foreword/tensor';
import { uniformByFanIn, type Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';

export interface Conv2dOptions {
  /** Default 1. */
  stride?: number;
  /** Rows and columns of zeros around the image; default 0. */
  padding?: number;
  /** Default true. */
  bias?: boolean;
  /** Default: uniform in ±1/√(k²·I), bias too, as in PyTorch. */
  init?: Init;
}

export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly stride: number;
  readonly padding: number;

  /** @param kernel side k of the square kernel; the weight is [k, k, I, O] */
  constructor(
    p: Parameters,
    inputs: number,
    outputs: number,
    kernel: number,
    { stride = 1, padding = 0, bias = true, init }: Conv2dOptions = {},
  ) {
    super();
    this.stride = stride;
    this.padding = padding;
    const byFan = uniformByFanIn(kernel * kernel * inputs);
    this.weight = p.get('weight', [kernel, kernel, inputs, outputs], init ?? byFan);
    this.bias = bias ? p.get('bias', [outputs], byFan) : undefined;
  }

  /** Images [B, H, W, I] → [B, h, w, O]. */
  forward(x: Tensor, { activation }: { activation?: Activation } = {}): Tensor {
    const { stride, padding } = this;
    return conv2d(x, this.weight, this.bias, { stride, padding, activation });
  }
}
