// Dynamic loss scaling (Micikevicius et al. 2018, "Mixed Precision Training", §3.2), as torch.amp.GradScaler: gradients are
// computed larger, so that those of f16 activations do not vanish, and an update whose gradients overflow is left out.
import { TensorError } from '../core/errors.ts';
import type { Device } from '../core/device.ts';
import type { Shape } from '../core/shape.ts';
import { f32Literal, wgsl } from '../kernel/wgsl.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

export interface LossScaleOptions {
  /** Default 65,536. */
  initial?: number;
  /** Updates without an overflow after which the scale is doubled; default 2,000. */
  growthInterval?: number;
}

/** Places in its memory. */
const place = { scale: 0, good: 1, isSkipped: 2 } as const;

export class LossScale {
  /** [scale, updates since it changed, 1 if the last update was left out] */
  readonly tensor: Tensor;
  readonly #growthInterval: number;

  constructor(device: Device, of: string, { initial = 65_536, growthInterval = 2_000 }: LossScaleOptions) {
    if (!(initial > 0 && initial < Infinity))
      throw new TensorError(`${of}: lossScale.initial is ${initial}; a finite number above 0 is needed`);
    if (!Number.isInteger(growthInterval) || growthInterval < 1)
      throw new TensorError(
        `${of}: lossScale.growthInterval is ${growthInterval}; a whole number from 1 is needed`,
      );
    this.#growthInterval = growthInterval;
    const madeBy = `${of} loss scale`;
    this.tensor = emptyTensor(device, [3], { persistent: true, madeBy }).write([initial, 0, 0]);
  }

  /** What the gradient of a loss of this shape begins with. */
  seed(shape: Shape): Tensor {
    return new Tensor(this.tensor.device, shape, 'f32', { storage: this.tensor.storage });
  }

  /** Statements over `scaling` and `scaled`, the norm of scaled gradients; they run `otherwise` where the update is left out. */
  adapt(otherwise: string): string {
    return wgsl`
      let used = scaling[${place.scale}];
      let isBad = isNan(scaled) || scaled > 3.0e38f;
      scaling[${place.isSkipped}] = select(0.0f, 1.0f, isBad);
      scaling[${place.good}] = select(scaling[${place.good}] + 1.0f, 0.0f, isBad);
      if (isBad) { scaling[${place.scale}] = used * 0.5f; ${otherwise} return; }
      if (scaling[${place.good}] >= ${f32Literal(this.#growthInterval)}) {
        scaling[${place.scale}] = used * 2.0f;
        scaling[${place.good}] = 0.0f;
      }`;
  }

  /** Condition in kernels that read `scaling`. */
  readonly isSkipped: string = `scaling[${place.isSkipped}] != 0.0f`;
}
