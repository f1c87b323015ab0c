// addRows: rows added into a table at the places an index names, in the order of the index; without atomics.
//
// Legend: V rows of the table, C channels, N ids. A table over the binding limit is walked in windows of rows.
import { bytesPerElement, isFloat } from '../../dtype/dtype.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { rowWindows } from '../../kernel/windows.ts';
import { applyOp, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { startFrom } from './start-from.ts';
import { takeRows } from './take-kernel.ts';

type Inputs = readonly [ids: Tensor, rows: Tensor, table: Tensor | undefined];

const definition: OpDefinition<{ V: number }, Inputs> = {
  name: 'addRows',
  inputs: ['ids', 'rows', 'table'],
  infer: ([, g], { V }) => [{ shape: [V, g.dim(-1)], dtype: g.dtype }],
  launch(context, [ids, g, table], [out], { V }) {
    const { device, run } = context;
    const C = g.dim(-1);
    const type = isFloat(g.dtype) ? 'f32' : g.dtype;
    startFrom(context, table, out);
    if (V === 0 || g.size === 0) return;
    const width = bytesPerElement[g.dtype] * C;
    const vec = C % 4 === 0 ? 4 : 1;
    for (const [at, count] of rowWindows(device.bindingLimit, ids.size, [width, 4])) {
      // Without atomics: each id's first place owns its row and follows the links to the id's later places.
      const links = emptyTensor(device, [count, 2], { dtype: 'u32' });
      const nearIds = window(ids, at, count);
      run({
        name: 'addRowsLinks',
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
          code: wgsl`alias V = ${vec === 4 ? `vec4<${type}>` : type};
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
  vjp: ({ inputs: [ids], grad, needs }) => [
    undefined,
    needs[1] ? takeRows(grad, ids) : undefined,
    needs[2] ? grad : undefined,
  ],
};

/**
 * A table [V, C] (zeros unless given) with rows [N, C] added at `ids` [N], which count from the start; an id of V or more adds
 * nothing. Each sum is taken in the order of the ids.
 */
export const addRows = (ids: Tensor, rows: Tensor, V: number, table?: Tensor): Tensor =>
  applyOp(definition, [ids, rows, table], { V })[0];
