// Attention for software adapters, and one choice of others. There a load costs more than a dozen multiplications, to run
// and to compile, so the invocations of one subgroup share the channels of a row instead of owning a query each: a key is
// loaded once for ROWS queries, scores are summed across the subgroup by shuffles, and invocation r keeps the softmax of
// query r. The same three kernels as forward-kernel.ts and backward-kernels.ts otherwise. A workgroup is a subgroup.
import { window, type KernelSpec, type Operand } from '../../kernel/kernel.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import type { BackwardTensors } from './backward-kernels.ts';
import type { ForwardTensors } from './forward-kernel.ts';
import { alignedTo, flopsOf, headAt, keyHead, statAt, type AttentionSizes } from './layout.ts';

/** Rows per workgroup; their scores travel as one vec4. */
const rows = 4;

/** How a row of D channels is spread over a subgroup: `pieces` vectors of `width` per invocation. */
class Spread {
  readonly lanes: number;
  readonly width: 1 | 2 | 4;
  readonly pieces: number;
  readonly type: string;
  readonly #D: number;

  constructor(lanes: number, s: AttentionSizes) {
    const { D } = s;
    this.lanes = lanes;
    const fits = (w: number): boolean => D % (this.lanes * w) === 0 && alignedTo(w, s);
    this.width = fits(4) ? 4 : fits(2) ? 2 : 1;
    this.pieces = Math.ceil(D / (this.lanes * this.width));
    this.type = this.width === 1 ? 'f32' : `vec${this.width}f`;
    this.#D = D;
  }

  each = (piece: (i: number) => string): string => repeat(this.pieces, piece);

  operand = (t: Tensor): Operand => window(t, 0, t.size, this.width);

  #inside = (i: number): string => `subgroupLane + ${i * this.lanes}u < ${this.#D}u`;

  get #ragged(): boolean {
    return this.#D % (this.lanes * this.width) !== 0;
  }

  #item = (at: string, i: number): string => `${at} / ${this.width}u + subgroupLane + ${i * this.lanes}u`;

  /** Piece i of the row that starts at element `at`. */
  load = (array: string, at: string, i: number): string => {
    if (!this.#ragged) return `${this.type}(${array}[${this.#item(at, i)}])`;
    const last = `min(subgroupLane + ${i * this.lanes}u, ${this.#D - 1}u)`;
    return `select(0.0f, f32(${array}[${at} + ${last}]), ${this.#inside(i)})`;
  };

  store = (array: string, at: string, i: number, value: string): string => {
    const write = `${array}[${this.#item(at, i)}] = ${array}_t(${value});`;
    return this.#ragged ? `if (${this.#inside(i)}) { ${write} }` : write;
  };

  /**
   * `fn across(t: vec4f) -> f32`: the sum over the subgroup of t[slot], where slot is the invocation's place modulo 4.
   * Invocations hand each other only the sums that the other goes on with: in a subgroup of 8
   * four shuffles instead of twelve.
   */
  get prelude(): string {
    const inner = this.width === 1 ? 'return a * b;' : 'return dot(a, b);';
    const farther = [4, 8, 16].filter((far) => far < this.lanes);
    return wgsl`
fn inner(a: ${this.type}, b: ${this.type}) -> f32 { ${inner} }
fn across(t: vec4f) -> f32 {
  let isOdd = (subgroupLane & 1u) == 1u;
  let pair = select(t.xz, t.yw, isOdd) + subgroupShuffleXor(select(t.yw, t.xz, isOdd), 1u);
  let isHigh = (subgroupLane & 2u) == 2u;
  var sum = select(pair.x, pair.y, isHigh) + subgroupShuffleXor(select(pair.y, pair.x, isHigh), 2u);
  ${farther.map((far) => `sum += subgroupShuffleXor(sum, ${far}u);`)}
  return sum;
}`;
  }

  /** Σ over an invocation's pieces of a·b. */
  inner = (a: (i: number) => string, b: (i: number) => string): string =>
    Array.from({ length: this.pieces }, (_, i) => `inner(${a(i)}, ${b(i)})`).join(' + ');

  /** Σ over pieces and subgroup of aᵣ·bᵣ for the row r that is the invocation's own. */
  products = (a: (r: number, i: number) => string, b: (r: number, i: number) => string): string => {
    const ofRow = (_: unknown, r: number): string =>
      this.inner(
        (i) => a(r, i),
        (i) => b(r, i),
      );
    return `across(vec4f(${Array.from({ length: rows }, ofRow).join(', ')}))`;
  };

  /**
   * Loads the workgroup's rows in a loop too, pieces i of row r into `name{r}_{i}` (zeros beyond the last row); `places`
   * are the elements where row `row` begins, by name, and `load` the text of its pieces.
   */
  loadRows = (T: number, places: string, loads: Record<string, (i: number) => string>, rest = ''): string => {
    const names = Object.keys(loads);
    const eachName = (piece: (name: string, i: number) => string): string[] =>
      names.map((name) => this.each((i) => piece(name, i)));
    return wgsl`
  ${eachName((name, i) => eachRow((r) => `var ${name}${r}_${i} = ${this.type}();`))}
  for (var r = 0u; r < min(${rows}u, ${T}u - block * ${rows}u); r++) {
    let row = block * ${rows}u + r;
    ${places}
    ${eachName((name, i) => `let ${name}${i} = ${loads[name](i)};\n${eachRow((r) => `${name}${r}_${i} = select(${name}${r}_${i}, ${name}${i}, r == ${r}u);`)}`)}
    ${rest}
  }`;
  };

  /**
   * Stores the workgroup's rows in a loop, since each store in the text costs compile time. `values` are pieces i of
   * rows 0 … ROWS − 1; `store` writes those of row `row`, found at `piece(name, i)`.
   */
  storeRows = (
    T: number,
    values: Record<string, (r: number, i: number) => string>,
    store: (piece: (name: string, i: number) => string) => string,
  ): string => {
    const count = rows * this.pieces;
    const list = (value: (r: number, i: number) => string): string =>
      Array.from({ length: count }, (_, n) => value(Math.floor(n / this.pieces), n % this.pieces)).join(', ');
    return wgsl`
  ${Object.entries(values).map(([name, value]) => `var ${name} = array<${this.type}, ${count}>(${list(value)});`)}
  for (var r = 0u; r < min(${rows}u, ${T}u - block * ${rows}u); r++) {
    let row = block * ${rows}u + r;
    ${store((name, i) => `${name}[r * ${this.pieces}u + ${i}u]`)}
  }`;
  };
}

const eachRow = (piece: (r: number) => string): string => repeat(rows, piece);

/** Attention whose rows can be spread: keys and values of the same size, and scores that are products alone. */
export const suitsChannels = ({ D, Dv, isRuled }: AttentionSizes): boolean => D === Dv && !isRuled;

/** Batch, head and block of ROWS rows from the workgroup's number. */
const place = (blocks: number, H: number, T: number, head = 'h'): string => wgsl`
  let block = g % ${blocks}u;
  let ${head} = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let slot = subgroupLane % ${rows}u;
  let own = min(block * ${rows}u + slot, ${T - 1}u);`;

const bindAll = (prefix: string, tensors: readonly Tensor[], spread: Spread): Record<string, Operand> =>
  Object.fromEntries(tensors.map((t, i) => [`${prefix}${i}`, spread.operand(t)]));

export function channelForward(
  lanes: number,
  s: AttentionSizes,
  { inputs, out, lse, keyCount }: ForwardTensors,
): KernelSpec {
  const { B, Tq, Tk, H, q, k, v, causal } = s;
  const spread = new Spread(lanes, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tq / rows);
  return {
    name: 'attention',
    read: { ...bindAll('t', inputs, spread), keyCount },
    write: { out: spread.operand(out), lse },
    groups: B * H * blocks,
    workgroupSize: spread.lanes,
    subgroups: true,
    flops: flopsOf(s, 2),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, H, Tq)}
  let keys = ${keyCount ? `min(keyCount[0], ${Tk}u)` : `${Tk}u`};
  let shift = ${s.isTopLeft ? '0u' : `keys - ${Tq}u`};
  ${spread.loadRows(Tq, `let qAt = ${headAt(q, 'row')};`, {
    q: (i) => `${load(`t${q.input}`, 'qAt', i)} * ${f32Literal(s.scale)}`,
  })}
  ${eachRow((r) => each((i) => `var o${r}_${i} = ${spread.type}();`))}
  var top = -1e30f;
  var total = 0.0f;
  let seen = ${causal ? 'min(keys, own + shift + 1u)' : 'keys'};
  let end = ${causal ? `min(keys, (block + 1u) * ${rows}u + shift)` : 'keys'};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, 'j', keyHead(s))};
    let vAt = ${headAt(v, 'j', keyHead(s))};
    ${each((i) => `let k${i} = ${load(`t${k.input}`, 'kAt', i)};\nlet v${i} = ${load(`t${v.input}`, 'vAt', i)};`)}
    let scored = ${spread.products(
      (r, i) => `q${r}_${i}`,
      (_, i) => `k${i}`,
    )};
    let score = select(-1e30f, scored, j < seen);
    let newTop = max(top, score);
    let fade = exp(top - newTop);
    let p = exp(score - newTop);
    total = total * fade + p;
    top = newTop;
    ${eachRow((r) => `let fade${r} = subgroupBroadcast(fade, ${r}u);\nlet p${r} = subgroupBroadcast(p, ${r}u);\n${each((i) => `o${r}_${i} = o${r}_${i} * fade${r} + p${r} * v${i};`)}`)}
  }
  ${eachRow((r) => `let total${r} = subgroupBroadcast(total, ${r}u);`)}
  ${spread.storeRows(
    Tq,
    { o: (r, i) => `o${r}_${i} / total${r}` },
    (piece) => wgsl`let oAt = ${headAt(s.out, 'row')};
    ${each((i) => spread.store('out', 'oAt', i, piece('o', i)))}`,
  )}
  ${lse && `if (lane < ${rows}u && block * ${rows}u + lane < ${Tq}u) { lse[${statAt(s, 'own')}] = top + log(total); }`}
}`,
  };
}

export function channelQueryGrad(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, H, q, k, v, causal, shift } = s;
  const spread = new Spread(lanes, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tq / rows);
  const scale = f32Literal(s.scale);
  const target = `d${q.input}`;
  return {
    name: 'attention backward q',
    read: {
      ...bindAll('t', t.inputs, spread),
      o: spread.operand(t.out),
      grad: spread.operand(t.grad),
      lse: t.lse,
    },
    write: { [target]: spread.operand(t.grads[q.input]), delta: t.delta },
    groups: B * H * blocks,
    workgroupSize: spread.lanes,
    subgroups: true,
    flops: flopsOf(s, 3),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, H, Tq)}
  let statAt = ${statAt(s, 'own')};
  let ownLse = lse[statAt];
  var deltas = vec4f();
  ${spread.loadRows(
    Tq,
    wgsl`let qAt = ${headAt(q, 'row')};
    let oAt = ${headAt(s.out, 'row')};`,
    { q: (i) => `${load(`t${q.input}`, 'qAt', i)} * ${scale}`, g: (i) => load('grad', 'oAt', i) },
    `deltas[r] = ${spread.inner(
      (i) => `g${i}`,
      (i) => load('o', 'oAt', i),
    )};`,
  )}
  let ownDelta = across(deltas);
  ${eachRow((r) => each((i) => `var dq${r}_${i} = ${spread.type}();`))}
  let seen = ${causal ? `own + ${shift + 1}u` : `${Tk}u`};
  let end = ${causal ? `min(${Tk}u, (block + 1u) * ${rows}u + ${shift}u)` : `${Tk}u`};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, 'j', keyHead(s))};
    let vAt = ${headAt(v, 'j', keyHead(s))};
    ${each((i) => `let k${i} = ${load(`t${k.input}`, 'kAt', i)};\nlet v${i} = ${load(`t${v.input}`, 'vAt', i)};`)}
    let score = ${spread.products(
      (r, i) => `q${r}_${i}`,
      (_, i) => `k${i}`,
    )};
    let dp = ${spread.products(
      (r, i) => `g${r}_${i}`,
      (_, i) => `v${i}`,
    )};
    let p = select(0.0f, exp(min(score - ownLse, 0.0f)), j < seen);
    let ds = p * (dp - ownDelta);
    ${eachRow((r) => `let ds${r} = subgroupBroadcast(ds, ${r}u);\n${each((i) => `dq${r}_${i} += ds${r} * k${i};`)}`)}
  }
  ${spread.storeRows(
    Tq,
    { dq: (r, i) => `dq${r}_${i}` },
    (piece) => wgsl`let qAt = ${headAt(q, 'row')};
    ${each((i) => spread.store(target, 'qAt', i, `${piece('dq', i)} * ${scale}`))}`,
  )}
  if (lane < ${rows}u && block * ${rows}u + lane < ${Tq}u) { delta[statAt] = ownDelta; }
}`,
  };
}

export function channelKeyValueGrad(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, H, G, q, k, v, causal, shift } = s;
  const spread = new Spread(lanes, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tk / rows);
  const keyHeads = H / G;
  const scale = f32Literal(s.scale);
  const targets = [...new Set([k.input, v.input])];
  return {
    name: 'attention backward kv',
    read: { ...bindAll('t', t.inputs, spread), grad: spread.operand(t.grad), lse: t.lse, delta: t.delta },
    write: Object.fromEntries(targets.map((i) => [`d${i}`, spread.operand(t.grads[i])])),
    groups: B * keyHeads * blocks,
    workgroupSize: spread.lanes,
    subgroups: true,
    flops: flopsOf(s, 4),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, keyHeads, Tk, 'keyHead')}
  ${spread.loadRows(
    Tk,
    wgsl`let kAt = ${headAt(k, 'row', 'keyHead')};
    let vAt = ${headAt(v, 'row', 'keyHead')};`,
    { k: (i) => `${load(`t${k.input}`, 'kAt', i)} * ${scale}`, v: (i) => load(`t${v.input}`, 'vAt', i) },
  )}
  ${eachRow((r) => each((i) => `var dk${r}_${i} = ${spread.type}();\nvar dv${r}_${i} = ${spread.type}();`))}
  ${causal ? `let first = block * ${rows}u;\n  let start = select(0u, first - ${shift}u, first > ${shift}u);` : 'let start = 0u;'}
  ${G === 1 ? 'let h = keyHead;' : `for (var h = keyHead * ${G}u; h < (keyHead + 1u) * ${G}u; h++) {`}
  for (var n = start; n < ${Tq}u; n++) {
    let qAt = ${headAt(q, 'n')};
    let oAt = ${headAt(s.out, 'n')};
    let statAt = ${statAt(s, 'n')};
    ${each((i) => `let q${i} = ${load(`t${q.input}`, 'qAt', i)};\nlet g${i} = ${load('grad', 'oAt', i)};`)}
    let score = ${spread.products(
      (_, i) => `q${i}`,
      (r, i) => `k${r}_${i}`,
    )};
    let dp = ${spread.products(
      (_, i) => `g${i}`,
      (r, i) => `v${r}_${i}`,
    )};
    let sees = ${causal ? `own <= n + ${shift}u` : 'true'};
    let p = select(0.0f, exp(min(score - lse[statAt], 0.0f)), sees);
    let ds = p * (dp - delta[statAt]);
    ${eachRow((r) => `let p${r} = subgroupBroadcast(p, ${r}u);\nlet ds${r} = subgroupBroadcast(ds, ${r}u);\n${each((i) => `dv${r}_${i} += p${r} * g${i};\ndk${r}_${i} += ds${r} * q${i};`)}`)}
  }
  ${G > 1 && '}'}
  ${spread.storeRows(
    Tk,
    { dk: (r, i) => `dk${r}_${i}`, dv: (r, i) => `dv${r}_${i}` },
    (piece) => wgsl`let kAt = ${headAt(k, 'row', 'keyHead')};
    let vAt = ${headAt(v, 'row', 'keyHead')};
    ${each((i) => `${spread.store(`d${k.input}`, 'kAt', i, `${piece('dk', i)} * ${scale}`)}\n${spread.store(`d${v.input}`, 'vAt', i, piece('dv', i))}`)}`,
  )}
}`,
  };
}
