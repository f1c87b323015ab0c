// linear: y = f(x·W + b) + residual in one kernel.
//
// Legend: I inputs, O outputs; x [..., I]; W [O, I] (PyTorch's Linear) or [I, O] (GPT-2's Conv1D).
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { assertChoice, assertFloat, assertOptions, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition, type TensorSpec } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { rules, unarySlope, type Activation } from '../unary/activations.ts';
import { reshape } from '../move/reshape.ts';
import { sum } from '../reduce/sum.ts';
import { launchGemm } from './gemm.ts';
import { matmul } from './matmul.ts';

export type WeightLayout = 'out-in' | 'in-out';

export interface LinearAttrs {
  layout: WeightLayout;
  activation?: Activation;
}

/** [inputs, outputs] of a weight. */
export const fan = (w: { shape: readonly number[] }, layout: WeightLayout): [number, number] =>
  layout === 'out-in' ? [w.shape[1], w.shape[0]] : [w.shape[0], w.shape[1]];

/** Rows of x [..., I], also where I is 0. */
export const rowsOf = (x: Tensor): number => sizeOf(x.shape.slice(0, -1));

export function assertLinear(
  op: string,
  x: TensorSpec,
  w: TensorSpec,
  b: TensorSpec | undefined,
  layout: WeightLayout,
): number {
  assertChoice(op, 'layout', layout, ['out-in', 'in-out']);
  assertFloat(op, 'x', x);
  assertFloat(op, 'the weight', w);
  if (b) assertFloat(op, 'the bias', b);
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

export const assertActivation = (op: string, activation: Activation | undefined): void =>
  assertChoice(op, 'activation', activation, Object.keys(rules) as Activation[]);

export function assertResidual(op: string, residual: TensorSpec | undefined, y: TensorSpec): void {
  if (!residual) return;
  assertFloat(op, 'residual', residual);
  assertSizes(op, `residual ${formatShape(residual.shape)}`, sizeOf(residual.shape), sizeOf(y.shape));
}

export type LinearInputs = readonly [Tensor, Tensor, Tensor | undefined, Tensor | undefined];

const definition: OpDefinition<LinearAttrs, LinearInputs> = {
  name: 'linear',
  inputs: ['x', 'w', 'b', 'residual'],
  infer([x, w, b, residual], { layout, activation }, needs) {
    const O = assertLinear('linear', x, w, b, layout);
    const y: TensorSpec = { shape: [...x.shape.slice(0, -1), O], dtype: x.dtype };
    if (activation !== undefined) assertActivation('linear', activation);
    assertResidual('linear', residual, y);
    return activation && (needs[0] || needs[1] || needs[2]) ? [y, y] : [y];
  },
  launch(context, [x, w, bias, residual], [out, pre], { layout, activation }) {
    const [I, O] = fan(w, layout);
    launchGemm(context, {
      name: 'linear',
      a: x,
      b: w,
      out,
      M: rowsOf(x),
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
    const slope = activation && inner ? unarySlope(pre, grad, activation) : grad;
    const g = reshape(slope, [rowsOf(x), O]);
    const rows = reshape(x, [rowsOf(x), I]);
    return [
      needs[0] ? reshape(matmul(g, w, { transB: layout === 'in-out', gradientA: true }), x.shape) : undefined,
      needs[1] ? weightGrad(rows, g, layout) : undefined,
      needs[2] ? reshape(sum(g, { axis: 0 }), bias!.shape) : undefined,
      needs[3] ? grad : undefined,
    ];
  },
};

/** dW of a linear map from rows [R, I] and output gradients [R, O], in the weight's own layout. */
export const weightGrad = (rows: Tensor, g: Tensor, layout: WeightLayout): Tensor =>
  layout === 'out-in' ? matmul(g, rows, { transA: true }) : matmul(rows, g, { transA: true });

export interface LinearOptions {
  layout?: WeightLayout;
  activation?: Activation;
  /** Added to the result (after the activation); same shape as the result. */
  residual?: Tensor;
}

/**
 * f(x·W + b) + residual: x [..., I] → [..., O], W [O, I] ('out-in', the default) or [I, O] ('in-out'). x may be a vector; with
 * I = 0 the products are zeros and b remains.
 * @throws ShapeError when sizes do not fit.
 */
export const linear = defineOp(
  definition,
  (apply) =>
    (x: Tensor, w: Tensor, b?: Tensor, options: LinearOptions = {}): Tensor => {
      assertOptions('linear', options, ['layout', 'activation', 'residual']);
      const { layout = 'out-in', activation, residual } = options;
      return apply([x, w, b, residual], { layout, activation })[0];
    },
);
