// RMSNorm, GroupNorm and BatchNorm2d: torch.nn's, over channels-last images.
import { batchNorm, groupNorm, rmsNorm, type Tensor } from '@foreword/tensor';
import { ones, zeros } from '../init.ts';
import { Module } from '../module.ts';
import { ModuleError } from '../nn-error.ts';
import type { Parameters } from '../parameters.ts';
import type { LayerNormOptions } from './layer-norm.ts';

export class RMSNorm extends Module {
  readonly weight: Tensor;
  readonly eps: number | undefined;

  constructor(p: Parameters, width: number, { eps }: LayerNormOptions = {}) {
    super();
    this.eps = eps;
    this.weight = p.get('weight', [width], ones);
  }

  /** x [..., C] → [..., C], divided by the root of the mean square (Zhang & Sennrich 2019). */
  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, { eps: this.eps });
  }
}

export class GroupNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly groups: number;
  readonly eps: number | undefined;

  constructor(p: Parameters, groups: number, channels: number, { eps }: LayerNormOptions = {}) {
    super();
    if (channels % groups !== 0)
      throw new ModuleError(`GroupNorm: ${channels} channels are not divisible by ${groups} groups`);
    this.groups = groups;
    this.eps = eps;
    this.weight = p.get('weight', [channels], ones);
    this.bias = p.get('bias', [channels], zeros);
  }

  /** x [B, ..., C] → the same, each group of channels of an item at mean 0 and variance 1 (Wu & He 2018). */
  forward(x: Tensor): Tensor {
    return groupNorm(x, this.groups, this.weight, this.bias, { eps: this.eps });
  }
}

export interface BatchNormOptions extends LayerNormOptions {
  /** Weight of a batch in the running statistics; default 0.1. */
  momentum?: number;
}

export class BatchNorm2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  /** Moved towards the batch's by each training pass, in place; used after `eval()`. */
  readonly running_mean: Tensor;
  readonly running_var: Tensor;
  readonly #options: BatchNormOptions;

  constructor(p: Parameters, channels: number, options: BatchNormOptions = {}) {
    super();
    this.#options = options;
    this.weight = p.get('weight', [channels], ones);
    this.bias = p.get('bias', [channels], zeros);
    this.running_mean = p.buffer('running_mean', [channels], zeros);
    this.running_var = p.buffer('running_var', [channels], ones);
  }

  protected override get bufferFields(): readonly string[] {
    return ['running_mean', 'running_var'];
  }

  /** x [B, H, W, C] → the same; in training mode by the batch's statistics (Ioffe & Szegedy 2015). */
  forward(x: Tensor): Tensor {
    const { running_mean: runningMean, running_var: runningVar, training } = this;
    return batchNorm(x, this.weight, this.bias, { ...this.#options, runningMean, runningVar, training });
  }
}
