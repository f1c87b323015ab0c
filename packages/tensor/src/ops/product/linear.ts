// linear: y = f(x·W + b) + residual in one kernel.
//
// Legend: I inputs, O outputs; x [..., I]; W [O, I] (PyTorch's Linear) or [I, O] (GPT-2's Conv1D).
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import {
  assertFloat,
  assertSizes,
  defineOp,
  type OpDefinition,
  type RefArray,
  type TensorSpec,
} from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { rules, unarySlope, type Activation } from '../unary/activations.ts';
import { sum } from '../reduce/reduce.ts';
import { launchGemm } from './gemm.ts';
import { matmul, matmulRef } from './matmul.ts';

export type WeightLayout = 'out-in' | 'in-out';

export interface LinearAttrs {
  layout: WeightLayout;
  activation?: Activation;
}

/** [inputs, outputs] of a weight. */
export const fan = (w: { shape: readonly number[] }, layout: WeightLayout): [number, number] =>
  layout === 'out-in' ? [w.shape[1], w.shape[0]] : [w.shape[0], w.shape[1]];

export function assertLinear(
  op: string,
  x: TensorSpec,
  w: TensorSpec,
  b: TensorSpec | undefined,
  layout: WeightLayout,
): number {
  if (w.shape.length !== 2) throw new ShapeError(`${op}: the weight ${formatShape(w.shape)} is no matrix`);
  const [I, O] = fan(w, layout);
  const got = x.shape.at(-1);
  if (got !== I) {
    throw new ShapeError(
      `${op}: x ${formatShape(x.shape)} ends in ${got}, the weight ${formatShape(w.shape)} (${layout}) takes ${I}`,
    );
  }
  if (b) assertSizes(op, `bias ${formatShape(b.shape)}`, sizeOf(b.shape), O);
  return O;
}

type LinearInputs = readonly [Tensor, Tensor, Tensor | undefined, Tensor | undefined];

const definition: OpDefinition<LinearAttrs, LinearInputs> = {
  name: 'linear',
  infer([x, w, b, residual], { layout, activation }, needs) {
    assertFloat('linear', 'x', x);
    const O = assertLinear('linear', x, w, b, layout);
    const y: TensorSpec = { shape: [...x.shape.slice(0, -1), O], dtype: x.dtype };
    if (residual)
      assertSizes('linear', `residual ${formatShape(residual.shape)}`, residual.size, sizeOf(y.shape));
    return activation && (needs[0] || needs[1] || needs[2]) ? [y, y] : [y];
  },
  launch(context, [x, w, bias, residual], [out, pre], { layout, activation }) {
    const [I, O] = fan(w, layout);
    launchGemm(context, {
      name: 'linear',
      a: x,
      b: w,
      out,
      M: x.size / I,
      N: O,
      K: I,
      transB: layout === 'out-in',
      bias,
      activation,
      pre,
      residual,
    });
  },
  vjp({ inputs: [x, w, bias], outputs: [, pre], attrs: { layout, activation }, grad, needs }) {
    const [I, O] = fan(w, layout);
    const inner = needs[0] || needs[1] || needs[2];
    const g = (activation && inner ? unarySlope(pre, grad, activation) : grad).reshape([-1, O]);
    const rows = x.reshape([-1, I]);
    return [
      needs[0] ? matmul(g, w, { transB: layout === 'in-out', gradientA: true }).reshape(x.shape) : undefined,
      needs[1] ? weightGrad(rows, g, layout) : undefined,
      needs[2] ? sum(g, { axis: 0 }).reshape(bias!.shape) : undefined,
      needs[3] ? grad : undefined,
    ];
  },
  reference: ([x, w, bias, residual], attrs) => {
    const y = linearRef(x, w, bias, attrs);
    if (residual) y.data.forEach((v, i) => (y.data[i] = v + residual.data[i]));
    return [y];
  },
  samples: [
    {
      inputs: [{ shape: [3, 8] }, { shape: [12, 8] }, { shape: [12] }, undefined],
      attrs: { layout: 'out-in' },
    },
    {
      inputs: [{ shape: [2, 3, 8] }, { shape: [8, 16] }, { shape: [16] }, { shape: [2, 3, 16] }],
      attrs: { layout: 'in-out' },
    },
    {
      inputs: [{ shape: [5, 7] }, { shape: [9, 7] }, undefined, { shape: [5, 9] }],
      attrs: { layout: 'out-in', activation: 'tanh' },
    },
    {
      inputs: [{ shape: [4, 4] }, { shape: [4, 8] }, { shape: [8] }, undefined],
      attrs: { layout: 'in-out', activation: 'geluNew' },
    },
    {
      inputs: [{ shape: [1, 6] }, { shape: [5, 6] }, { shape: [5] }, undefined],
      attrs: { layout: 'out-in', activation: 'quickGelu' },
    },
    {
      inputs: [{ shape: [0, 3] }, { shape: [5, 3] }, { shape: [5] }, undefined],
      attrs: { layout: 'out-in', activation: 'relu' },
    },
  ],
};

/** dW of a linear map from rows [R, I] and output gradients [R, O], in the weight's own layout. */
export const weightGrad = (rows: Tensor, g: Tensor, layout: WeightLayout): Tensor =>
  layout === 'out-in' ? matmul(g, rows, { transA: true }) : matmul(rows, g, { transA: true });

export function linearRef(
  x: RefArray,
  w: RefArray,
  bias: RefArray | undefined,
  { layout, activation }: LinearAttrs,
): RefArray {
  const [I, O] = fan(w, layout);
  const rows = { shape: [sizeOf(x.shape) / I, I], data: x.data };
  const data = matmulRef(rows, w, { transA: false, transB: layout === 'out-in' });
  const f = activation ? rules[activation].js : (v: number): number => v;
  data.forEach((v, i) => (data[i] = f(v + (bias ? bias.data[i % O] : 0))));
  return { shape: [...x.shape.slice(0, -1), O], data };
}

export interface LinearOptions {
  layout?: WeightLayout;
  activation?: Activation;
  /** Added to the result (after the activation); same shape as the result. */
  residual?: Tensor;
}

/**
 * f(x·W + b) + residual: x [..., I] → [..., O], W [O, I] ('out-in', the default) or [I, O] ('in-out').
 * @throws ShapeError when sizes do not fit.
 */
export const linear = defineOp(
  definition,
  (apply) =>
    (
      x: Tensor,
      w: Tensor,
      b?: Tensor,
      { layout = 'out-in', activation, residual }: LinearOptions = {},
    ): Tensor =>
      apply([x, w, b, residual], { layout, activation })[0],
);
