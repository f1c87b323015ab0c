// tril and triu: the lower or upper triangle of matrices, zeros in the other.
import { assertNumber } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { registerType, runPointwise } from '../../kernel/pointwise.ts';
import { defineOp, type Op, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';

export interface TriangleAttrs {
  diagonal: number;
}

function defineTriangle(name: 'tril' | 'triu'): Op<(x: Tensor, diagonal?: number) => Tensor> {
  const definition: OpDefinition<TriangleAttrs, readonly [Tensor]> = {
    name,
    inputs: ['x'],
    infer([x], { diagonal }) {
      assertNumber(name, 'diagonal', diagonal, { integer: true });
      if (x.rank < 2)
        throw new ShapeError(`${name}: x is ${formatShape(x.shape)}, but [..., rows, columns] is wanted`);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    launch(context, [x], [out], { diagonal }) {
      const [rows, columns] = x.shape.slice(-2);
      const inside = (i: string): string =>
        `i32(${i} % ${columns}u) - i32(${i} / ${columns}u % ${rows}u) ${name === 'tril' ? '<=' : '>='} ${diagonal}`;
      runPointwise(context, {
        name,
        read: { x: { tensor: x, index: (i) => i, inside, widest: 1 } },
        out,
        value: `${registerType(out.dtype)}(x)`,
      });
    },
    vjp: ({ attrs: { diagonal }, grad }) => [(name === 'tril' ? tril : triu)(grad, diagonal)],
  };
  return defineOp(
    definition,
    (apply) =>
      (x: Tensor, diagonal = 0): Tensor =>
        apply([x], { diagonal })[0],
  );
}

/**
 * Elements of x [..., rows, columns] with column − row ≤ `diagonal`, zeros elsewhere; any dtype.
 * @example
 * ones(device, [T, T]).tril(); // what a causal attention may look at
 */
export const tril = defineTriangle('tril');
/** Elements of x [..., rows, columns] with column − row ≥ `diagonal`, zeros elsewhere; any dtype. */
export const triu = defineTriangle('triu');
