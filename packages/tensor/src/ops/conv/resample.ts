// Resampling along one axis: each entry of the result is a weighted sum of a few entries of x. Which ones, and how much each
// counts, is worked out on the host; the gradient is the same kernel with the table turned round.
//
// Legend: x seen as [outer, n, inner] around the axis; result [outer, out, inner].
import { sizeOf, type Shape } from '../../core/shape.ts';
import { window } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { applyOp, type OpDefinition } from '../../op.ts';
import { tensor, type Tensor } from '../../tensor.ts';

/** For each entry of the result: places in x, and their weights. */
export interface ResampleTable {
  n: number;
  rows: readonly (readonly { place: number; weight: number }[])[];
}

interface ResampleAttrs {
  axis: number;
  table: ResampleTable;
}

/** The table of the gradient: for each entry of x, the entries of the result that it counts in. */
function turned({ n, rows }: ResampleTable): ResampleTable {
  const back = Array.from({ length: n }, (): { place: number; weight: number }[] => []);
  rows.forEach((row, o) => row.forEach(({ place, weight }) => back[place].push({ place: o, weight })));
  return { n: rows.length, rows: back };
}

const resized = (shape: Shape, axis: number, n: number): number[] =>
  shape.map((size, i) => (i === axis ? n : size));

const definition: OpDefinition<ResampleAttrs, readonly [Tensor]> = {
  name: 'resample',
  inputs: ['x'],
  infer: ([x], { axis, table }) => [{ shape: resized(x.shape, axis, table.rows.length), dtype: x.dtype }],
  launch({ device, run }, [x], [out], { axis, table: { n, rows } }) {
    if (out.size === 0) return;
    const entries = rows.flat();
    let end = 0;
    const ends = Uint32Array.from(rows, ({ length }) => (end += length));
    // One entry at least: rows may be empty, bindings not.
    const length = Math.max(1, entries.length);
    const places = new Uint32Array(length);
    const weights = new Float32Array(length);
    entries.forEach(({ place, weight }, i) => {
      places[i] = place;
      weights[i] = weight;
    });
    const inner = sizeOf(x.shape.slice(axis + 1));
    const vec = inner % 4 === 0 ? 4 : 1;
    const units = inner / vec;
    run({
      name: 'interpolate',
      read: {
        x: window(x, 0, x.size, vec),
        ends: tensor(device, ends, [rows.length], { dtype: 'u32' }),
        places: tensor(device, places, [length], { dtype: 'u32' }),
        weights: tensor(device, weights, [length]),
      },
      write: { out: window(out, 0, out.size, vec) },
      consts: { UNITS: units, ROWS: rows.length, N: n },
      threads: out.size / vec,
      flops: (2 * out.size * length) / rows.length,
      code: wgsl`alias V = ${vec === 4 ? 'vec4f' : 'f32'};
fn thread(i: u32) {
  let row = i / UNITS % ROWS;
  let base = i / (UNITS * ROWS) * N;
  var k = select(ends[max(row, 1u) - 1u], 0u, row == 0u);
  let end = ends[row];
  var total = V();
  while (k < end) {
    total += weights[k] * V(x[(base + places[k]) * UNITS + i % UNITS]);
    k++;
  }
  out[i] = out_t(total);
}`,
    });
  },
  vjp: ({ attrs: { axis, table }, grad }) => [resample(grad, { axis, table: turned(table) })],
};

export const resample = (x: Tensor, attrs: ResampleAttrs): Tensor => applyOp(definition, [x], attrs)[0];
