// Attention forward: an invocation owns one query and walks over the keys with an online softmax
// (Milakov & Gimelshein 2018), so that no [B, H, T, T] tensor exists. All invocations of a workgroup read
// the same key at the same time.
import { window, type KernelSpec, type Operand } from '../../kernel/kernel.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { accessors, isVectored, type AttentionSizes } from './layout.ts';

export interface ForwardTensors {
  inputs: readonly Tensor[];
  out: Tensor;
  /** Log-sum-exp of each query's scores, [B, H, Tq]; for the backward pass. */
  lse?: Tensor;
  keyCount?: Tensor;
  causal: boolean;
}

export const whole = (t: Tensor, vectored: boolean): Operand => window(t, 0, t.size, vectored ? 4 : 1);

/** Index of the first element of (batch b, row t, head h) in a part. */
export const headAt = (part: { stride: number; column: number }, T: number, D: number, t: string): string =>
  `(b * ${T}u + ${t}) * ${part.stride}u + ${part.column}u + h * ${D}u`;

/** What kernels of the forward pass have in common, however they share the work. */
export function forwardFrame(s: AttentionSizes, { inputs, out, lse, keyCount, causal }: ForwardTensors) {
  const { B, Tq, Tk, H, D, q } = s;
  const vectored = isVectored(s);
  const quads = Math.ceil(D / 4);
  const array = (part: { input: number }): string => `t${part.input}`;
  const each = (piece: (d: number) => string): string => repeat(quads, piece);
  return {
    /** vec4s of a head. */
    quads,
    /** Name of the array in which a part lies. */
    array,
    each,
    spec: {
      name: 'attention',
      read: { ...Object.fromEntries(inputs.map((t, i) => [`t${i}`, whole(t, vectored)])), keyCount },
      write: { out: whole(out, vectored), lse },
      flops: (4 * B * H * Tq * Tk * D) / (causal ? 2 : 1),
    },
    prelude: [...inputs.map((_, i) => accessors(`t${i}`, D, vectored)), accessors('out', D, vectored, true)],
    keys: `let keys = ${keyCount ? `min(keyCount[0], ${Tk}u)` : `${Tk}u`};`,
    /** Loads query `row` of `b` and `h`, scaled, into q0, q1, … */
    loadQuery: (row: string): string => wgsl`let qAt = ${headAt(q, Tq, D, row)};
  ${each((d) => `let q${d} = load_${array(q)}(qAt, ${d}u) * ${f32Literal(1 / Math.sqrt(D))};`)}`,
  };
}

/** @param lanes queries of a workgroup */
export function forwardKernel(lanes: number, s: AttentionSizes, tensors: ForwardTensors): KernelSpec {
  const { B, Tq, Tk, C, H, D, k, v } = s;
  const { lse, causal } = tensors;
  const { array, each, spec, prelude, keys, loadQuery } = forwardFrame(s, tensors);
  const blocks = Math.ceil(Tq / lanes);
  return {
    ...spec,
    groups: B * H * blocks,
    workgroupSize: lanes,
    code: wgsl`
${prelude}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let i = block * ${lanes}u + lane;
  let row = min(i, ${Tq - 1}u);
  ${keys}
  let shift = keys - ${Tq}u;
  ${loadQuery('row')}
  ${each((d) => `var o${d} = vec4f();`)}
  var top = -1e30f;
  var total = 0.0f;
  let end = ${causal ? `min(keys, (block + 1u) * ${lanes}u + shift)` : 'keys'};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, Tk, D, 'j')};
    let vAt = ${headAt(v, Tk, D, 'j')};
    var score = 0.0f;
    ${each((d) => `score += dot(q${d}, load_${array(k)}(kAt, ${d}u));`)}
    ${causal && 'if (j > row + shift) { score = -1e30f; }'}
    let newTop = max(top, score);
    let fade = exp(top - newTop);
    let p = exp(score - newTop);
    total = total * fade + p;
    ${each((d) => `o${d} = o${d} * fade + p * load_${array(v)}(vAt, ${d}u);`)}
    top = newTop;
  }
  if (i < ${Tq}u) {
    let oAt = (b * ${Tq}u + i) * ${C}u + h * ${D}u;
    ${each((d) => `store_out(oAt, ${d}u, o${d} / total);`)}
    ${lse && `lse[(b * ${H}u + h) * ${Tq}u + i] = top + log(total);`}
  }
}`,
  };
}
