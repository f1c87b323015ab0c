// The kernels behind every reduction: x seen as [outer, n, inner] becomes [outer, inner].
//
// Sums run in blocks of 32, blocks of 32 blocks, and so on, in an order that shapes alone decide: a single chain over
// 200 000 values would lose three digits. Long axes with few results are cut into pieces first, which a second kernel joins.
import { isFloat } from '../../dtype/dtype.ts';
import type { Bindable } from '../../kernel/bindable.ts';
import { window, type OperandLike } from '../../kernel/kernel.ts';
import { loadedType } from '../../kernel/order-keys.ts';
import { runRows } from '../../kernel/rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import type { LaunchContext } from '../../op.ts';
import { emptyTensor } from '../../tensor.ts';

/**
 * How elements become one value. Expressions hold for one element and for four: X is the type of a loaded element, A of a
 * running value, V is f32 and B bool, each of as many; `nan(x)` takes X of floats.
 */
export interface Fold {
  /** Name of the kernel. */
  name: string;
  /** Element type of running values. */
  type: 'f32' | 'i32' | 'u32';
  /** WGSL functions for `load`, for one or four elements. */
  prelude?: (vec: 1 | 4) => string;
  /** A from the loaded element `v`, from what is `beside` it, `along` the axis and in the `centres`, by their names. */
  load: string;
  /** A from two running values `x` and `y`. */
  combine: string;
  /** The value of nothing. */
  identity: string;
  /** WGSL functions for `finish`. */
  finishPrelude?: (vec: 1 | 4) => string;
  /** The result from the running value `acc`. */
  finish?: string;
  /** Any order gives the same: no blocks. */
  isExact?: boolean;
}

export interface Reduction {
  x: Bindable;
  /** [outer, inner], any shape of that size. */
  out: Bindable;
  outer: number;
  n: number;
  inner: number;
  fold: Fold;
  /** Further tensors of x's size. */
  beside?: Record<string, Bindable>;
  /** Tensors of [outer, n]: one value for all that stands at the same place of the axis. */
  along?: Record<string, Bindable>;
  /** Tensors of the result's size: one value for all that is reduced together. */
  centres?: Record<string, Bindable>;
}

/** Elements that one invocation (a column) or one group of lanes (a row) takes without being cut into pieces. */
const longColumn = 1024;
const longRow = 4096;
/** As many pieces as the second kernel may find. */
const mostPieces = 1024;

/** Elements of a piece; `n` where one kernel does it all. */
function pieceOf({ outer, n, inner }: Reduction): number {
  const results = outer * inner;
  const long = inner > 1 ? longColumn : longRow;
  // Enough work side by side, and chains that are short enough.
  if (n <= long || (results >= 2 ** 15 && n <= 16 * long)) return n;
  return Math.max(long, Math.ceil(n / mostPieces / 4) * 4);
}

/** The loop over what one invocation reduces: plain, or in blocks. */
function loopOver(items: number, isExact: boolean): string {
  const add = (into: string, value: string): string => `${into} = combine(${into}, ${value});`;
  const inner = (into: string, from: string, to: string): string =>
    `for (var k = ${from}; k < ${to}; k += LANES) { ${add(into, 'item(k)')} }`;
  if (isExact || items <= 32) return inner('total', 'begin + lane', 'end');
  const block = wgsl`let blockEnd = min(END, b + 32u * LANES);
      var part = A(IDENTITY);
      ${inner('part', 'b', 'blockEnd')}
      `;
  const middle = (into: string, from: string, to: string): string =>
    `for (var b = ${from}; b < ${to}; b += 32u * LANES) {
      ${block.replace('END', to)}${add(into, 'part')}
    }`;
  if (items <= 1024) return middle('total', 'begin + lane', 'end');
  return wgsl`for (var a = begin + lane; a < end; a += 1024u * LANES) {
    let runEnd = min(end, a + 1024u * LANES);
    var run = A(IDENTITY);
    ${middle('run', 'a', 'runEnd')}
    ${add('total', 'run')}
  }`;
}

const vectorOf = (type: string, vec: 1 | 4): string => (vec === 4 ? `vec4<${type}>` : type);

/** One kernel: pieces of `per` elements of every [outer, inner] place, [outer, pieces, inner]. */
function reduceOnce(context: LaunchContext, reduction: Reduction, per: number): void {
  const { x, out, outer, n, inner, fold, beside = {}, along = {}, centres = {} } = reduction;
  const pieces = Math.max(1, Math.ceil(n / Math.max(1, per)));
  const isRow = inner === 1;
  const vec: 1 | 4 = n > 0 && (isRow ? n % 4 === 0 && per % 4 === 0 : inner % 4 === 0) ? 4 : 1;
  const width = isRow ? vec : 1;
  const resultVec = isRow ? 1 : vec;
  const X = vectorOf(loadedType(x.dtype), vec);
  const A = vectorOf(fold.type, vec);
  const V = vectorOf('f32', vec);
  const extra = [beside, along, centres].flatMap((operands) => Object.keys(operands));
  const read: Record<string, OperandLike> = { x: window(x, 0, x.size, vec) };
  for (const [name, t] of Object.entries(beside)) read[`beside_${name}`] = window(t, 0, t.size, vec);
  for (const [name, t] of Object.entries(centres)) read[`centre_${name}`] = window(t, 0, t.size, resultVec);
  for (const [name, t] of Object.entries(along)) read[`along_${name}`] = window(t, 0, t.size, width);
  const call = [
    'X(x[at])',
    ...Object.keys(beside).map((name) => `V(beside_${name}[at])`),
    ...Object.keys(along).map((name) => `V(${isRow ? 'V' : 'f32'}(along_${name}[entry]))`),
    ...Object.keys(centres),
  ];
  // The four sums of a row are joined before `finish`, those of four columns are not.
  const finishVec = isRow ? 1 : vec;
  const code = wgsl`
alias X = ${X};
alias A = ${A};
alias V = ${V};
alias B = ${vectorOf('bool', vec)};
const IDENTITY = ${fold.identity};
${isFloat(x.dtype) && `fn nan(x: V) -> B { return ${vec === 4 ? 'isNan4' : 'isNan'}(x); }`}
fn combine(x: A, y: A) -> A { return ${fold.combine}; }
fn combineOne(x: ${fold.type}, y: ${fold.type}) -> ${fold.type} { return ${fold.combine}; }
${fold.prelude?.(vec)}
fn load(v: X${extra.map((name) => `, ${name}: V`).join('')}) -> A { return ${fold.load}; }
${fold.finishPrelude?.(finishVec)}
alias F = ${vectorOf(fold.type, finishVec)};
fn finish(acc: F) -> out_t { return out_t(${fold.finish ?? 'acc'}); }`;
  const body = (base: string, step: string, centre: string): string => wgsl`
  let begin = piece * PER;
  let end = min(N, begin + PER);
  let base = ${base};
  ${Object.keys(centres).map((name) => `let ${name} = V(${vectorOf('f32', resultVec)}(centre_${name}[${centre}]));`)}
  var total = A(IDENTITY);
  ${loopOver(Math.ceil(per / width), fold.isExact ?? false).replaceAll(
    'item(k)',
    `load(${call.join(', ').replaceAll('[at]', `[base + k${step}]`).replaceAll('[entry]', '[outer * N + k]')})`,
  )}`;
  const name = fold.name;
  const flops = outer * n * inner;
  const consts = { PIECES: pieces };
  if (isRow) {
    runRows(context, {
      name,
      rows: outer * pieces,
      length: Math.ceil(per / vec),
      read,
      write: { out },
      consts,
      sizes: { N: n / vec, PER: Math.ceil(per / vec) },
      folds: { foldLanes: { type: fold.type, combine: fold.combine } },
      flops,
      code: wgsl`${code}
fn row(i: u32, lane: u32) {
  let piece = ${pieces > 1 ? 'i % PIECES' : '0u'};
  let outer = ${pieces > 1 ? 'i / PIECES' : 'i'};
  ${body('outer * N', '', 'outer')}
  let acc = foldLanes(lane, ${vec === 4 ? 'combineOne(combineOne(total.x, total.y), combineOne(total.z, total.w))' : 'total'});
  if (lane == 0u) { out[i] = finish(acc); }
}`,
    });
    return;
  }
  context.run({
    name,
    read,
    write: { out: window(out, 0, out.size, resultVec) },
    consts: { ...consts, N: n, PER: per, INNER: inner / resultVec },
    threads: (outer * pieces * inner) / resultVec,
    flops,
    code: wgsl`${code}
const LANES = 1u;
const lane = 0u;
fn thread(i: u32) {
  let inner = i % INNER;
  let piece = ${pieces > 1 ? '(i / INNER) % PIECES' : '0u'};
  let outer = i / (INNER * PIECES);
  ${body('outer * N * INNER + inner', ' * INNER', 'outer * INNER + inner')}
  out[i] = finish(total);
}`,
  });
}

/** Reduces `x` into `out`, in one kernel or, where the axis is long and results are few, in two. */
export function runReduction(context: LaunchContext, reduction: Reduction): void {
  const { outer, n, inner, fold, out } = reduction;
  const per = pieceOf(reduction);
  if (per >= n) {
    reduceOnce(context, reduction, n);
    return;
  }
  const { prelude: _, finish, finishPrelude, ...plain } = fold;
  const pieces = Math.ceil(n / per);
  const parts = emptyTensor(context.device, [outer, pieces, inner], { dtype: fold.type });
  reduceOnce(
    context,
    { ...reduction, out: parts, fold: { ...plain, load: fold.load, prelude: fold.prelude } },
    per,
  );
  reduceOnce(
    context,
    { x: parts, out, outer, n: pieces, inner, fold: { ...plain, load: 'A(v)', finish, finishPrelude } },
    pieces,
  );
}
