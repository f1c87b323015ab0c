// topK: the k largest (or smallest) values of each row, in order; of equal values the first.
//
// Every round takes the best candidate that comes after the one taken before, in the order (key falling, index rising); keys
// order floats with NaN on top (kernel/order-keys.ts). In a long row only the k blocks with the largest maxima can hold the
// answer (an element of any other block has k maxima before it), so only their elements are candidates. For many values
// sorting is less work.
// Legend: R rows, N values per row, k chosen.
import { assertOptions } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, normaliseAxis } from '../../core/shape.ts';
import { loadedType, orderKey } from '../../kernel/order-keys.ts';
import { runRows } from '../../kernel/rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import {
  applyOp,
  defineOp,
  type CompositeDefinition,
  type LaunchContext,
  type OpDefinition,
} from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { slice } from '../move/slice.ts';
import { indexFolds } from './argmax.ts';
import { alongLast } from './along-last.ts';
import { scatterRows } from './scatter-rows.ts';
import { sort } from './sort.ts';

export interface TopKAttrs {
  k: number;
  axis?: number;
  /** False: the smallest. */
  largest?: boolean;
}

interface RowAttrs {
  k: number;
  largest: boolean;
}

interface Candidates {
  rows: number;
  /** Candidates per row. */
  count: number;
  read: Record<string, Tensor>;
  /** WGSL functions for `code`. */
  prelude: string;
  /** WGSL: candidate c of row r as `let index` (its position in the row) and `let key`. */
  code: string;
}

/** Chooses k of each row's candidates; those with an index of `length` or more are none. */
function choose(
  context: LaunchContext,
  { rows, count, read, prelude, code }: Candidates,
  { k, length, values, indices }: { k: number; length: number; values?: Tensor; indices: Tensor },
): void {
  runRows(context, {
    rows,
    length: count,
    read,
    write: { values, indices },
    consts: { K: k, LENGTH: length, COUNT: count, NONE: 0xffffffff },
    folds: indexFolds,
    flops: rows * count,
    code: wgsl`${prelude}
fn row(r: u32, lane: u32) {
  var top = 0xffffffffu;
  var next = 0u;
  var mine = 0u;
  var at = NONE;
  var stale = true;
  for (var j = 0u; j < K; j++) {
    if (stale) {
      mine = 0u;
      at = NONE;
      for (var c = lane; c < COUNT; c += LANES) {
        ${code}
        let isLeft = index < LENGTH && (key < top || (key == top && index >= next));
        if (isLeft && (at == NONE || key > mine || (key == mine && index < at))) {
          mine = key;
          at = index;
        }
      }
    }
    top = highestKey(lane, mine);
    let chosen = lowestIndex(lane, select(NONE, at, mine == top));
    if (lane == 0u) {
      ${values && 'values[r * K + j] = x[r * LENGTH + chosen];'}
      indices[r * K + j] = chosen;
    }
    stale = at == chosen;
    next = chosen + 1u;
  }
}`,
  });
}

/** Largest keys of blocks of `block` values, the last one of a row maybe shorter: [R, ⌈N / block⌉]. */
function launchBlockMaxima(
  context: LaunchContext,
  x: Tensor,
  maxima: Tensor,
  { block, keys, item }: { block: number; keys: string; item: (at: string) => string },
): void {
  const n = x.dim(-1);
  runRows(context, {
    name: 'topK block maxima',
    rows: maxima.size,
    length: block,
    read: { x },
    write: { maxima },
    consts: { N: n, BLOCKS: maxima.dim(-1), BLOCK: block },
    folds: indexFolds,
    flops: x.size,
    code: wgsl`${keys}
fn row(i: u32, lane: u32) {
  let first = (i % BLOCKS) * BLOCK;
  let end = min(N, first + BLOCK);
  var top = 0u;
  for (var c = first + lane; c < end; c += LANES) { top = max(top, ${item('(i / BLOCKS) * N + c')}); }
  let highest = highestKey(lane, top);
  if (lane == 0u) { maxima[i] = highest; }
}`,
  });
}

/** Block size that makes the two choices, among N/block maxima and k·block values, about equally long. */
function blockFor(n: number, k: number): number | undefined {
  const block = 2 ** Math.max(4, Math.round(Math.log2(Math.sqrt(n / k))));
  const blocks = Math.ceil(n / block);
  return n > 2048 && blocks > k && 2 * (blocks + k * block) < n ? block : undefined;
}

const rowDefinition: OpDefinition<RowAttrs, readonly [Tensor]> = {
  name: 'topK',
  inputs: ['x'],
  infer([x], { k }) {
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'u32' },
    ];
  },
  launch(context, [x], [values, indices], { k, largest }) {
    const n = x.dim(-1);
    const rows = x.size / n;
    const block = blockFor(n, k);
    const keys = wgsl`${orderKey(x.dtype)}
fn keyOf(v: ${loadedType(x.dtype)}) -> u32 { return ${largest ? '' : '~'}orderKey(v); }`;
    const item = (at: string): string => `keyOf(${loadedType(x.dtype)}(x[${at}]))`;
    if (!block) {
      const code = `let index = c; let key = ${item('r * COUNT + c')};`;
      choose(
        context,
        { rows, count: n, read: { x }, prelude: keys, code },
        { k, length: n, values, indices },
      );
      return;
    }
    const blocks = Math.ceil(n / block);
    const maxima = emptyTensor(context.device, [rows, blocks], { dtype: 'u32' });
    const chosen = emptyTensor(context.device, [rows, k], { dtype: 'u32' });
    launchBlockMaxima(context, x, maxima, { block, keys, item });
    choose(
      context,
      {
        rows,
        count: blocks,
        read: { maxima },
        prelude: '',
        code: 'let index = c; let key = maxima[r * COUNT + c];',
      },
      { k, length: blocks, indices: chosen },
    );
    const inBlocks = wgsl`let index = chosen[r * K + c / ${block}u] * ${block}u + c % ${block}u;
        let key = ${item('r * LENGTH + min(index, LENGTH - 1u)')};`;
    const candidates = { rows, count: k * block, read: { x, chosen }, prelude: keys, code: inBlocks };
    choose(context, candidates, { k, length: n, values, indices });
  },
  vjp: ({ inputs: [x], outputs: [, indices], grad }) => scatterRows([grad, indices], { shape: x.shape }),
};

/** From here on sorting is less work than as many rounds. */
const manyOf = 128;

const definition: CompositeDefinition<TopKAttrs, readonly [Tensor]> = {
  name: 'topK',
  inputs: ['x'],
  compose([x], { k, axis = -1, largest = true }) {
    const at = normaliseAxis('topK', axis, x.rank);
    const n = x.shape[at];
    if (!Number.isInteger(k) || k < 1 || k > n) {
      throw new ShapeError(
        `topK: k is ${k}, but axis ${at} of ${formatShape(x.shape)} has 1 to ${n} values to choose`,
      );
    }
    if (k <= manyOf) return alongLast(x, at, (rows) => applyOp(rowDefinition, [rows], { k, largest }));
    return sort(x, { axis: at, descending: largest }).map((all) => slice(all, { axis: at, end: k }));
  },
};

/**
 * The `k` largest values along `axis` (the last by default) and their u32 indices, in falling order; with `largest: false` the
 * smallest in rising order. Of equal values the one with the lowest index comes first; NaN counts as the largest. Any dtype.
 * Gradients flow through the values. The work of long rows grows with √(k³ · N), of short ones with k · N, and for k > 128
 * with N · log² N.
 * @throws ShapeError when k is not between 1 and the size of the axis.
 * @example
 * const [values, indices] = topK(x, 3); // [..., N] → [..., 3] each
 */
export const topK = defineOp(
  definition,
  (apply) =>
    (x: Tensor, k: number, options: Omit<TopKAttrs, 'k'> = {}): [values: Tensor, indices: Tensor] => {
      assertOptions('topK', options, ['axis', 'largest']);
      const [values, indices] = apply([x], { ...options, k });
      return [values, indices];
    },
);
