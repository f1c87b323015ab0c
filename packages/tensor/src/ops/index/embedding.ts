// embedding: y[n] = weight[ids[n]], rows of a table by number; the gradient adds rows back in the order of n.
//
// Legend: V rows of the table, C channels, N ids. A table over the binding limit is walked in windows of rows.
import { DTypeError, ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { bytesPerElement, isFloat } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { copyInto } from '../unary/cast.ts';

const definition: OpDefinition<object, readonly [Tensor, Tensor]> = {
  name: 'embedding',
  inputs: ['weight', 'ids'],
  infer([weight, ids]) {
    assertFloat('embedding', 'weight', weight);
    if (weight.rank !== 2)
      throw new ShapeError(`embedding: the weight ${formatShape(weight.shape)} is no matrix [V, C]`);
    if (isFloat(ids.dtype))
      throw new DTypeError(`embedding: ids are ${ids.dtype}, but whole numbers (u32 or i32) are needed`);
    return [{ shape: [...ids.shape, weight.shape[1]], dtype: weight.dtype }];
  },
  launch({ device, run }, [weight, ids], [out]) {
    const [V, C] = weight.shape;
    const width = bytesPerElement[weight.dtype] * C;
    const vec = C % 4 === 0 && V > 0 ? 4 : 1;
    for (const [at, count] of rowWindows(device.bindingLimit, ids.size, [width, 4])) {
      for (const [row, rows] of rowWindows(device.bindingLimit, V, [width])) {
        run({
          read: { weight: window(weight, row * C, rows * C, vec), ids: window(ids, at, count) },
          write: { out: window(out, at * C, count * C, vec) },
          consts: { WIDTH: C / vec, ROW: row, ROWS: rows },
          threads: (count * C) / vec,
          code: wgsl`fn thread(i: u32) {
            let row = u32(ids[i / WIDTH]) - ROW;
            if (row < ROWS) { out[i] = weight[row * WIDTH + i % WIDTH]; }
            ${row === 0 && 'else { out[i] = out_t(); }'}
          }`,
        });
      }
    }
  },
  folds: [0],
  vjp: ({ inputs: [weight, ids], grad, needs, partials }) => [
    needs[0] ? embeddingBackward(ids, grad, weight.shape[0], partials[0]) : undefined,
    undefined,
  ],
};

type BackwardInputs = readonly [Tensor, Tensor, Tensor | undefined];

const backwardDefinition: OpDefinition<{ V: number }, BackwardInputs> = {
  name: 'embeddingBackward',
  inputs: ['ids', 'g', 'partial'],
  infer: ([, g], { V }) => [{ shape: [V, g.dim(-1)], dtype: g.dtype }],
  launch(context, [ids, g, partial], [out], { V }) {
    const { device, run } = context;
    const C = g.dim(-1);
    if (partial) copyInto(partial, out);
    else
      runFlat(context, out.size, {
        name: 'fill',
        read: {},
        write: { out },
        code: 'fn thread(i: u32) { out[i] = out_t(); }',
      });
    if (V === 0 || g.size === 0) return;
    const width = bytesPerElement[g.dtype] * C;
    const vec = C % 4 === 0 ? 4 : 1;
    for (const [at, count] of rowWindows(device.bindingLimit, ids.size, [width, 4])) {
      // Without atomics: each id's first place owns its row and follows the links to the id's later places.
      const links = emptyTensor(device, [count, 2], { dtype: 'u32' });
      const nearIds = window(ids, at, count);
      run({
        name: 'embeddingLinks',
        read: { ids: nearIds },
        write: { links },
        consts: { N: count },
        threads: count,
        code: wgsl`fn thread(n: u32) {
          let id = ids[n];
          var isFirst = 1u;
          var next = N;
          for (var m = 0u; m < N; m++) {
            if (ids[m] == id) {
              if (m < n) { isFirst = 0u; }
              if (m > n) { next = min(next, m); }
            }
          }
          links[2u * n] = isFirst;
          links[2u * n + 1u] = next;
        }`,
      });
      for (const [row, rows] of rowWindows(device.bindingLimit, V, [width])) {
        run({
          read: { ids: nearIds, links, g: window(g, at * C, count * C, vec) },
          write: { out: window(out, row * C, rows * C, vec) },
          consts: { N: count, WIDTH: C / vec, ROW: row, ROWS: rows },
          threads: (count * C) / vec,
          flops: count * C,
          code: wgsl`alias V = ${vec === 4 ? 'vec4f' : 'f32'};
          fn thread(i: u32) {
            var n = i / WIDTH;
            let c = i % WIDTH;
            let row = u32(ids[n]) - ROW;
            if (links[2u * n] == 0u || row >= ROWS) { return; }
            var total = V(out[row * WIDTH + c]);
            while (n < N) {
              total += V(g[n * WIDTH + c]);
              n = links[2u * n + 1u];
            }
            out[row * WIDTH + c] = out_t(total);
          }`,
        });
      }
    }
  },
};

const embeddingBackward = defineOp(
  backwardDefinition,
  (apply) =>
    (ids: Tensor, g: Tensor, V: number, partial?: Tensor): Tensor =>
      apply([ids, g, partial], { V })[0],
);

/**
 * Rows of `weight` [V, C] by number: ids [...] (u32 or i32) → [..., C].
 * An id outside 0 … V − 1 gives a row of zeros and gets no gradient.
 */
export const embedding = defineOp(
  definition,
  (apply) =>
    (weight: Tensor, ids: Tensor): Tensor =>
      apply([weight, ids], {})[0],
);
