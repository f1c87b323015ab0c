// add, sub, mul, div with broadcasting; the second operand may be a number.
import { assertFloat } from '../../arguments.ts';
import { broadcastShapes, sameShape, type Shape } from '../../core/shape.ts';
import { runPointwise } from '../../kernel/pointwise.ts';
import { f32Literal } from '../../kernel/wgsl.ts';
import { defineOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { sum } from '../reduce/sum.ts';
import { reshape } from '../move/reshape.ts';

interface Rule {
  name: string;
  /** WGSL of the operation on x and y. */
  wgsl: string;
  gradA(g: Tensor, a: Tensor, b: Tensor): Tensor;
  gradB(g: Tensor, a: Tensor, b: Tensor): Tensor;
}

/** Sums a gradient over the axes along which its operand was broadcast. */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  let out = g;
  const lead = g.rank - shape.length;
  for (let axis = 0; axis < g.rank; axis++) {
    const size = axis < lead ? 1 : shape[axis - lead];
    if (out.shape[axis] !== size) out = sum(out, { axis, keepDim: true });
  }
  return reshape(out, shape);
}

type BinarySignature = (a: Tensor, b: Tensor | number) => Tensor;

function defineBinary(rule: Rule): Op<BinarySignature> {
  const definition: OpDefinition<object, readonly [Tensor, Tensor]> = {
    name: rule.name,
    inputs: ['a', 'b'],
    infer([a, b]) {
      assertFloat(rule.name, 'a', a);
      assertFloat(rule.name, 'b', b);
      return [
        {
          shape: broadcastShapes(rule.name, a.shape, b.shape),
          dtype: a.dtype === 'f16' && b.dtype === 'f16' ? 'f16' : 'f32',
        },
      ];
    },
    launch(context, [x, y], [out]) {
      runPointwise(context, { name: rule.name, read: { x, y }, out, value: rule.wgsl });
    },
    vjp: ({ inputs: [a, b], grad, needs }) => [
      needs[0] ? sumTo(rule.gradA(grad, a, b), a.shape) : undefined,
      needs[1] ? sumTo(rule.gradB(grad, a, b), b.shape) : undefined,
    ],
  };
  return defineOp(
    definition,
    (apply) =>
      (a: Tensor, b: Tensor | number): Tensor =>
        typeof b === 'number' ? affine(a, ...affineOf(rule.name, b)) : apply([a, b], {})[0],
  );
}

function affineOf(name: string, b: number): [scale: number, shift: number] {
  if (name === 'add') return [1, b];
  if (name === 'sub') return [1, -b];
  return name === 'mul' ? [b, 0] : [1 / b, 0];
}

const affineDefinition: OpDefinition<{ scale: number; shift: number }, readonly [Tensor]> = {
  name: 'affine',
  inputs: ['x'],
  infer([x]) {
    assertFloat('affine', 'x', x);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch(context, [x], [out], { scale, shift }) {
    const value = `x * V(${f32Literal(scale)}) + V(${f32Literal(shift)})`;
    runPointwise(context, { name: 'affine', read: { x }, out, value });
  },
  vjp: ({ grad, attrs: { scale } }) => [scale === 1 ? grad : affine(grad, scale, 0)],
};

/** `x · scale + shift` with two numbers. */
export const affine = defineOp(
  affineDefinition,
  (apply) =>
    (x: Tensor, scale: number, shift = 0): Tensor =>
      apply([x], { scale, shift })[0],
);

/** a + b, broadcast by NumPy's rule. */
export const add = defineBinary({
  name: 'add',
  wgsl: 'x + y',
  gradA: (g) => g,
  gradB: (g) => g,
});

/** a − b, broadcast. */
export const sub = defineBinary({
  name: 'sub',
  wgsl: 'x - y',
  gradA: (g) => g,
  gradB: (g) => affine(g, -1),
});

/** a · b element by element, broadcast. */
export const mul = defineBinary({
  name: 'mul',
  wgsl: 'x * y',
  gradA: (g, _, b) => mul(g, b),
  gradB: (g, a) => mul(g, a),
});

/** a / b, broadcast. */
export const div = defineBinary({
  name: 'div',
  wgsl: 'x / y',
  gradA: (g, _, b) => div(g, b),
  gradB: (g, a, b) => affine(div(mul(g, a), mul(b, b)), -1),
});
