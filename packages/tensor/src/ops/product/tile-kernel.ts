// Matrix product in workgroup tiles, for GPUs: a workgroup owns a tile of C, an invocation blocks of 4 × 4 of it.
//
// Bigger blocks load less from workgroup memory for each multiplication, bigger tiles less from global memory; smaller
// ones give a small product enough workgroups to fill a GPU. While one tile is multiplied the next is on its way into
// registers. Every element is summed in the order of k by fma, so all forms and the lane kernel's rows give the same bits.
//
// Legend: a unit is 4 rows or 4 columns of C that an invocation owns; its units lie a side apart.
import { window, type KernelSpec } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import { ShapeError } from '../../core/errors.ts';
import type { Tensor } from '../../tensor.ts';
import { epilogue, storeWidth } from './epilogue.ts';
import type { GemmPiece } from './gemm-piece.ts';
import { tileOperand, type TileOperand } from './tile-operand.ts';

/** Rows · depth and columns · depth are multiples of 4 for each invocation. */
export interface TileForm {
  /** Of C, per workgroup. */
  rows: number;
  columns: number;
  /** Steps along K that are in workgroup memory at once: 4, 8, 16 or 32. */
  depth: number;
  /** Of C, per invocation: multiples of 4. Both rows / perRows and columns / perColumns are multiples of 8. */
  perRows: number;
  perColumns: number;
}

/** From the smallest tile to the largest. Each has at most 256 invocations and 16 KiB, WebGPU's default limits. */
export const tileForms: readonly TileForm[] = [
  { rows: 32, columns: 32, depth: 16, perRows: 4, perColumns: 4 },
  { rows: 64, columns: 64, depth: 16, perRows: 4, perColumns: 4 },
  { rows: 64, columns: 64, depth: 16, perRows: 8, perColumns: 4 },
  { rows: 128, columns: 64, depth: 8, perRows: 8, perColumns: 8 },
  { rows: 64, columns: 128, depth: 8, perRows: 8, perColumns: 8 },
  { rows: 128, columns: 128, depth: 16, perRows: 8, perColumns: 8 },
  { rows: 128, columns: 128, depth: 8, perRows: 8, perColumns: 8 },
];

/** Workgroups that keep a big GPU busy: it has about 130 processors, and each takes two or more. */
const enoughGroups = 200;

/** A bigger tile may cover this much more than the smallest, beyond the edges of C, and is still faster. */
const mostCovered = 1.5;

/** A form that suits most GPUs: the largest tile that gives enough workgroups and fits C well, else the smallest. */
export function defaultTileForm({ M, N, batch = 1 }: GemmPiece): TileForm {
  const groups = ({ rows, columns }: TileForm): number =>
    batch * Math.ceil(M / rows) * Math.ceil(N / columns);
  const covered = (form: TileForm): number => groups(form) * form.rows * form.columns;
  const [smallest] = tileForms;
  const most = mostCovered * covered(smallest);
  return tileForms.findLast((form) => groups(form) >= enoughGroups && covered(form) <= most) ?? smallest;
}

/** A product whose K is shared out: `partials` [count, M, N] f32 takes the sums of each share. */
export interface Split {
  count: number;
  partials: Tensor;
}

/** Workgroups that run side by side share up to this many tiles of rows, for the sake of the GPU's cache. */
const bandHeight = 8;

/**
 * Sums one step of 4 along K into `s{row}_{unit of columns}`. A block along K serves all four k, one across it holds a
 * vec4 for each. Where A lies along K, B is held whole and A's units take turns: holding A instead costs NVIDIA's
 * compiler (ptxas 13.0, sm_90) 155 registers for blocks of 8 × 8 and not 128, with which two workgroups fit a processor.
 */
function multiply(
  a: TileOperand,
  b: TileOperand,
  aAlongK: boolean,
  bAlongK: boolean,
  form: TileForm,
): string {
  const four = [0, 1, 2, 3];
  const rowUnits = Array.from({ length: form.perRows / 4 }, (_, unit) => unit);
  const columnUnits = Array.from({ length: form.perColumns / 4 }, (_, unit) => unit);
  const loadA = (unit: number, parts: number[]): string[] => parts.map((part) => a.block(unit, part));
  const loadB = (parts: number[]): string[] =>
    columnUnits.flatMap((unit) => parts.map((part) => b.block(unit, part)));
  const ofA = (unit: number, row: number, k: number): string =>
    aAlongK ? `a${unit}_${row}[${k}]` : `a${unit}_${k}[${row}]`;
  // Blocks of B along K are turned round by naming registers.
  const ofB = (unit: number, k: number): string =>
    bAlongK
      ? `vec4f(b${unit}_0[${k}], b${unit}_1[${k}], b${unit}_2[${k}], b${unit}_3[${k}])`
      : `b${unit}_${k}`;
  const addUp = (unit: number, k: number): string[] =>
    four.flatMap((row) =>
      columnUnits.map((column) => {
        const sum = `s${4 * unit + row}_${column}`;
        return `${sum} = fma(vec4f(${ofA(unit, row, k)}), ${ofB(column, k)}, ${sum});`;
      }),
    );
  if (aAlongK) {
    const turns = rowUnits.flatMap((unit) => [...loadA(unit, four), ...four.flatMap((k) => addUp(unit, k))]);
    return [...loadB(four), ...turns].join('\n');
  }
  const steps = four.flatMap((k) => [
    ...rowUnits.flatMap((unit) => loadA(unit, [k])),
    ...(bAlongK ? [] : loadB([k])),
    ...rowUnits.flatMap((unit) => addUp(unit, k)),
  ]);
  return [...(bAlongK ? loadB(four) : []), ...steps].join('\n');
}

/**
 * The product of one piece in tiles of `form`. With `split` the workgroups of each share of K write their raw sums, and
 * `splitSumKernel` makes C of them.
 * @throws ShapeError for a split of a batched product
 */
export function tileKernel(p: GemmPiece, form: TileForm, split?: Split): KernelSpec {
  const { M, N, K, transA = false, transB = false, batch = 1, gather } = p;
  if (split && batch > 1) {
    throw new ShapeError(
      `${p.name ?? 'matmul'}: a batched product is not split along K; run it without split`,
    );
  }
  const { depth, perRows, perColumns } = form;
  const [rowSide, columnSide] = [form.rows / perRows, form.columns / perColumns];
  const threads = rowSide * columnSide;
  const rows = Math.ceil(M / form.rows);
  const columns = Math.ceil(N / form.columns);
  const a = tileOperand(
    {
      name: 'a',
      tensor: p.a,
      window: p.aWindow,
      alongK: !transA,
      stride: p.lda,
      offset: p.aOffset,
      itemOf: p.itemA,
      perItem: split ? 0 : (transA ? K : M) * p.lda,
      outer: M,
      K,
      gather,
    },
    { extent: form.rows, depth, side: rowSide, threads },
  );
  const b = tileOperand(
    {
      name: 'b',
      tensor: p.b,
      window: p.bWindow,
      alongK: transB,
      stride: p.ldb,
      offset: 0,
      itemOf: p.itemB,
      perItem: split ? 0 : (transB ? N : K) * p.ldb,
      outer: N,
      K,
    },
    { extent: form.columns, depth, side: columnSide, threads },
  );
  const vec = storeWidth(p);
  const tail = split
    ? {
        read: {},
        write: { partials: window(split.partials, 0, split.partials.size, vec) },
        code: 'fn finish(at: u32, column: u32, acc: V) { partials[at] = acc; }',
      }
    : epilogue(p, vec);
  const [ldc, perItem, column] = split ? [N, M * N, 0] : [p.ldc, M * p.ldc, p.column];
  const share = split ? Math.ceil(K / split.count / depth) * depth : K;
  const columnUnits = perColumns / 4;
  const eachSum = (piece: (row: number, unit: number) => string): string =>
    repeat(perRows, (row) => repeat(columnUnits, (unit) => piece(row, unit)));
  return {
    name: p.name ?? `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
    read: { a: a.read, b: b.read, ...tail.read },
    write: tail.write,
    groups: (split?.count ?? batch) * rows * columns,
    workgroupSize: threads,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = ${vec === 4 ? 'vec4f' : 'f32'};
const QUADS = ${depth / 4}u;
const ROWS = ${perRows}u;
const STORES = ${perColumns / vec}u;
${tail.code}
${a.declarations}
${b.declarations}
fn group(g: u32, lane: u32) {
  let item = g / ${rows * columns}u;
  let tile = g % ${rows * columns}u;
  let band = tile / ${bandHeight * columns}u * ${bandHeight}u;
  let height = min(${bandHeight}u, ${rows}u - band);
  let a0 = (band + tile % ${bandHeight * columns}u % height) * ${form.rows}u;
  let b0 = tile % ${bandHeight * columns}u / height * ${form.columns}u;
  // 32 neighbours, a subgroup of most GPUs, own 4 × 8 units: they read the fewest different vec4s. Lanes 2n and 2n + 1
  // share B, 4n and 4n + 2 share A: NVIDIA's workgroup memory serves such a half of a subgroup at once.
  let square = lane / 32u;
  let aUnit = square / ${columnSide / 8}u * 4u + lane / 16u % 2u * 2u + lane % 2u;
  let bUnit = square % ${columnSide / 8}u * 8u + lane / 2u % 8u;
  let kBegin = ${split ? `item * ${share}u` : '0u'};
  let kEnd = ${split ? `min(${K}u, kBegin + ${share}u)` : `${K}u`};
  ${a.places}
  ${b.places}
  ${eachSum((row, unit) => `var s${row}_${unit} = vec4f();`)}
  // Each turn loads a tile, and multiplies the one before it meanwhile.
  for (var k0 = kBegin; k0 < kEnd + ${depth}u; k0 += ${depth}u) {
    ${a.load}
    ${b.load}
    if (k0 > kBegin) {
      for (var quad = 0u; quad < QUADS; quad++) {
      ${a.begin}
      ${b.begin}
      ${multiply(a, b, !transA, transB, form)}
      }
    }
    workgroupBarrier();
    ${a.store}
    ${b.store}
    workgroupBarrier();
  }
  var sums = array<V, ${(perRows * perColumns) / vec}>(${eachSum((row, unit) =>
    vec === 4 ? `s${row}_${unit},` : repeat(4, (c) => `s${row}_${unit}[${c}],`),
  )});
  for (var row = 0u; row < ROWS; row++) {
    let m = a0 + (row / 4u * ${rowSide}u + aUnit) * 4u + row % 4u;
    let begin = item * ${perItem / vec}u + ${column / vec}u + m * ${ldc / vec}u;
    for (var store = 0u; store < STORES; store++) {
      let n = b0 / ${vec}u + ${vec === 4 ? `store * ${columnSide}u + bUnit` : `(store / 4u * ${columnSide}u + bUnit) * 4u + store % 4u`};
      if (m < ${M}u && n < ${N / vec}u) { finish(begin + n, n, sums[row * STORES + store]); }
    }
  }
}`,
  };
}
