// Dropout that draws anew in every forward pass, torch.nn.Dropout.
import { advanceSeed, dropout, emptyTensor, type Tensor } from '@foreword/tensor';
import { Module } from '../module.ts';
import { ModuleError } from '../nn-error.ts';

/** Layers made so far: each draws from a stream of its own. */
let made = 0;

export interface DropoutOptions {
  /** Default 0. */
  seed?: number;
  /** Keeps layers apart that share a seed; default the number of dropout layers made before. */
  stream?: number;
}

export class Dropout extends Module {
  readonly p: number;
  readonly seed: number;
  readonly stream: number;
  /** (seed, passes so far) on the GPU, so that a replayed plan draws anew. */
  #state: Tensor | undefined;

  /** @param p probability of dropping an element */
  constructor(p: number, { seed = 0, stream = made }: DropoutOptions = {}) {
    super();
    if (!(p >= 0 && p < 1))
      throw new ModuleError(`Dropout: p is ${p}; a number from 0 and below 1 is needed`);
    made++;
    this.p = p;
    this.seed = seed;
    this.stream = stream;
  }

  /**
   * In training mode elements of x are zeroed and the rest scaled by 1/(1 − p); after `eval()`, x itself.
   * @param seed u32 [2] (seed, step) instead of the layer's own count of passes: for runs that are resumed bit for bit, and
   * for a pass that is computed a second time
   */
  forward(x: Tensor, { seed }: { seed?: Tensor } = {}): Tensor {
    if (!this.training || this.p === 0) return x;
    return dropout(x, { p: this.p, seed: seed ?? advanceSeed(this.#own(x)), stream: this.stream });
  }

  #own({ device }: Tensor): Tensor {
    this.#state ??= emptyTensor(device, [2], { dtype: 'u32', persistent: true, madeBy: 'Dropout' }).write([
      this.seed,
      0,
    ]);
    if (this.#state.device !== device)
      throw new ModuleError('Dropout: x lives on another device than in earlier passes');
    return this.#state;
  }

  protected override disposeOwn(): void {
    this.#state?.dispose();
    this.#state = undefined;
  }
}
