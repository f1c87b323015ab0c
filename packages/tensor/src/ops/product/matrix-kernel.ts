// Matrix product with subgroup matrices: a workgroup of 2 × 2 subgroups owns a tile of C, each a block of fragments.
//
// Tiles of both factors lie in workgroup memory as they lie in storage, turned or not, since fragments load either way.
// The next tiles are loaded into registers while these are multiplied. One array of 16-byte items serves the factors
// and then, a row of fragments at a time, the sums on their way to the epilogue: fewer and wider stores, less memory.
//
// Legend: an item is a vec4u, 8 elements of f16 or 4 of f32; a unit is an item's place within a row of a tile.
import { aligned, window, type KernelSpec } from '../../kernel/kernel.ts';
import { fragments, type Place } from '../../kernel/subgroup-matrix.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import { epilogue, storeWidth } from './epilogue.ts';
import type { GemmPiece } from './gemm-piece.ts';
import {
  lanesOf,
  memoryItems,
  perItem,
  scratchOf,
  subgroupsAlong,
  tileOf,
  tileSides,
  type MatrixForm,
} from './matrix-forms.ts';

/**
 * Gradients are multiplied by this before they are rounded to f16, and the sums divided by it, which costs no digit: mean
 * losses have gradients below 1, and f16 holds less and less of what is below 6e-5.
 */
export const gradientScale = 4096;

/** One factor: how it lies in storage and what a workgroup takes of it. */
interface Factor {
  name: 'a' | 'b';
  /** Stored with K along its rows. */
  alongK: boolean;
  /** Rows and their elements, as stored. */
  rows: number;
  columns: number;
  ld: number;
  /** Elements of a batch item. */
  perBatch: number;
  offset: number;
  /** Elements per item of the binding. */
  vec: 1 | 4;
  /** Multiplied by this on the way. */
  scale: number;
}

function factorsOf(p: GemmPiece, aScale: number): [a: Factor, b: Factor] {
  const { M, N, K, lda, ldb, transA = false, transB = false } = p;
  const [aRows, aColumns] = transA ? [K, M] : [M, K];
  const [bRows, bColumns] = transB ? [N, K] : [K, N];
  return [
    {
      name: 'a',
      alongK: !transA,
      rows: aRows,
      columns: aColumns,
      ld: lda,
      perBatch: aRows * lda,
      offset: p.aOffset,
      vec: aligned(lda, aColumns, p.aOffset, p.aWindow[1]) ? 4 : 1,
      scale: aScale,
    },
    {
      name: 'b',
      alongK: transB,
      rows: bRows,
      columns: bColumns,
      ld: ldb,
      perBatch: bRows * ldb,
      offset: 0,
      vec: aligned(ldb, bColumns, p.bWindow[1]) ? 4 : 1,
      scale: 1,
    },
  ];
}

type Tile = ReturnType<typeof tileOf>;

/** `fn aItem(base, row, column) -> vec4u`: an item of a factor, zeros beyond its edges. */
function itemFunction(f: Factor, tile: Tile, form: MatrixForm): string {
  const { component } = form.config;
  const per = perItem(form.config);
  const inRow = (q: number, body: string): string =>
    f.columns % tile.along === 0 ? body : `if (column + ${q}u < ${f.columns}u) { ${body} }`;
  const group = `vec4<${component}>`;
  const groups = Array.from({ length: per / 4 }, (_, g) => g);
  const scaled = (value: string): string => (f.scale === 1 ? value : `${value} * ${f32Literal(f.scale)}`);
  const load = (g: number): string => {
    const four = scaled(`${f.name}[at${g === 0 ? '' : ` + ${g}u`}]`);
    if (f.vec === 4) return inRow(4 * g, `v${g} = ${group}(${four});`);
    const one = (q: number): string => scaled(`${f.name}[at + ${4 * g + q}u]`);
    return repeat(4, (q) => inRow(4 * g + q, `v${g}[${q}] = ${component}(${one(q)});`));
  };
  const loads = wgsl`let at = base + row * ${f.ld / f.vec}u + column / ${f.vec}u;
    ${groups.map(load)}`;
  return wgsl`
fn ${f.name}Item(base: u32, row: u32, column: u32) -> vec4u {
  ${groups.map((g) => `var v${g} = ${group}();`)}
  ${f.rows % tile.rows === 0 ? loads : `if (row < ${f.rows}u) {\n    ${loads}\n  }`}
  return ${component === 'f16' ? 'vec4u(bitcast<vec2u>(v0), bitcast<vec2u>(v1))' : 'bitcast<vec4u>(v0)'};
}`;
}

/** C = epilogue(op(A) · op(B)) in f32 sums; factors stored in another type than the form's are converted on the way. */
export function matrixKernel(p: GemmPiece, form: MatrixForm): KernelSpec {
  const { M, N, K, transA = false, transB = false, batch = 1 } = p;
  const { config, block, depth, direct } = form;
  const sides = tileSides(form);
  const lanes = lanesOf(form);
  const per = perItem(config);
  const isRounded = config.component === 'f16' && p.a.dtype !== 'f16';
  const aScale = p.gradientA && isRounded ? gradientScale : 1;
  const [a, b] = factorsOf(p, aScale);
  const aTile = tileOf(form, sides.M, depth, a.alongK);
  const bTile = tileOf(form, sides.N, depth, b.alongK);
  const fragment = fragments(config);
  const vec = storeWidth(p);
  const tail = epilogue({ ...p, scale: (p.scale ?? 1) / aScale }, vec);
  const rows = Math.ceil(M / sides.M);
  const columns = Math.ceil(N / sides.N);
  const [down, across] = [block.M / config.M, block.N / config.N];

  // Staging: item i of a lane is `lane + i * lanes`-th of the tile; its unit is the same for all i.
  const eachItem = (tile: Tile, piece: (i: number) => string): string =>
    repeat((tile.rows * tile.units) / lanes, piece);
  const places = (f: Factor, tile: Tile, edge: string): string => wgsl`
  let ${f.name}Row = lane / ${tile.units}u;
  let ${f.name}Unit = lane % ${tile.units}u;
  let ${f.name}First = ${f.alongK ? edge : '0u'} + ${f.name}Row;
  let ${f.name}Column = ${f.alongK ? '0u' : edge} + ${f.name}Unit * ${per}u;
  ${eachItem(tile, (i) => `var ${f.name}${i} = ${f.name}Item(${f.name}Base, ${f.name}First + ${(i * lanes) / tile.units}u, ${f.name}Column);`)}`;
  const fetchNext = (f: Factor, tile: Tile): string => {
    const row = (i: number): string =>
      `${f.name}First + ${(i * lanes) / tile.units}u${f.alongK ? '' : ' + next'}`;
    return eachItem(
      tile,
      (i) =>
        `${f.name}${i} = ${f.name}Item(${f.name}Base, ${row(i)}, ${f.name}Column${f.alongK ? ' + next' : ''});`,
    );
  };
  const put = (f: Factor, tile: Tile, first: number): string =>
    eachItem(
      tile,
      (i) =>
        `memory[${first}u + (${f.name}Row + ${(i * lanes) / tile.units}u) * ${tile.stride}u + ${f.name}Unit] = ${f.name}${i};`,
    );

  /** Fragment number `i` of a factor at step `s` of the depth, in workgroup memory or in storage. */
  const placeOf = (f: Factor, i: number, s: number): Place => {
    const [tile, first, size] = f.name === 'a' ? [aTile, 0, config.M] : [bTile, aTile.items, config.N];
    const order = f.alongK === (f.name === 'a') ? 'row_major' : 'col_major';
    const own = `${f.name}Own`;
    if (direct) {
      const [wide, deep] = f.alongK ? [f.ld, 1] : [1, f.ld];
      const at = `${f.name}Base + (${own} + ${i * size}u) * ${wide}u / ${f.vec}u + (k0 + ${s * config.K}u) * ${deep}u / ${f.vec}u`;
      return { array: f.name, at, stride: f.ld / f.vec, order };
    }
    const at = f.alongK
      ? `${first + (s * config.K) / per}u + (${own} + ${i * size}u) * ${tile.stride}u`
      : `${first + s * config.K * tile.stride + (i * size) / per}u + ${own} / ${per}u`;
    return { array: 'memory', at, stride: tile.stride, order };
  };
  const multiply = repeat(
    depth / config.K,
    (s) => wgsl`{
      ${repeat(down, (i) => `let x${i} = ${fragment.loadLeft(placeOf(a, i, s))};`)}
      ${repeat(
        across,
        (j) => wgsl`let y${j} = ${fragment.loadRight(placeOf(b, j, s))};
      ${repeat(down, (i) => `s${i}_${j} = ${fragment.multiplyAdd(`x${i}`, `y${j}`, `s${i}_${j}`)};`)}`,
      )}
    }`,
  );

  // The sums of one row of fragments of each subgroup, in workgroup memory.
  const scratch = scratchOf(form);
  const units = block.N / 4;
  const perSubgroup = config.M * units;
  const finish =
    vec === 4
      ? `if (n < ${N}u) { finish((at + n) / 4u, n / 4u, v); }`
      : repeat(4, (q) => `if (n + ${q}u < ${N}u) { finish(at + n + ${q}u, n + ${q}u, v[${q}]); }`);
  const drain = wgsl`
fn drain(lane: u32, m0: u32, n0: u32, cBase: u32) {
  for (var q = lane; q < ${subgroupsAlong ** 2 * perSubgroup}u; q += ${lanes}u) {
    let owner = q / ${perSubgroup}u;
    let row = q / ${units}u % ${config.M}u;
    let unit = q % ${units}u;
    let m = m0 + owner / ${subgroupsAlong}u * ${block.M}u + row;
    if (m < ${M}u) {
      let v = bitcast<vec4f>(memory[owner * ${scratch.items}u + row * ${scratch.stride}u + unit]);
      let n = n0 + owner % ${subgroupsAlong}u * ${block.N}u + unit * 4u;
      let at = cBase + m * ${p.ldc}u;
      ${finish}
    }
  }
}`;
  const storeRow = (i: number): string =>
    repeat(across, (j) =>
      fragment.store(`s${i}_${j}`, {
        array: 'memory',
        at: `subgroup * ${scratch.items}u + ${(j * config.N) / 4}u`,
        stride: scratch.stride,
        order: 'row_major',
      }),
    );

  const staged = wgsl`
  ${places(a, aTile, 'm0')}
  ${places(b, bTile, 'n0')}
  for (var k0 = 0u; k0 < ${K}u; k0 += ${depth}u) {
    workgroupBarrier();
    ${put(a, aTile, 0)}
    ${put(b, bTile, aTile.items)}
    workgroupBarrier();
    let next = k0 + ${depth}u;
    if (next < ${K}u) {
      ${fetchNext(a, aTile)}
      ${fetchNext(b, bTile)}
    }
    ${multiply}
  }`;
  const straight = wgsl`
  for (var k0 = 0u; k0 < ${K}u; k0 += ${depth}u) {
    ${multiply}
  }`;
  const own = (edge: string): string => (direct ? `${edge} + ` : '');

  return {
    name: p.name ?? `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
    read: { a: window(p.a, ...p.aWindow, a.vec), b: window(p.b, ...p.bWindow, b.vec), ...tail.read },
    write: tail.write,
    groups: batch * rows * columns,
    workgroupSize: lanes,
    subgroupMatrices: config.component,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = ${vec === 4 ? 'vec4f' : 'f32'};
${tail.code}
var<workgroup> memory: array<vec4u, ${memoryItems(form)}>;
${!direct && [itemFunction(a, aTile, form), itemFunction(b, bTile, form)]}
${drain}
fn group(g: u32, lane: u32, subgroup: u32) {
  let n0 = (g % ${columns}u) * ${sides.N}u;
  let m0 = ((g / ${columns}u) % ${rows}u) * ${sides.M}u;
  let batch = g / ${columns * rows}u;
  let aBase = (${p.itemA?.('batch') ?? 'batch'} * ${a.perBatch}u + ${a.offset}u) / ${a.vec}u;
  let bBase = ${p.itemB?.('batch') ?? 'batch'} * ${b.perBatch}u / ${b.vec}u;
  let aOwn = ${own('m0')}subgroup / ${subgroupsAlong}u * ${block.M}u;
  let bOwn = ${own('n0')}subgroup % ${subgroupsAlong}u * ${block.N}u;
  ${repeat(down, (i) => repeat(across, (j) => `var s${i}_${j} = ${fragment.zeros};`))}
  ${direct ? straight : staged}
  let cBase = batch * ${M * p.ldc}u + ${p.column}u;
  ${repeat(
    down,
    (i) => wgsl`workgroupBarrier();
  ${storeRow(i)}
  workgroupBarrier();
  drain(lane, m0 + ${i * config.M}u, n0, cBase);`,
  )}
}`,
  };
}
