// One matrix of a tiled product on its way: global memory → registers → workgroup memory → the sums.
//
// A tile is `depth` steps along K by `extent` along the other dimension (rows of A, columns of B), the outer one. It holds
// vec4s of neighbours in memory, hence along K or along the outer dimension; an invocation reads it in blocks of 4 × 4,
// four vec4s either way. It lies in `depth` lines of one vec4 for each four along the outer dimension. Along K, a block's
// vec4s lie in four different lines, so that neighbouring invocations read neighbours there too; what eight of them store
// at once would lie below each other, in the same banks, so each line is shuffled by exclusive-or with its number.
import { aligned, window, type Operand } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { gathered, runAt, type Gather } from './gather.ts';

export interface TileSource {
  name: 'a' | 'b';
  tensor: Tensor;
  /** First element and count of the window bound. */
  window: [first: number, count: number];
  /** Neighbours in memory are neighbours along K. */
  alongK: boolean;
  /** Elements from one row in memory to the next. */
  stride: number;
  /** Added to element indices inside the window. */
  offset: number;
  /** The operand's item for `item` of the batch, in WGSL; default the same. */
  itemOf?: (item: string) => string;
  /** Elements from one of its items to the next. */
  perItem: number;
  /** Size of the product along the outer dimension: M for A, N for B. */
  outer: number;
  K: number;
  gather?: Gather;
}

export interface TilePlace {
  /** Size of the tile along the outer dimension. */
  extent: number;
  /** Size of the tile along K: 4, 8, 16 or 32. */
  depth: number;
  /** Invocations that share the extent, a multiple of 8. */
  side: number;
  /** Invocations of the workgroup; extent · depth is a multiple of 4 · threads. */
  threads: number;
}

export interface TileOperand {
  read: Operand;
  /** WGSL outside functions. */
  declarations: string;
  /** Before the loop over tiles: where an invocation loads and stores; uses `lane`, `item` and `a0` (`b0`). */
  places: string;
  /** Loads the invocation's share of the tile at `k0`, zeros from `kEnd` on. */
  load: string;
  /** Puts what was loaded into workgroup memory. */
  store: string;
  /** Before a step of 4 along K, number `quad`; uses the invocation's place `aUnit` (`bUnit`) along the side. */
  begin: string;
  /** Declares `a{unit}_{part}`, a vec4 of the 4 × 4 block `unit`: along K its outer index is `part`, otherwise its k. */
  block(unit: number, part: number): string;
}

/** Elements of a gathered run. */
const runLength = ({ alongK, outer, K, gather }: TileSource): number =>
  (alongK ? K : outer) / (gather?.runs ?? 1);

/** Whether four neighbours can be loaded at once. Outside K, what a vec4 has beyond the outer size is never stored. */
function loadsVec4(s: TileSource): boolean {
  if (s.gather) return aligned(runLength(s), s.window[1]);
  return aligned(s.stride, s.offset, s.window[1]) && (!s.alongK || aligned(s.K));
}

export function tileOperand(s: TileSource, { extent, depth, side, threads }: TilePlace): TileOperand {
  const { name, alongK, stride, gather } = s;
  const isVec = loadsVec4(s);
  const vec = isVec ? 4 : 1;
  const line = extent / 4;
  const steps = depth / 4;
  const shares = (extent * depth) / 4 / threads;
  const each = (piece: (i: number) => string): string => repeat(shares, piece);

  const place = (i: number): string => wgsl`
  let ${name}Item${i} = lane + ${i * threads}u;
  ${
    alongK
      ? wgsl`let ${name}Inner${i} = ${name}Item${i} / ${steps}u;
  let ${name}K${i} = ${name}Item${i} % ${steps}u * 4u;
  let ${name}Line${i} = ${name}Inner${i} % 4u * ${steps}u + ${name}Item${i} % ${steps}u;
  let ${name}Slot${i} = ${name}Line${i} * ${line}u + ((${name}Inner${i} / 4u) ^ (${name}Line${i} % 8u));`
      : wgsl`let ${name}Inner${i} = ${name}Item${i} % ${line}u * 4u;
  let ${name}K${i} = ${name}Item${i} / ${line}u;
  let ${name}Slot${i} = ${name}Item${i};`
  }
  let ${name}Outer${i} = ${name}0 + ${name}Inner${i};
  ${
    !gather &&
    `let ${name}From${i} = ${s.itemOf?.('item') ?? 'item'} * ${s.perItem / vec}u + ${s.offset / vec}u + ${
      alongK ? `${name}Outer${i} * ${stride / vec}u` : `${name}Outer${i} / ${vec}u`
    };`
  }`;

  const fetch = (i: number): string => {
    const [next, k, outer] = [`${name}Next${i}`, `${name}AtK${i}`, `${name}Outer${i}`];
    const at = `${name}From${i} + ${alongK ? `${k} / ${vec}u` : `${k} * ${stride / vec}u`}`;
    if (gather && isVec) {
      const length = runLength(s);
      const [row, column] = alongK ? [outer, k] : [k, outer];
      return wgsl`let found = runAt(${row}, ${column} / ${length}u);
      if (found != ZEROS) { ${next} = vec4f(${name}[(found + ${column} % ${length}u) / 4u]); }`;
    }
    if (isVec) return `${next} = vec4f(${name}[${at}]);`;
    const one = (c: number): string => {
      if (!gather) return `f32(${name}[${at} + ${c}u])`;
      return alongK ? `gathered(${outer}, ${k} + ${c}u)` : `gathered(${k}, ${outer} + ${c}u)`;
    };
    const isInside = (c: number): string =>
      alongK ? `${k} + ${c}u < kEnd` : `${outer} + ${c}u < ${s.outer}u`;
    return repeat(4, (c) => `if (${isInside(c)}) { ${next}[${c}] = ${one(c)}; }`);
  };

  return {
    read: window(s.tensor, ...s.window, vec),
    declarations: wgsl`
${gather && (isVec ? runAt(gather) : gathered(gather, alongK ? s.K : s.outer))}
var<workgroup> ${name}Tile: array<vec4f, ${line * depth}>;`,
    places: each(place),
    load: each(
      (i) => wgsl`
    let ${name}AtK${i} = k0 + ${name}K${i};
    var ${name}Next${i} = vec4f();
    if (${name}Outer${i} < ${s.outer}u && ${name}AtK${i} < kEnd) {
      ${fetch(i)}
    }`,
    ),
    store: each((i) => `${name}Tile[${name}Slot${i}] = ${name}Next${i};`),
    begin: alongK
      ? repeat(
          4,
          (part) =>
            `let ${name}At${part} = ${part * steps * line}u + quad * ${line}u + (${name}Unit ^ quad ^ ${(part * steps) % 8}u);`,
        )
      : repeat(4, (part) => `let ${name}At${part} = ${part * line}u + quad * ${4 * line}u + ${name}Unit;`),
    block: (unit, part) => `let ${name}${unit}_${part} = ${name}Tile[${name}At${part} + ${unit * side}u];`,
  };
}
