// Means and maxima over windows of a channels-last image: torch.nn.AvgPool2d, MaxPool2d and AdaptiveAvgPool2d.
import {
  adaptiveAvgPool2d,
  avgPool2d,
  maxPool2d,
  type AvgPoolOptions,
  type PoolOptions,
  type Tensor,
} from '@foreword/tensor';
import { Module } from '../module.ts';

export class AvgPool2d extends Module {
  readonly #options: AvgPoolOptions;

  /** @param kernelSize a number or a pair; the stride is the same unless `options` says otherwise */
  constructor(kernelSize: PoolOptions['kernelSize'], options: Omit<AvgPoolOptions, 'kernelSize'> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  /** [B, H, W, C] → [B, h, w, C] */
  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#options);
  }
}

export class MaxPool2d extends Module {
  readonly #options: PoolOptions;

  /** @param kernelSize a number or a pair; the stride is the same unless `options` says otherwise */
  constructor(kernelSize: PoolOptions['kernelSize'], options: Omit<PoolOptions, 'kernelSize'> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  /** [B, H, W, C] → [B, h, w, C] */
  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#options);
  }
}

export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: Parameters<typeof adaptiveAvgPool2d>[1];

  constructor(outputSize: Parameters<typeof adaptiveAvgPool2d>[1]) {
    super();
    this.outputSize = outputSize;
  }

  /** [B, H, W, C] → [B, h, w, C] for outputSize [h, w] (or one number for both) */
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
