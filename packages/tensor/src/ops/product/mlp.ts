// mlp: y = f(x·W₁ + b₁)·W₂ + b₂ + residual, the two-layer block of every transformer and of ClipCap's mapper.
//
// One op, because its backward pass then fuses f′ into the product that makes the hidden gradient.
// Legend: I inputs, H hidden units, O outputs.
import { sizeOf, formatShape } from '../../core/shape.ts';
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition, type TensorSpec } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import type { Activation } from '../unary/activations.ts';
import { sum } from '../reduce/sum.ts';
import { asRows } from '../move/reshape.ts';
import { launchGemm } from './gemm.ts';
import { assertLinear, fan, weightGrad, type WeightLayout } from './linear.ts';
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
  infer([x, w1, b1, w2, b2, residual], { layout }, needs) {
    assertFloat('mlp', 'x', x);
    const H = assertLinear('mlp (first layer)', x, w1, b1, layout);
    const hidden: TensorSpec = { shape: [...x.shape.slice(0, -1), H], dtype: x.dtype };
    const O = assertLinear('mlp (second layer)', hidden, w2, b2, layout);
    const y: TensorSpec = { shape: [...x.shape.slice(0, -1), O], dtype: x.dtype };
    if (residual)
      assertSizes('mlp', `residual ${formatShape(residual.shape)}`, residual.size, sizeOf(y.shape));
    // Saved for the backward pass: the hidden values before f, and after it where W₂ is trained.
    const saves = needs.slice(0, 4).includes(true);
    return saves ? [y, hidden, hidden] : [y];
  },
  launch(context, [x, w1, b1, w2, b2, residual], [out, pre, savedHidden], { layout, activation }) {
    const [I, H] = fan(w1, layout);
    const O = fan(w2, layout)[1];
    const M = sizeOf(x.shape.slice(0, -1));
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
    const g = asRows(grad);
    const gPre =
      needs[0] || needs[1] || needs[2] ? hiddenGrad(g, w2, asRows(pre), { layout, activation }) : undefined;
    return [
      needs[0]
        ? matmul(gPre!, w1, { transB: layout === 'in-out', gradientA: true }).reshape(x.shape)
        : undefined,
      needs[1] ? weightGrad(asRows(x), gPre!, layout) : undefined,
      needs[2] ? sum(gPre!, { axis: 0 }).reshape(b1!.shape) : undefined,
      needs[3] ? weightGrad(asRows(hidden), g, layout) : undefined,
      needs[4] ? sum(g, { axis: 0 }).reshape(b2!.shape) : undefined,
      needs[5] ? grad : undefined,
    ];
  },
};

const hiddenGradDefinition: OpDefinition<MlpAttrs, readonly [Tensor, Tensor, Tensor]> = {
  name: 'mlpHiddenGrad',
  inputs: ['g', 'w2', 'pre'],
  infer: ([, , pre]) => [{ shape: pre.shape, dtype: pre.dtype }],
  launch(context, [g, w2, pre], [out], { layout, activation }) {
    const [H, O] = fan(w2, layout);
    const slope = { of: pre, activation };
    launchGemm(context, {
      name: 'mlp down backward',
      a: g,
      b: w2,
      out,
      M: sizeOf(g.shape.slice(0, -1)),
      N: H,
      K: O,
      transB: layout === 'in-out',
      gradientA: true,
      slope,
    });
  },
};

/** (g · W₂ᵀ) ⊙ f′(pre) in one kernel. */
const hiddenGrad = defineOp(
  hiddenGradDefinition,
  (apply) =>
    (g: Tensor, w2: Tensor, pre: Tensor, attrs: MlpAttrs): Tensor =>
      apply([g, w2, pre], attrs)[0],
);

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
      {
        layout = 'out-in',
        activation,
        residual,
      }: { layout?: WeightLayout; activation: Activation; residual?: Tensor },
    ): Tensor =>
      apply([x, w1, b1, w2, b2, residual], { layout, activation })[0],
);
