// Matrix product without workgroup memory: a workgroup owns ROWS rows, each lane a few columns.
//
// On CPU adapters every load costs 20 to 30 cycles and barriers more, so loads are few: where the subgroup is the
// workgroup, each invocation loads A of one or two rows and hands it round (`broadcast`). More sums than there are
// registers are cheaper there than more loads. On GPUs the kernel serves products too narrow for tiles.
import { window, type KernelSpec } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import { epilogue } from './epilogue.ts';
import { runAt } from './gather.ts';
import type { GemmPiece } from './gemm.ts';

export const lanes = 8;

/** Rows of a workgroup at most: twice as many where A is handed round. */
const mostRows = { separate: lanes, broadcast: 2 * lanes };

export function laneKernel(p: GemmPiece, canBroadcast: boolean): KernelSpec {
  const { M, N, K, transA = false, transB = false, batch = 1, gather } = p;
  // A gathered A is walked run by run; between runs only the places of its rows change.
  const runs = gather?.runs ?? 1;
  const aligned = (...sizes: number[]): boolean => sizes.every((n) => n % 4 === 0);
  // B stored [K, N]: a lane's columns are neighbours, loaded as vec4. B stored [N, K]: vec4 runs along K.
  const wide = !transB && aligned(N, p.ldb, p.ldc, p.column);
  const deep = transB && aligned(K, p.ldb) && (transA || aligned(p.lda, p.aOffset));
  const vec = wide ? 4 : 1;
  const units = N / vec;
  const broadcast = canBroadcast && wide && M >= lanes;
  // Bands of equal height: 50 rows are 4 × 13, not 3 × 16 and 2.
  const bands = Math.ceil(M / mostRows[broadcast ? 'broadcast' : 'separate']);
  const rows = Math.ceil(M / bands);
  const perLane = units >= lanes * 2 ? 2 : 1;
  const blocks = Math.ceil(units / (lanes * perLane));
  const step = deep ? 4 : 1;
  const aVec = deep && !transA ? 4 : 1;
  const bVec = wide || deep ? 4 : 1;
  const tail = epilogue(p, vec);
  const rowOf = (r: number): string => (M % rows === 0 ? `row0 + ${r}u` : `min(row0 + ${r}u, ${M - 1}u)`);
  const unitOf = (w: number): string =>
    units % (lanes * perLane) === 0 ? `unit0 + ${w * lanes}u` : `min(unit0 + ${w * lanes}u, ${units - 1}u)`;
  const eachRow = (piece: (r: number) => string): string => repeat(rows, piece);
  const eachUnit = (piece: (w: number) => string): string => repeat(perLane, piece);
  const loadB = (w: number): string =>
    transB ? `b[${p.ldb / bVec}u * u${w} + k + bBase]` : `b[k * ${p.ldb / bVec}u + u${w} + bBase]`;
  const loadA = (r: number): string => {
    if (gather) return `select(f32(a[r${r} + k]), 0.0f, none${r})`;
    if (!transA) return `a[r${r} + k]`;
    const at = (q: number): string => `f32(a[r${r} + (k * ${step}u + ${q}u) * ${p.lda}u])`;
    return deep ? `vec4f(${at(0)}, ${at(1)}, ${at(2)}, ${at(3)})` : `a[r${r} + k * ${p.lda}u]`;
  };
  const multiply = (r: number, w: number): string =>
    deep ? `s${r}_${w} += dot(a${r}, b${w});` : `s${r}_${w} = fma(V(a${r}), b${w}, s${r}_${w});`;
  const aType = deep ? 'vec4f' : 'f32';
  const bType = bVec === 4 ? 'vec4f' : 'f32';
  // With broadcast, an invocation holds A of the rows that its place in the subgroup names, one for every eight.
  const eachOwn = (piece: (q: number) => string): string => repeat(Math.ceil(rows / lanes), piece);
  const ownRow = (q: number): string =>
    M % rows === 0 && rows % lanes === 0
      ? `row0 + subgroupLane + ${q * lanes}u`
      : `min(row0 + subgroupLane + ${q * lanes}u, ${M - 1}u)`;
  const loadOwn = (q: number): string =>
    gather
      ? `select(f32(a[own${q} + k]), 0.0f, none${q})`
      : `f32(a[own${q} + k${transA ? ` * ${p.lda}u` : ''}])`;
  const shared = wgsl`
    ${eachOwn((q) => `let mine${q} = ${loadOwn(q)};`)}
    ${eachUnit((w) => `let b${w} = V(b[k * ${p.ldb / bVec}u + u${w} + bBase]);`)}
    ${eachRow((r) => `let a${r} = subgroupBroadcast(mine${Math.floor(r / lanes)}, ${r % lanes}u);\n${eachUnit((w) => multiply(r, w))}`)}`;
  const separate = wgsl`
    ${eachUnit((w) => `let b${w} = ${bType}(${loadB(w)});`)}
    ${eachRow((r) => `let a${r} = ${aType}(${loadA(r)});\n${eachUnit((w) => multiply(r, w))}`)}`;
  const aBatch = (transA ? K * p.lda : M * p.lda) / aVec;
  const bBatch = (transB ? N * p.ldb : K * p.ldb) / bVec;
  // In a loop: a software adapter compiles the same stores written out for seconds, and runs them no faster.
  const sums = Array.from({ length: rows }, (_, r) => eachUnit((w) => `s${r}_${w},`)).join('');
  const store = wgsl`
  var sums = array<V, ${rows * perLane}>(${sums});
  for (var r = 0u; r < min(${rows}u, ${M}u - row0); r++) {
    let row = cBase + (row0 + r) * ${p.ldc / vec}u;
    ${eachUnit((w) => `if (unit0 + ${w * lanes}u < ${units}u) { finish(row + u${w}, u${w}, sums[r * ${perLane}u + ${w}u]); }`)}
  }`;
  // Where a row of A begins.
  const place = (name: string, row: string): string =>
    transA
      ? `let ${name} = batch * ${aBatch}u + ${row} + ${p.aOffset}u;`
      : `let ${name} = batch * ${aBatch}u + (${row}) * ${p.lda / aVec}u + ${p.aOffset / aVec}u;`;
  const gatheredPlace = (name: string, none: string, row: string): string => wgsl`
    let ${name}Found = runAt(${row}, run);
    let ${none} = ${name}Found == ZEROS;
    let ${name} = select(${name}Found, 0u, ${none});`;
  const places = gather
    ? broadcast
      ? eachOwn((q) => gatheredPlace(`own${q}`, `none${q}`, ownRow(q)))
      : eachRow((r) => gatheredPlace(`r${r}`, `none${r}`, rowOf(r)))
    : broadcast
      ? eachOwn((q) => place(`own${q}`, ownRow(q)))
      : eachRow((r) => place(`r${r}`, rowOf(r)));
  return {
    name: p.name ?? `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
    read: {
      a: window(p.a, p.aWindow[0], p.aWindow[1], aVec),
      b: window(p.b, p.bWindow[0], p.bWindow[1], bVec),
      ...tail.read,
    },
    write: tail.write,
    groups: batch * bands * blocks,
    workgroupSize: lanes,
    subgroups: broadcast,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = ${wide ? 'vec4f' : 'f32'};
${tail.code}
${gather && runAt(gather)}
fn group(g: u32, lane: u32) {
  let unit0 = (g % ${blocks}u) * ${lanes * perLane}u + lane;
  let row0 = ((g / ${blocks}u) % ${bands}u) * ${rows}u;
  let batch = g / ${blocks * bands}u;
  ${gather ? 'var' : 'let'} bBase = batch * ${bBatch}u;
  ${!gather && places}
  ${eachUnit((w) => `let u${w} = ${unitOf(w)};`)}
  ${eachRow((r) => eachUnit((w) => `var s${r}_${w} = V();`))}
  ${gather && `for (var run = 0u; run < ${runs}u; run++) {\n${places}`}
  for (var k = 0u; k < ${K / runs / step}u; k++) {
    ${broadcast ? shared : separate}
  }
  ${gather && `bBase += ${((K / runs) * p.ldb) / bVec}u;\n}`}
  let cBase = batch * ${(M * p.ldc) / vec}u + ${p.column / vec}u;
  ${store}
}`,
  };
}
