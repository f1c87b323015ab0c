// Attention for software adapters. There a load costs more than a dozen multiplications, to run and to compile,
// so the invocations of one subgroup share the channels of a row instead of owning a query each: a key is
// loaded once for ROWS queries, scores are summed across the subgroup by shuffles, and invocation r keeps the
// softmax of query r. The same three kernels as forward-kernel.ts and backward-kernels.ts otherwise.
import { fixedSubgroup } from '../../core/adapter.ts';
import type { Device } from '../../core/device.ts';
import { window, type KernelSpec, type Operand } from '../../kernel/kernel.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import type { BackwardTensors } from './backward-kernels.ts';
import { headAt } from './forward-kernel.ts';
import type { AttentionSizes } from './layout.ts';

/** Rows per workgroup; their scores travel as one vec4. */
const rows = 4;

export const usesChannelKernels = ({ adapter }: Device): boolean =>
  adapter.kind === 'software' && [4, 8].includes(fixedSubgroup(adapter));

/** How a row of D channels is spread over a subgroup: `pieces` vectors of `width` per invocation. */
class Spread {
  readonly lanes: number;
  readonly width: 1 | 2 | 4;
  readonly pieces: number;
  readonly type: string;
  readonly #D: number;

  constructor(device: Device, { D, q, k, v }: AttentionSizes) {
    this.lanes = fixedSubgroup(device.adapter);
    const fits = (w: number): boolean =>
      D % (this.lanes * w) === 0 &&
      [q.stride, q.column, k.stride, k.column, v.stride, v.column].every((n) => n % w === 0);
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

  /** `fn across(x: f32) -> f32`: the sum over the subgroup, in the same order on every invocation. */
  get prelude(): string {
    const steps = this.lanes === 8 ? [1, 2, 4] : [1, 2];
    const inner = this.width === 1 ? 'return a * b;' : 'return dot(a, b);';
    return wgsl`
fn inner(a: ${this.type}, b: ${this.type}) -> f32 { ${inner} }
fn across(x: f32) -> f32 {
  var t = x;
  ${steps.map((step) => `t += subgroupShuffleXor(t, ${step}u);`)}
  return t;
}
fn pick(t: vec4f, r: u32) -> f32 { return select(select(t.x, t.y, r == 1u), select(t.z, t.w, r == 3u), r >= 2u); }`;
  }

  /** Σ over pieces and subgroup of a·b. */
  product = (a: (i: number) => string, b: (i: number) => string): string =>
    `across(${Array.from({ length: this.pieces }, (_, i) => `inner(${a(i)}, ${b(i)})`).join(' + ')})`;
}

const eachRow = (piece: (r: number) => string): string => repeat(rows, piece);
const list = (piece: (r: number) => string): string =>
  `vec4f(${Array.from({ length: rows }, (_, r) => piece(r)).join(', ')})`;

/** Batch, head and block of ROWS rows from the workgroup's number. */
const place = (blocks: number, H: number, T: number): string => wgsl`
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let slot = subgroupLane % ${rows}u;
  let own = min(block * ${rows}u + slot, ${T - 1}u);
  ${eachRow((r) => `let row${r} = min(block * ${rows}u + ${r}u, ${T - 1}u);`)}`;

const bindAll = (prefix: string, tensors: readonly Tensor[], spread: Spread): Record<string, Operand> =>
  Object.fromEntries(tensors.map((t, i) => [`${prefix}${i}`, spread.operand(t)]));

export function channelForward(
  device: Device,
  s: AttentionSizes,
  inputs: readonly Tensor[],
  { out, lse, keyCount, causal }: { out: Tensor; lse?: Tensor; keyCount?: Tensor; causal: boolean },
): KernelSpec {
  const { B, Tq, Tk, C, H, D, q, k, v } = s;
  const spread = new Spread(device, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tq / rows);
  return {
    name: 'attention',
    read: { ...bindAll('t', inputs, spread), keyCount },
    write: { out: spread.operand(out), lse },
    groups: B * H * blocks,
    workgroupSize: spread.lanes,
    subgroups: true,
    flops: (4 * B * H * Tq * Tk * D) / (causal ? 2 : 1),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, H, Tq)}
  let keys = ${keyCount ? `min(keyCount[0], ${Tk}u)` : `${Tk}u`};
  let shift = keys - ${Tq}u;
  ${eachRow((r) => `let qAt${r} = ${headAt(q, Tq, D, `row${r}`)};\n${each((i) => `let q${r}_${i} = ${load(`t${q.input}`, `qAt${r}`, i)} * ${f32Literal(1 / Math.sqrt(D))};\nvar o${r}_${i} = ${spread.type}();`)}`)}
  var top = -1e30f;
  var total = 0.0f;
  let seen = ${causal ? 'min(keys, own + shift + 1u)' : 'keys'};
  let end = ${causal ? `min(keys, (block + 1u) * ${rows}u + shift)` : 'keys'};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, Tk, D, 'j')};
    let vAt = ${headAt(v, Tk, D, 'j')};
    ${each((i) => `let k${i} = ${load(`t${k.input}`, 'kAt', i)};\nlet v${i} = ${load(`t${v.input}`, 'vAt', i)};`)}
    let scores = ${list((r) =>
      spread.product(
        (i) => `q${r}_${i}`,
        (i) => `k${i}`,
      ),
    )};
    let score = select(-1e30f, pick(scores, slot), j < seen);
    let newTop = max(top, score);
    let fade = exp(top - newTop);
    let p = exp(score - newTop);
    total = total * fade + p;
    top = newTop;
    ${eachRow((r) => `let fade${r} = subgroupBroadcast(fade, ${r}u);\nlet p${r} = subgroupBroadcast(p, ${r}u);\n${each((i) => `o${r}_${i} = o${r}_${i} * fade${r} + p${r} * v${i};`)}`)}
  }
  ${eachRow(
    (r) => wgsl`let total${r} = subgroupBroadcast(total, ${r}u);
  if (block * ${rows}u + ${r}u < ${Tq}u) {
    let oAt = (b * ${Tq}u + row${r}) * ${C}u + h * ${D}u;
    ${each((i) => spread.store('out', 'oAt', i, `o${r}_${i} / total${r}`))}
  }`,
  )}
  ${lse && `if (lane < ${rows}u && block * ${rows}u + lane < ${Tq}u) { lse[(b * ${H}u + h) * ${Tq}u + own] = top + log(total); }`}
}`,
  };
}

export function channelQueryGrad(device: Device, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, C, H, D, q, k, v } = s;
  const spread = new Spread(device, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tq / rows);
  const scale = f32Literal(1 / Math.sqrt(D));
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
    flops: (6 * B * H * Tq * Tk * D) / (t.causal ? 2 : 1),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, H, Tq)}
  let statAt = (b * ${H}u + h) * ${Tq}u + own;
  let ownLse = lse[statAt];
  ${eachRow(
    (r) => wgsl`let qAt${r} = ${headAt(q, Tq, D, `row${r}`)};
  let oAt${r} = (b * ${Tq}u + row${r}) * ${C}u + h * ${D}u;
  ${each((i) => `let q${r}_${i} = ${load(`t${q.input}`, `qAt${r}`, i)} * ${scale};\nlet g${r}_${i} = ${load('grad', `oAt${r}`, i)};\nvar dq${r}_${i} = ${spread.type}();`)}`,
  )}
  let deltas = ${list((r) =>
    spread.product(
      (i) => `g${r}_${i}`,
      (i) => load('o', `oAt${r}`, i),
    ),
  )};
  let ownDelta = pick(deltas, slot);
  let seen = ${t.causal ? `own + ${Tk - Tq + 1}u` : `${Tk}u`};
  let end = ${t.causal ? `min(${Tk}u, (block + 1u) * ${rows}u + ${Tk - Tq}u)` : `${Tk}u`};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, Tk, D, 'j')};
    let vAt = ${headAt(v, Tk, D, 'j')};
    ${each((i) => `let k${i} = ${load(`t${k.input}`, 'kAt', i)};\nlet v${i} = ${load(`t${v.input}`, 'vAt', i)};`)}
    let scores = ${list((r) =>
      spread.product(
        (i) => `q${r}_${i}`,
        (i) => `k${i}`,
      ),
    )};
    let dps = ${list((r) =>
      spread.product(
        (i) => `g${r}_${i}`,
        (i) => `v${i}`,
      ),
    )};
    let p = select(0.0f, exp(min(pick(scores, slot) - ownLse, 0.0f)), j < seen);
    let ds = p * (pick(dps, slot) - ownDelta);
    ${eachRow((r) => `let ds${r} = subgroupBroadcast(ds, ${r}u);\n${each((i) => `dq${r}_${i} += ds${r} * k${i};`)}`)}
  }
  ${eachRow((r) => `if (block * ${rows}u + ${r}u < ${Tq}u) { ${each((i) => spread.store(target, `qAt${r}`, i, `dq${r}_${i} * ${scale}`))} }`)}
  if (lane < ${rows}u && block * ${rows}u + lane < ${Tq}u) { delta[statAt] = ownDelta; }
}`,
  };
}

export function channelKeyValueGrad(device: Device, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, C, H, D, q, k, v } = s;
  const spread = new Spread(device, s);
  const { each, load } = spread;
  const blocks = Math.ceil(Tk / rows);
  const scale = f32Literal(1 / Math.sqrt(D));
  const targets = [...new Set([k.input, v.input])];
  const shift = Tk - Tq;
  return {
    name: 'attention backward kv',
    read: { ...bindAll('t', t.inputs, spread), grad: spread.operand(t.grad), lse: t.lse, delta: t.delta },
    write: Object.fromEntries(targets.map((i) => [`d${i}`, spread.operand(t.grads[i])])),
    groups: B * H * blocks,
    workgroupSize: spread.lanes,
    subgroups: true,
    flops: (8 * B * H * Tq * Tk * D) / (t.causal ? 2 : 1),
    code: wgsl`
${spread.prelude}
fn group(g: u32, lane: u32) {
  ${place(blocks, H, Tk)}
  ${eachRow(
    (r) => wgsl`let kAt${r} = ${headAt(k, Tk, D, `row${r}`)};
  let vAt${r} = ${headAt(v, Tk, D, `row${r}`)};
  ${each((i) => `let k${r}_${i} = ${load(`t${k.input}`, `kAt${r}`, i)} * ${scale};\nlet v${r}_${i} = ${load(`t${v.input}`, `vAt${r}`, i)};\nvar dk${r}_${i} = ${spread.type}();\nvar dv${r}_${i} = ${spread.type}();`)}`,
  )}
  ${t.causal ? `let first = block * ${rows}u;\n  let start = select(0u, first - ${shift}u, first > ${shift}u);` : 'let start = 0u;'}
  for (var n = start; n < ${Tq}u; n++) {
    let qAt = ${headAt(q, Tq, D, 'n')};
    let oAt = (b * ${Tq}u + n) * ${C}u + h * ${D}u;
    let statAt = (b * ${H}u + h) * ${Tq}u + n;
    ${each((i) => `let q${i} = ${load(`t${q.input}`, 'qAt', i)};\nlet g${i} = ${load('grad', 'oAt', i)};`)}
    let scores = ${list((r) =>
      spread.product(
        (i) => `q${i}`,
        (i) => `k${r}_${i}`,
      ),
    )};
    let dps = ${list((r) =>
      spread.product(
        (i) => `g${i}`,
        (i) => `v${r}_${i}`,
      ),
    )};
    let sees = ${t.causal ? `own <= n + ${shift}u` : 'true'};
    let p = select(0.0f, exp(min(pick(scores, slot) - lse[statAt], 0.0f)), sees);
    let ds = p * (pick(dps, slot) - delta[statAt]);
    ${eachRow((r) => `let p${r} = subgroupBroadcast(p, ${r}u);\nlet ds${r} = subgroupBroadcast(ds, ${r}u);\n${each((i) => `dv${r}_${i} += p${r} * g${i};\ndk${r}_${i} += ds${r} * q${i};`)}`)}
  }
  ${eachRow((r) => `if (block * ${rows}u + ${r}u < ${Tk}u) { ${each((i) => `${spread.store(`d${k.input}`, `kAt${r}`, i, `dk${r}_${i} * ${scale}`)}\n${spread.store(`d${v.input}`, `vAt${r}`, i, `dv${r}_${i}`)}`)} }`)}
}`,
  };
}
