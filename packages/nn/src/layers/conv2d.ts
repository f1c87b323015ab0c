// Convolutions over channels-last images and sequences: torch.nn.Conv2d, ConvTranspose2d and Conv1d but for the layout.
import {
  conv1d,
  conv2d,
  convTranspose2d,
  type Conv1dOptions as Conv1dOp,
  type Conv2dOptions as Conv2dOp,
  type ConvTranspose2dOptions as ConvTranspose2dOp,
  type Tensor,
} from '@foreword/tensor';
import { uniformByFanIn, type Init } from '../init.ts';
import { Module } from '../module.ts';
import type { Parameters } from '../parameters.ts';

interface ConvolutionOptions {
  /** Default true. */
  bias?: boolean;
  /** Of the weight; default: uniform in ±1/√(taps·I/groups), as the bias always is, as in PyTorch. */
  init?: Init;
}

export type Conv1dOptions = Omit<Conv1dOp, 'layout'> & ConvolutionOptions;
export type Conv2dOptions = Omit<Conv2dOp, 'layout'> & ConvolutionOptions;
export type ConvTranspose2dOptions = Omit<ConvTranspose2dOp, 'layout'> & ConvolutionOptions;

const pair = (kernel: number | readonly [number, number]): readonly [number, number] =>
  typeof kernel === 'number' ? [kernel, kernel] : kernel;

export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #options: Omit<Conv2dOp, 'layout'>;

  /** @param kernel side of the square kernel, or [rows, columns]; the weight is [rows, columns, I / groups, O] */
  constructor(
    p: Parameters,
    inputs: number,
    outputs: number,
    kernel: number | readonly [number, number],
    { bias = true, init, ...options }: Conv2dOptions = {},
  ) {
    super();
    this.#options = options;
    const [ky, kx] = pair(kernel);
    const perGroup = inputs / (options.groups ?? 1);
    const byFan = uniformByFanIn(ky * kx * perGroup);
    this.weight = p.get('weight', [ky, kx, perGroup, outputs], init ?? byFan);
    this.bias = bias ? p.get('bias', [outputs], byFan) : undefined;
  }

  /** Images [B, H, W, I] → [B, h, w, O]; sizes as the op's, see {@link conv2d}. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.#options);
  }
}

export class ConvTranspose2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #options: Omit<ConvTranspose2dOp, 'layout'>;

  /** @param kernel side of the square kernel, or [rows, columns]; the weight is [rows, columns, O / groups, I] */
  constructor(
    p: Parameters,
    inputs: number,
    outputs: number,
    kernel: number | readonly [number, number],
    { bias = true, init, ...options }: ConvTranspose2dOptions = {},
  ) {
    super();
    this.#options = options;
    const [ky, kx] = pair(kernel);
    const perGroup = outputs / (options.groups ?? 1);
    // PyTorch takes the fan from the second axis of its [I, O / groups, ky, kx].
    const byFan = uniformByFanIn(ky * kx * perGroup);
    this.weight = p.get('weight', [ky, kx, perGroup, inputs], init ?? byFan);
    this.bias = bias ? p.get('bias', [outputs], byFan) : undefined;
  }

  /** Images [B, H, W, I] → [B, h, w, O]; sizes as the op's, see {@link convTranspose2d}. */
  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.#options);
  }
}

export class Conv1d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #options: Omit<Conv1dOp, 'layout'>;

  /** @param kernel taps k; the weight is [k, I / groups, O] */
  constructor(
    p: Parameters,
    inputs: number,
    outputs: number,
    kernel: number,
    { bias = true, init, ...options }: Conv1dOptions = {},
  ) {
    super();
    this.#options = options;
    const perGroup = inputs / (options.groups ?? 1);
    const byFan = uniformByFanIn(kernel * perGroup);
    this.weight = p.get('weight', [kernel, perGroup, outputs], init ?? byFan);
    this.bias = bias ? p.get('bias', [outputs], byFan) : undefined;
  }

  /** Sequences [B, T, I] → [B, t, O]; sizes as the op's, see {@link conv1d}. */
  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.#options);
  }
}
