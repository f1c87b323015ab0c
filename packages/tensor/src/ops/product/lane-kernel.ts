// Matrix product without workgroup memory: a workgroup owns up to 8 or 16 rows of C, each lane a few columns.
//
// On CPU adapters every load costs 20 to 30 cycles and barriers more, so loads are few: where the subgroup is the
// workgroup, each invocation loads A of one or two rows and hands it round (`broadcast`). More sums than there are
// registers are cheaper there than more loads. On GPUs the kernel serves products too narrow for tiles.
//
// Legend: a unit is what a lane stores at once, 4 columns or 1; k counts steps of DEPTH along K.
import type { Variant } from '../../core/choices.ts';
import { fixedSubgroup, type AdapterSummary } from '../../core/adapter.ts';
import { aligned, window, type KernelSpec } from '../../kernel/kernel.ts';
import { repeat, wgsl } from '../../kernel/wgsl.ts';
import { epilogue } from './epilogue.ts';
import { gathered, runAt } from './gather.ts';
import type { GemmPiece } from './gemm-piece.ts';

/**
 * Invocations of a workgroup: a subgroup of 8 or 16 on software adapters, where a workgroup of 8 would leave half of 16
 * idle; elsewhere 8.
 */
const lanesOf = (adapter: AdapterSummary): 8 | 16 =>
  adapter.kind === 'software' && fixedSubgroup(adapter) === 16 ? 16 : 8;

/** Fewer rows than this do not pay for handing A round. */
const rowsWorthHanding = 8;

/** How much of C a workgroup owns. */
export interface LaneForm extends Variant {
  /** Rows at most. */
  rows: number;
  /** Units of a lane at most. */
  units: 1 | 2;
}

const laneForm = (rows: number, units: 1 | 2): LaneForm => ({
  name: `lanes ${rows} × ${units}`,
  rows,
  units,
});

/** Fewer rows than this do not pay for blocks of B. */
const rowsWorthBlocks = 16;

/**
 * How a lane loads B: 4 columns of one row (`row`); 4 columns of 4 rows, or of one where K is no multiple of 4, turned
 * round in registers (`block`, for B stored [N, K]); 4 rows of a column, for a dot product (`dot`); or one element.
 */
type Form = 'row' | 'block' | 'dot' | 'element';

function formOf({
  M,
  N,
  K,
  lda,
  ldb,
  ldc,
  column,
  aOffset,
  transA,
  transB,
}: GemmPiece): [Form, depth: 1 | 4] {
  const isWide = aligned(N, ldc, column);
  const isDeep = aligned(K, ldb) && (transA || aligned(lda, aOffset));
  if (!transB) return [isWide && aligned(ldb) ? 'row' : 'element', 1];
  if (isWide && M >= rowsWorthBlocks) return ['block', isDeep ? 4 : 1];
  return isDeep ? ['dot', 4] : ['element', 1];
}

/** A is handed round where the subgroup is the workgroup. */
const handsRound = (p: GemmPiece, adapter: AdapterSummary): boolean =>
  adapter.kind === 'software' &&
  fixedSubgroup(adapter) === lanesOf(adapter) &&
  p.M >= rowsWorthHanding &&
  ['row', 'block'].includes(formOf(p)[0]);

/** Forms that suit a product; all of them sum in the same order. The first does on most adapters. */
export function laneForms(p: GemmPiece, adapter: AdapterSummary): LaneForm[] {
  const all = [laneForm(16, 2), laneForm(16, 1), laneForm(8, 2), laneForm(8, 1), laneForm(4, 2)];
  const [form] = formOf(p);
  const vec = form === 'row' || form === 'block' ? 4 : 1;
  const most = handsRound(p, adapter) ? 16 : 8;
  const units = form !== 'block' && p.N / vec >= lanesOf(adapter) * 2 ? 2 : 1;
  const forms = all.filter((it) => it.rows <= most && it.units <= units);
  // A product with few rows is the same kernel in several forms.
  return forms.filter((it, i) => {
    const same = (other: LaneForm): boolean =>
      other.units === it.units && bandHeight(p.M, other) === bandHeight(p.M, it);
    return forms.findIndex(same) === i;
  });
}

/** A few bands have equal heights: 50 rows are 4 × 13, not 3 × 16 and 2. Many share one kernel with all other products. */
const bandHeight = (M: number, { rows }: LaneForm): number =>
  M > 4 * rows ? rows : Math.ceil(M / Math.ceil(M / rows));

export function laneKernel(
  p: GemmPiece,
  adapter: AdapterSummary,
  shape: LaneForm = laneForms(p, adapter)[0],
): KernelSpec {
  const isSoftware = adapter.kind === 'software';
  const { M, N, K, transA = false, transB = false, batch = 1, gather } = p;
  const itemA = p.itemA?.('batch') ?? 'batch';
  const itemB = p.itemB?.('batch') ?? 'batch';
  const lanes = lanesOf(adapter);
  const [form, depth] = formOf(p);
  // Gathered rows of A are walked run by run; between runs only their places change.
  const walked = transA ? undefined : gather;
  const runs = walked?.runs ?? 1;
  const isWide = form === 'row' || form === 'block';
  const vec = isWide ? 4 : 1;
  const units = N / vec;
  const broadcast = handsRound(p, adapter);
  const rows = bandHeight(M, shape);
  const bands = Math.ceil(M / rows);
  const perLane = shape.units;
  const blocks = Math.ceil(units / (lanes * perLane));
  const aVec = transA ? 1 : depth;
  const bVec = form === 'row' ? 4 : depth;
  const tail = epilogue(p, vec);
  const eachRow = (piece: (r: number) => string): string => repeat(rows, piece);
  const eachUnit = (piece: (w: number) => string): string => repeat(perLane, piece);

  const bAt = (w: number, column: number): string =>
    transB ? `b[n${w} + ${column === 0 ? '' : `${column}u * LDB + `}k]` : `b[k * LDB + n${w}]`;
  const loadBlock = (w: number): string =>
    depth === 1
      ? `let b${w}_0 = V(f32(${bAt(w, 0)}), f32(${bAt(w, 1)}), f32(${bAt(w, 2)}), f32(${bAt(w, 3)}));`
      : wgsl`
    ${repeat(4, (column) => `let c${w}_${column} = vec4f(${bAt(w, column)});`)}
    ${repeat(4, (q) => `let b${w}_${q} = V(c${w}_0[${q}], c${w}_1[${q}], c${w}_2[${q}], c${w}_3[${q}]);`)}`;
  const loadB = (w: number): string =>
    form === 'block' ? loadBlock(w) : `let b${w}_0 = ${bVec === 4 ? 'vec4f' : 'f32'}(${bAt(w, 0)});`;
  const loadA = (row: string, isNone: string): string => {
    if (walked) return `select(f32(a[${row} + k]), 0.0f, ${isNone})`;
    if (!transA) return depth === 4 ? `vec4f(a[${row} + k])` : `f32(a[${row} + k])`;
    const at = (q: number): string =>
      gather ? `gathered(k * ${depth}u + ${q}u, ${row})` : `f32(a[${row} + (k * ${depth}u + ${q}u) * LDA])`;
    return depth === 4 ? `vec4f(${at(0)}, ${at(1)}, ${at(2)}, ${at(3)})` : at(0);
  };
  const multiply = (r: number, w: number): string => {
    if (form === 'dot') return `s${r}_${w} += dot(a${r}, b${w}_0);`;
    const ofA = (q: number): string => {
      const part = depth === 4 ? `[${q}]` : '';
      return broadcast
        ? `subgroupBroadcast(mine${Math.floor(r / lanes)}${part}, ${r % lanes}u)`
        : `a${r}${part}`;
    };
    return repeat(depth, (q) => `s${r}_${w} = fma(V(${ofA(q)}), b${w}_${q}, s${r}_${w});`);
  };
  const eachOwn = (piece: (o: number) => string): string => repeat(Math.ceil(rows / lanes), piece);
  const step = wgsl`
    ${broadcast && eachOwn((o) => `let mine${o} = ${loadA(`own${o}`, `isNone${o}`)};`)}
    ${eachUnit(loadB)}
    ${eachRow(
      (r) => wgsl`${!broadcast && `let a${r} = ${loadA(`r${r}`, `isNone${r}`)};`}
    ${eachUnit((w) => multiply(r, w))}`,
    )}`;

  // Where a row of A begins. With broadcast, an invocation holds A of the rows that its place in the subgroup names.
  const place = (name: string, isNone: string, number: string): string => {
    const row = `min(row0 + ${number}, M - 1u)`;
    if (walked)
      return wgsl`
    let ${name}Found = runAt(${row}, run);
    let ${isNone} = ${name}Found == ZEROS;
    let ${name} = select(${name}Found, 0u, ${isNone});`;
    return transA
      ? `let ${name} = ${batch > 1 ? `${itemA} * STEPS * ${depth}u * LDA + ` : ''}${row} + ${p.aOffset}u;`
      : `let ${name} = ${batch > 1 ? `${itemA} * M * LDA + ` : ''}${row} * LDA + ${p.aOffset / aVec}u;`;
  };
  const places = broadcast
    ? eachOwn((o) => place(`own${o}`, `isNone${o}`, `subgroupLane + ${o * lanes}u`))
    : eachRow((r) => place(`r${r}`, `isNone${r}`, `${r}u`));
  const bBegin = (w: number): string =>
    `${batch > 1 ? `${itemB} * ${transB ? `UNITS * ${vec}u` : 'STEPS'} * LDB + ` : ''}u${w}${transB ? ` * ${vec}u * LDB` : ''}`;

  const storeUnrolled = eachRow(
    (r) =>
      `if (row0 + ${r}u < M) { ${eachUnit(
        (w) =>
          `if (unit0 + ${w * lanes}u < UNITS) { finish(cBase + (row0 + ${r}u) * LDC + u${w}, u${w}, s${r}_${w}); }`,
      )} }`,
  );
  // A software adapter compiles eight epilogues for up to a second, one in a loop four times faster, and runs no slower.
  const sums = Array.from({ length: rows }, (_, r) => eachUnit((w) => `s${r}_${w},`)).join('');
  const storeInLoop = wgsl`
  var sums = array<V, ${rows * perLane}>(${sums});
  for (var r = 0u; r < min(${rows}u, M - row0); r++) {
    let row = cBase + (row0 + r) * LDC;
    ${eachUnit((w) => `if (unit0 + ${w * lanes}u < UNITS) { finish(row + u${w}, u${w}, sums[r * ${perLane}u + ${w}u]); }`)}
  }`;
  return {
    name: p.name ?? `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`,
    read: {
      a: window(p.a, p.aWindow[0], p.aWindow[1], aVec),
      b: window(p.b, p.bWindow[0], p.bWindow[1], bVec),
      ...tail.read,
    },
    write: tail.write,
    sizes: {
      M,
      UNITS: units,
      BLOCKS: blocks,
      STEPS: K / runs / depth,
      LDA: p.lda / aVec,
      LDB: p.ldb / bVec,
      LDC: p.ldc / vec,
    },
    groups: batch * bands * blocks,
    workgroupSize: lanes,
    subgroups: broadcast,
    flops: 2 * batch * M * N * K,
    code: wgsl`
alias V = ${isWide ? 'vec4f' : 'f32'};
${tail.code}
${gather && (transA ? gathered(gather, M) : runAt(gather))}
fn group(g: u32, lane: u32) {
  let unit0 = (g % BLOCKS) * ${lanes * perLane}u + lane;
  let band = g / BLOCKS;
  ${batch > 1 && `let bands = (M + ${rows - 1}u) / ${rows}u;\n  let batch = band / bands;`}
  let row0 = ${batch > 1 ? '(band % bands)' : 'band'} * ${rows}u;
  ${!walked && places}
  ${eachUnit((w) => `let u${w} = min(unit0 + ${w * lanes}u, UNITS - 1u);\n${walked ? 'var' : 'let'} n${w} = ${bBegin(w)};`)}
  ${eachRow((r) => eachUnit((w) => `var s${r}_${w} = V();`))}
  ${walked && `for (var run = 0u; run < ${runs}u; run++) {\n${places}`}
  for (var k = 0u; k < STEPS; k++) {
    ${step}
  }
  ${walked && `${eachUnit((w) => `n${w} += STEPS * LDB;`)}\n}`}
  let cBase = ${batch > 1 ? `batch * M * LDC + ` : ''}${p.column / vec}u;
  ${isSoftware ? storeInLoop : storeUnrolled}
}`,
  };
}
