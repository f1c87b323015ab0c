// concat: tensors one after another along an axis.
//
// Legend: every input seen as [outer, n, inner] around the axis; the result is [outer, Σn, inner].
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis, type Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { window, type OperandLike } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition, type TensorSpec } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { around, slice } from './slice.ts';

export interface ConcatAttrs {
  axis: number;
}

/** Tensors per kernel: one output and these stay inside WebGPU's 8 storage buffers per stage. */
const perKernel = 7;

export function joinedShape(shapes: readonly Shape[], axis: number): number[] {
  const show = shapes.map(formatShape).join(' · ');
  if (shapes.length === 0) throw new ShapeError('concat: no tensors given');
  const [first] = shapes;
  const at = normaliseAxis('concat', axis, first.length);
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((n, i) => i !== at && n !== first[i])) {
      throw new ShapeError(`concat: shapes differ outside axis ${axis}: ${show}`);
    }
  }
  return first.map((n, i) => (i === at ? shapes.reduce((total, shape) => total + shape[at], 0) : n));
}

function joinedDType(inputs: readonly TensorSpec[]): DType {
  const [{ dtype }] = inputs;
  if (inputs.every((t) => t.dtype === dtype)) return dtype;
  if (inputs.every((t) => isFloat(t.dtype))) return 'f32';
  throw new DTypeError(`concat: dtypes do not mix: ${inputs.map((t) => t.dtype).join(', ')}`);
}

const definition: OpDefinition<ConcatAttrs> = {
  name: 'concat',
  infer(inputs, { axis }) {
    const shape = joinedShape(
      inputs.map((t) => t.shape),
      axis,
    );
    return [{ shape, dtype: joinedDType(inputs) }];
  },
  launch({ run }, inputs, [out], { axis }) {
    const at = normaliseAxis('concat', axis, out.rank);
    const { outer, n, inner } = around(out.shape, at);
    const parts: { t: Tensor; from: number; length: number }[] = [];
    let used = 0;
    for (const t of inputs) {
      if (t.size > 0) parts.push({ t, from: used, length: t.shape[at] * inner });
      used += t.shape[at] * inner;
    }
    const vec = parts.every((p) => p.from % 4 === 0 && p.length % 4 === 0) ? 4 : 1;
    for (let first = 0; first < parts.length; first += perKernel) {
      const group = parts.slice(first, first + perKernel);
      const last = group.at(-1)!;
      const start = group[0].from / vec;
      const width = (last.from + last.length) / vec - start;
      const read: Record<string, OperandLike> = {};
      group.forEach(({ t }, i) => (read[`x${i}`] = window(t, 0, t.size, vec)));
      const choices = group.map(({ from, length }, i) => {
        const begin = from / vec - start;
        const load = `out[to] = out_t(x${i}[row * ${length / vec}u + column - ${begin}u]);`;
        return i + 1 < group.length ? `if (column < ${begin + length / vec}u) { ${load} return; }` : load;
      });
      run({
        read,
        write: { out: window(out, 0, out.size, vec) },
        consts: { WIDTH: width, ROW: (n * inner) / vec, START: start },
        threads: outer * width,
        code: wgsl`fn thread(i: u32) {
          let row = i / WIDTH;
          let column = i % WIDTH;
          let to = row * ROW + START + column;
          ${choices}
        }`,
      });
    }
  },
  vjp({ inputs, attrs, grad, needs }) {
    const axis = normaliseAxis('concat', attrs.axis, grad.rank);
    let end = 0;
    return inputs.map((t, i) => {
      const start = end;
      end += t.shape[axis];
      return needs[i] ? slice(grad, { axis, start, end }) : undefined;
    });
  },
};

/**
 * The tensors one after another along `axis` (default 0); all other sizes must agree. f32 and f16 give f32.
 * @throws ShapeError when they do not.
 */
export const concat = defineOp(
  definition,
  (apply) =>
    (tensors: readonly Tensor[], { axis = 0 }: { axis?: number } = {}): Tensor =>
      apply(tensors, { axis })[0],
);
