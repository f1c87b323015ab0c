// mlp: y = f(x·W₁ + b₁)·W₂ + b₂ + residual, the two-layer block of every transformer and of ClipCap's mapper.
//
// One op, because its backward pass then fuses f′ into the product that makes the hidden gradient.
// Legend: I inputs, H hidden units, O outputs.
import { assertOptions } from '../../arguments.ts';
import { defineOp, kernelOp, type OpDefinition, type TensorSpec } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import type { Activation } from '../unary/activations.ts';
import { reshape } from '../move/reshape.ts';
import { sum } from '../reduce/sum.ts';
import { launchGemm } from './gemm.ts';
import {
  assertActivation,
  assertLinear,
  assertResidual,
  fan,
  rowsOf,
  weightGrad,
  type WeightLayout,
} from './linear.ts';
import { matmul } from './matmul.ts';

export interface MlpAttrs {
  layout: WeightLayout;
  activation: Activation;
}

export type MlpInputs = readonly [
  Tensor,
  Tensor,
  Tensor | undefined,
  Tensor,
  Tensor | undefined,
  Tensor | undefined,
];

const definition: OpDefinition<MlpAttrs, MlpInputs> = {
  name: 'mlp',
  inputs: ['x', 'w1', 'b1', 'w2', 'b2', 'residual'],
  infer([x, w1, b1, w2, b2, residual], { layout, activation }, needs) {
    const H = assertLinear('mlp (first layer)', x, w1, b1, layout);
    const hidden: TensorSpec = { shape: [...x.shape.slice(0, -1), H], dtype: x.dtype };
    const O = assertLinear('mlp (second layer)', hidden, w2, b2, layout);
    const y: TensorSpec = { shape: [...x.shape.slice(0, -1), O], dtype: x.dtype };
    assertActivation('mlp', activation);
    assertResidual('mlp', residual, y);
    // Saved for the backward pass: the hidden values before f, and after it where W₂ is trained.
    const saves = needs.slice(0, 4).includes(true);
    return saves ? [y, hidden, hidden] : [y];
  },
  launch(context, [x, w1, b1, w2, b2, residual], [out, pre, savedHidden], { layout, activation }) {
    const [I, H] = fan(w1, layout);
    const O = fan(w2, layout)[1];
    const M = rowsOf(x);
    const transB = layout === 'out-in';
    const hidden = savedHidden ?? emptyTensor(context.device, [M, H], { dtype: x.dtype });
    launchGemm(context, {
      name: 'mlp up',
      a: x,
      b: w1,
      out: hidden,
      M,
      N: H,
      K: I,
      transB,
      bias: b1,
      activation,
      pre,
    });
    launchGemm(context, {
      name: 'mlp down',
      a: hidden,
      b: w2,
      out,
      M,
      N: O,
      K: H,
      transB,
      bias: b2,
      residual,
    });
  },
  vjp({ inputs: [x, w1, b1, w2, b2], outputs: [, pre, hidden], attrs: { layout, activation }, grad, needs }) {
    const [I, H] = fan(w1, layout);
    const O = fan(w2, layout)[1];
    const M = rowsOf(x);
    const g = reshape(grad, [M, O]);
    const gPre =
      needs[0] || needs[1] || needs[2]
        ? hiddenGrad(g, w2, reshape(pre, [M, H]), { layout, activation })
        : undefined;
    return [
      needs[0]
        ? reshape(matmul(gPre!, w1, { transB: layout === 'in-out', gradientA: true }), x.shape)
        : undefined,
      needs[1] ? weightGrad(reshape(x, [M, I]), gPre!, layout) : undefined,
      needs[2] ? reshape(sum(gPre!, { axis: 0 }), b1!.shape) : undefined,
      needs[3] ? weightGrad(reshape(hidden, [M, H]), g, layout) : undefined,
      needs[4] ? reshape(sum(g, { axis: 0 }), b2!.shape) : undefined,
      needs[5] ? grad : undefined,
    ];
  },
};

/** (g · W₂ᵀ) ⊙ f′(pre) in one kernel. */
const hiddenGradOp = kernelOp(
  'mlpHiddenGrad',
  ([, , pre]: readonly [Tensor, Tensor, Tensor]) => [{ shape: pre.shape, dtype: pre.dtype }],
  (context, [g, w2, pre], [out], { layout, activation }: MlpAttrs) => {
    const [H, O] = fan(w2, layout);
    const slope = { of: pre, activation };
    launchGemm(context, {
      name: 'mlp down backward',
      a: g,
      b: w2,
      out,
      M: pre.shape[0],
      N: H,
      K: O,
      transB: layout === 'in-out',
      gradientA: true,
      slope,
    });
  },
);

const hiddenGrad = (g: Tensor, w2: Tensor, pre: Tensor, attrs: MlpAttrs): Tensor =>
  hiddenGradOp([g, w2, pre], attrs)[0];

export interface MlpWeights {
  w1: Tensor;
  b1?: Tensor;
  w2: Tensor;
  b2?: Tensor;
}

/** f(x·W₁ + b₁)·W₂ + b₂ + residual: x [..., I] → [..., O]. */
export const mlp = defineOp(
  definition,
  (apply) =>
    (
      x: Tensor,
      { w1, b1, w2, b2 }: MlpWeights,
      options: { layout?: WeightLayout; activation: Activation; residual?: Tensor },
    ): Tensor => {
      assertOptions('mlp', options, ['layout', 'activation', 'residual']);
      const { layout = 'out-in', activation, residual } = options;
      return apply([x, w1, b1, w2, b2, residual], { layout, activation })[0];
    },
);
