// Attention forward: an invocation owns one query and walks over the keys with an online softmax
// (Milakov & Gimelshein 2018), so that no [B, H, T, T] tensor exists. All invocations of a workgroup read
// the same key at the same time.
import { window, type KernelSpec, type Operand } from '../../kernel/kernel.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import {
  accessors,
  flopsOf,
  headAt,
  isVectored,
  keyHead,
  statAt,
  type AttentionSizes,
  type Part,
} from './layout.ts';
import { scoreRule } from './score-rule.ts';

export interface ForwardTensors {
  inputs: readonly Tensor[];
  out: Tensor;
  /**
   * For the backward pass: the log-sum-exp of each query's scores, [B, H, Tq]; where scores are more than products,
   * their maximum and 1/Σ e^(score − maximum), [B, H, Tq, 2], since a maximum of −10⁹ leaves no place for a logarithm.
   */
  lse?: Tensor;
  keyCount?: Tensor;
  mask?: Tensor;
}

export const whole = (t: Tensor, vectored: boolean): Operand => window(t, 0, t.size, vectored ? 4 : 1);

/** WGSL of `load_t0(at, d)` and so on, for the inputs. */
export const inputAccessors = (s: AttentionSizes, inputs: readonly Tensor[]): string[] =>
  inputs.map((_, i) => accessors(`t${i}`, i === s.v.input ? s.Dv : s.D, isVectored(s)));

/** Text for each vec4 of D channels. */
export const eachQuad =
  (D: number) =>
  (piece: (d: number) => string): string =>
    repeat(Math.ceil(D / 4), piece);

/** The lowest f32, and what plain attention begins with. */
const lowest = '-3.4028234e38f';
export const firstTop = ({ isRuled }: AttentionSizes): string => (isRuled ? lowest : '-1e30f');

/** What kernels of the forward pass have in common, however they share the work. */
export function forwardFrame(s: AttentionSizes, { inputs, out, lse, keyCount, mask }: ForwardTensors) {
  const { Tq, Tk, Dv, q } = s;
  const vectored = isVectored(s);
  const array = (part: Part): string => `t${part.input}`;
  const each = eachQuad(s.D);
  return {
    /** Name of the array in which a part lies. */
    array,
    each,
    eachValue: eachQuad(Dv),
    spec: {
      name: 'attention',
      read: { ...Object.fromEntries(inputs.map((t, i) => [`t${i}`, whole(t, vectored)])), keyCount, mask },
      write: { out: whole(out, vectored), lse },
      flops: flopsOf(s, 2),
    },
    prelude: [...inputAccessors(s, inputs), accessors('out', Dv, vectored, true)],
    keys: `let keys = ${keyCount ? `min(keyCount[0], ${Tk}u)` : `${Tk}u`};`,
    shift: s.isTopLeft ? '0u' : `keys - ${Tq}u`,
    /** Loads query `row` of `b` and `h`, scaled, into q0, q1, … */
    loadQuery: (row: string): string => wgsl`let qAt = ${headAt(q, row)};
  ${each((d) => `let q${d} = load_${array(q)}(qAt, ${d}u) * ${f32Literal(s.scale)};`)}`,
    /** Zeros for a row that sees no key. */
    mixed: (sum: string): string =>
      s.isRuled ? `select(${sum} / total, vec4f(), total == 0.0f)` : `${sum} / total`,
    /** Saves `top` and `total` of query `row`. */
    save: (row: string): string => {
      if (!lse) return '';
      const at = statAt(s, row);
      return s.isRuled
        ? `lse[(${at}) * 2u] = top; lse[(${at}) * 2u + 1u] = 1.0f / total;`
        : `lse[${at}] = top + log(total);`;
    },
  };
}

/** @param lanes queries of a workgroup */
export function forwardKernel(lanes: number, s: AttentionSizes, tensors: ForwardTensors): KernelSpec {
  const { B, Tq, H, k, v, out, causal, isRuled } = s;
  const { array, each, eachValue, spec, prelude, keys, shift, loadQuery, mixed, save } = forwardFrame(
    s,
    tensors,
  );
  const rule = isRuled ? scoreRule(s, 'row', 'j', 'shift') : undefined;
  const blocks = Math.ceil(Tq / lanes);
  return {
    ...spec,
    groups: B * H * blocks,
    workgroupSize: lanes,
    code: wgsl`
${prelude}
${rule?.prelude}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let i = block * ${lanes}u + lane;
  let row = min(i, ${Tq - 1}u);
  ${keys}
  let shift = ${shift};
  ${loadQuery('row')}
  ${eachValue((d) => `var o${d} = vec4f();`)}
  var top = ${firstTop(s)};
  var total = 0.0f;
  let end = ${causal ? `min(keys, (block + 1u) * ${lanes}u + shift)` : 'keys'};
  for (var j = 0u; j < end; j++) {
    ${rule?.skip}
    let kAt = ${headAt(k, 'j', keyHead(s))};
    let vAt = ${headAt(v, 'j', keyHead(s))};
    var score = 0.0f;
    ${each((d) => `score += dot(q${d}, load_${array(k)}(kAt, ${d}u));`)}
    ${rule ? rule.apply : causal && 'if (j > row + shift) { score = -1e30f; }'}
    let newTop = max(top, score);
    let fade = exp(top - newTop);
    let p = exp(score - newTop);
    total = total * fade + p;
    ${eachValue((d) => `o${d} = o${d} * fade + p * load_${array(v)}(vAt, ${d}u);`)}
    top = newTop;
  }
  if (i < ${Tq}u) {
    let oAt = ${headAt(out, 'i')};
    ${eachValue((d) => `store_out(oAt, ${d}u, ${mixed(`o${d}`)});`)}
    ${save('i')}
  }
}`,
  };
}
