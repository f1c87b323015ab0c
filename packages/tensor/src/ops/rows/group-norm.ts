// groupNorm and instanceNorm: each picture's channels, in groups or one by one, brought to mean 0 and variance 1.
//
// Legend: B pictures, S places, C channels in G groups. Channels are last, as in conv2d here; PyTorch has them second.
import { assertFloat, assertNumber, assertSizes } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { defineOp, type CompositeDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { add, mul } from '../binary/arithmetic.ts';
import { reshape } from '../move/reshape.ts';
import { transpose } from '../move/transpose.ts';
import { layerNorm } from './layer-norm.ts';
import type { NormInputs } from './norm-kernels.ts';

export interface GroupNormAttrs {
  /** Undefined: one for each channel. */
  groups?: number;
  eps: number;
}

function groupNormOf(name: string): CompositeDefinition<GroupNormAttrs, NormInputs> {
  return {
    name,
    inputs: ['x', 'gain', 'bias'],
    compose([x, gain, bias], { groups, eps }) {
      assertFloat(name, 'x', x);
      if (x.rank < 2)
        throw new ShapeError(`${name}: x is ${formatShape(x.shape)}, but [B, ..., C] is wanted`);
      const [B, C] = [x.dim(0), x.dim(-1)];
      const G = groups ?? C;
      if (groups !== undefined) assertNumber(name, 'groups', groups, { integer: true, min: 1 });
      if (G > 0 && C % G !== 0) throw new ShapeError(`${name}: ${C} channels do not fall into ${G} groups`);
      for (const [what, t] of Object.entries({ gain, bias }))
        if (t) assertSizes(name, `the size of ${what}`, t.size, C);
      if (x.size === 0) return [reshape(x, x.shape)];
      const S = x.size / (B * C);
      // [B, S, G, C/G] → [B, G, S·C/G] and back; one place is in order as it is.
      const order = [0, 2, 1, 3];
      const turned = (t: Tensor): Tensor => (S === 1 || G === 1 ? t : transpose(t, order));
      const rows = reshape(turned(reshape(x, [B, S, G, C / G])), [B, G, (S * C) / G]);
      const normal = layerNorm(rows, undefined, undefined, { eps });
      const apart = S === 1 || G === 1 ? [B, S, G, C / G] : [B, G, S, C / G];
      let y = reshape(turned(reshape(normal, apart)), x.shape);
      if (gain) y = mul(y, reshape(gain, [C]));
      if (bias) y = add(y, reshape(bias, [C]));
      return [y];
    },
  };
}

/**
 * Group normalisation (Wu & He 2018): x [B, ..., C], channels last, in `groups` of neighbouring channels; each group of each
 * picture gets mean 0 and variance 1, then gain and bias [C], which may be left out.
 * @throws ShapeError when the channels do not fall into so many groups.
 * @example
 * groupNorm(x, 32, gain, bias); // [B, H, W, C] → [B, H, W, C]
 */
export const groupNorm = defineOp(
  groupNormOf('groupNorm'),
  (apply) =>
    (
      x: Tensor,
      groups: number,
      gain?: Tensor,
      bias?: Tensor,
      { eps = 1e-5 }: { eps?: number } = {},
    ): Tensor => {
      assertNumber('groupNorm', 'eps', eps, { min: 0 });
      return apply([x, gain, bias], { groups, eps })[0];
    },
);

/** Instance normalisation: {@link groupNorm} with a group for each channel. x [B, ..., C], channels last. */
export const instanceNorm = defineOp(
  groupNormOf('instanceNorm'),
  (apply) =>
    (x: Tensor, gain?: Tensor, bias?: Tensor, { eps = 1e-5 }: { eps?: number } = {}): Tensor => {
      assertNumber('instanceNorm', 'eps', eps, { min: 0 });
      return apply([x, gain, bias], { eps })[0];
    },
);
