// rmsNorm: the last axis divided by its root mean square, then scaled (Zhang & Sennrich 2019, eq. 4).
import { assertNumber } from '../../arguments.ts';
import { defineOp } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { defineNorm } from './norm-kernels.ts';

/**
 * x [..., C] → x/√(mean x² + ε) · gain. The gain [C] may be left out. `eps` is by default PyTorch's, the spacing of f32 at 1;
 * language models set 1e-5 or 1e-6.
 * @throws ShapeError when the gain has not C elements.
 * @example
 * rmsNorm(x, gain, { eps: 1e-6 });
 */
export const rmsNorm = defineOp(
  defineNorm('rmsNorm', false),
  (apply) =>
    (x: Tensor, gain?: Tensor, { eps = 2 ** -23 }: { eps?: number } = {}): Tensor => {
      assertNumber('rmsNorm', 'eps', eps, { min: 0 });
      return apply([x, gain, undefined], { eps })[0];
    },
);
