// layerNorm: normalises the last axis to mean 0 and variance 1, then scales and shifts (Ba et al. 2016, eq. 4).
import { assertNumber } from '../../arguments.ts';
import { defineOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { defineNorm } from './norm-kernels.ts';

/**
 * Layer normalisation over the last axis: x [..., C] → (x − μ)/√(σ² + ε) · gain + bias. Gain and bias [C] may be left out.
 * Statistics are in f32; a row with NaN or an infinity becomes NaN.
 * @throws ShapeError when gain or bias has not C elements.
 * @example
 * layerNorm(x, gain, bias, { eps: 1e-5 });
 */
export const layerNorm = defineOp(
  defineNorm('layerNorm', true),
  (apply) =>
    (x: Tensor, gain?: Tensor, bias?: Tensor, { eps = 1e-5 }: { eps?: number } = {}): Tensor => {
      assertNumber('layerNorm', 'eps', eps, { min: 0 });
      return apply([x, gain, bias], { eps })[0];
    },
);
