// topK: the k largest values of each row of the last axis, in descending order; of equal values the first.
//
// Every round takes the best candidate that comes after the one taken before, in the order (value falling,
// index rising). In a long row only the k blocks with the largest maxima can hold the answer (an element of
// any other block has k maxima before it), so only their elements are candidates.
// Legend: R rows, N values per row, k chosen.
import { ShapeError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { runRows } from '../../kernel/rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type LaunchContext, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { assertIndexable, firstOfLanes, mostIndices } from './argmax.ts';

export interface TopKAttrs {
  k: number;
}

interface Candidates {
  rows: number;
  /** Candidates per row. */
  count: number;
  read: Record<string, Tensor>;
  /** WGSL: candidate c of row r as `let index` (its position in the row) and `let v`. */
  code: string;
}

/** Chooses k of each row's candidates; those with an index of `length` or more are none. */
function choose(
  context: LaunchContext,
  { rows, count, read, code }: Candidates,
  { k, length, values, indices }: { k: number; length: number; values?: Tensor; indices: Tensor },
): void {
  runRows(context, {
    rows,
    length: count,
    read,
    write: { values, indices },
    consts: { K: k, LENGTH: length, COUNT: count, NONE: mostIndices },
    flops: rows * count,
    code: wgsl`${firstOfLanes}
const LOWEST = -0x1.fffffep+127f;
fn row(r: u32, lane: u32) {
  var top = -LOWEST;
  var next = 0u;
  var mine = LOWEST;
  var at = NONE;
  var stale = true;
  for (var j = 0u; j < K; j++) {
    if (stale) {
      mine = LOWEST;
      at = NONE;
      for (var c = lane; c < COUNT; c += LANES) {
        ${code}
        let isLeft = index < LENGTH && (v < top || (v == top && index >= next));
        if (isLeft && (v > mine || (v == mine && index < at))) {
          mine = v;
          at = index;
        }
      }
    }
    top = maxLanes(lane, mine);
    let chosen = firstOfLanes(lane, select(NONE, at, mine == top));
    if (lane == 0u) {
      ${values && 'values[r * K + j] = values_t(top);'}
      indices[r * K + j] = chosen;
    }
    stale = at == chosen;
    next = chosen + 1u;
  }
}`,
  });
}

/** Maxima of blocks of `block` values, the last one of a row maybe shorter: [R, ⌈N / block⌉]. */
function launchBlockMaxima({ device, run }: LaunchContext, x: Tensor, maxima: Tensor, block: number): void {
  const n = x.dim(-1);
  runRows(
    { device, run },
    {
      name: 'topK block maxima',
      rows: maxima.size,
      length: block,
      read: { x },
      write: { maxima },
      consts: { N: n, BLOCKS: maxima.dim(-1), BLOCK: block },
      flops: x.size,
      code: wgsl`fn row(i: u32, lane: u32) {
        let first = (i % BLOCKS) * BLOCK;
        let end = min(N, first + BLOCK);
        var top = -0x1.fffffep+127f;
        for (var c = first + lane; c < end; c += LANES) { top = max(top, f32(x[(i / BLOCKS) * N + c])); }
        let highest = maxLanes(lane, top);
        if (lane == 0u) { maxima[i] = highest; }
      }`,
    },
  );
}

/** Block size that makes the two choices, among N/block maxima and k·block values, about equally long. */
function blockFor(n: number, k: number): number | undefined {
  const block = 2 ** Math.max(4, Math.round(Math.log2(Math.sqrt(n / k))));
  const blocks = Math.ceil(n / block);
  return n > 2048 && blocks > k && 2 * (blocks + k * block) < n ? block : undefined;
}

const definition: OpDefinition<TopKAttrs, readonly [Tensor]> = {
  name: 'topK',
  inputs: ['x'],
  infer([x], { k }) {
    assertFloat('topK', 'x', x);
    const n = x.shape.at(-1) ?? 0;
    if (!Number.isInteger(k) || k < 1 || k > n) {
      throw new ShapeError(
        `topK: k is ${k}, but the last axis of ${formatShape(x.shape)} has 1 to ${n} values to choose`,
      );
    }
    assertIndexable('topK', n);
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'u32' },
    ];
  },
  launch(context, [x], [values, indices], { k }) {
    const n = x.dim(-1);
    const rows = x.size / n;
    const block = blockFor(n, k);
    const inRow = (read: Record<string, Tensor>, count: number): Candidates => ({
      rows,
      count,
      read,
      code: 'let index = c; let v = f32(pool[r * COUNT + c]);',
    });
    if (!block) {
      choose(context, inRow({ pool: x }, n), { k, length: n, values, indices });
      return;
    }
    const blocks = Math.ceil(n / block);
    const maxima = emptyTensor(context.device, [rows, blocks]);
    const chosen = emptyTensor(context.device, [rows, k], { dtype: 'u32' });
    launchBlockMaxima(context, x, maxima, block);
    choose(context, inRow({ pool: maxima }, blocks), { k, length: blocks, indices: chosen });
    const inBlocks = wgsl`let index = chosen[r * K + c / ${block}u] * ${block}u + c % ${block}u;
        let v = f32(x[r * LENGTH + min(index, LENGTH - 1u)]);`;
    const candidates = { rows, count: k * block, read: { x, chosen }, code: inBlocks };
    choose(context, candidates, { k, length: n, values, indices });
  },
  vjp: ({ inputs: [x], outputs: [, indices], grad }) => [scatterRows(grad, indices, x)],
};

const backward: OpDefinition<object, readonly [Tensor, Tensor, Tensor]> = {
  name: 'topKBackward',
  inputs: ['g', 'indices', 'x'],
  infer: ([g, , x]) => [{ shape: x.shape, dtype: g.dtype }],
  launch({ run }, [g, indices, x], [out]) {
    run({
      read: { g, indices },
      write: { out },
      consts: { N: x.dim(-1), K: g.dim(-1) },
      threads: out.size,
      code: wgsl`fn thread(i: u32) {
        let row = (i / N) * K;
        var v = out_t();
        for (var j = 0u; j < K; j++) { if (indices[row + j] == i % N) { v = g[row + j]; } }
        out[i] = v;
      }`,
    });
  },
};

/** Puts the gradients of the chosen values back at their places; zero elsewhere. */
const scatterRows = defineOp(
  backward,
  (apply) =>
    (g: Tensor, indices: Tensor, x: Tensor): Tensor =>
      apply([g, indices, x], {})[0],
);

/**
 * The `k` largest values of the last axis and their u32 indices: x [..., N] → [[..., k], [..., k]], in
 * descending order; of equal values the one with the lowest index first. Gradients flow through the values.
 * Meant for k up to about 64: the work of long rows grows with √(k³ · N), of short ones with k · N.
 * @throws ShapeError when k is not between 1 and N.
 */
export const topK = defineOp(
  definition,
  (apply) =>
    (x: Tensor, k: number): [values: Tensor, indices: Tensor] => {
      const [values, indices] = apply([x], { k });
      return [values, indices];
    },
);
