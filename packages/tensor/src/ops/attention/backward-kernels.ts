// Attention backward in two kernels (Dao et al. 2022, Algorithm 4, without tiles): the first walks the keys
// of one query and makes dQ and the row sums δ = Σ dO·O; the second walks the queries of one key and makes
// dK and dV. Probabilities are recomputed from the saved log-sum-exp; every element is written once.
import type { KernelSpec, OperandLike } from '../../kernel/kernel.ts';
import { f32Literal, repeat, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { headAt, whole } from './forward-kernel.ts';
import { accessors, isVectored, type AttentionSizes } from './layout.ts';

export interface BackwardTensors {
  inputs: readonly Tensor[];
  out: Tensor;
  lse: Tensor;
  grad: Tensor;
  delta: Tensor;
  /** Gradients in the inputs' own layouts. */
  grads: readonly Tensor[];
  causal: boolean;
}

const bindAll = (
  prefix: string,
  tensors: readonly Tensor[],
  vectored: boolean,
): Record<string, OperandLike> =>
  Object.fromEntries(tensors.map((t, i) => [`${prefix}${i}`, whole(t, vectored)]));

/** @param lanes queries of a workgroup */
export function queryGradKernel(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, C, H, D, q, k, v } = s;
  const blocks = Math.ceil(Tq / lanes);
  const vectored = isVectored(s);
  const each = (piece: (d: number) => string): string => repeat(Math.ceil(D / 4), piece);
  const scale = f32Literal(1 / Math.sqrt(D));
  const target = `d${q.input}`;
  return {
    name: 'attention backward q',
    read: {
      ...bindAll('t', t.inputs, vectored),
      o: whole(t.out, vectored),
      grad: whole(t.grad, vectored),
      lse: t.lse,
    },
    write: { [target]: whole(t.grads[q.input], vectored), delta: t.delta },
    groups: B * H * blocks,
    workgroupSize: lanes,
    flops: (6 * B * H * Tq * Tk * D) / (t.causal ? 2 : 1),
    code: wgsl`
${t.inputs.map((_, i) => accessors(`t${i}`, D, vectored))}
${accessors('o', D, vectored)}
${accessors('grad', D, vectored)}
${accessors(target, D, vectored, true)}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let i = block * ${lanes}u + lane;
  let row = min(i, ${Tq - 1}u);
  let qAt = ${headAt(q, Tq, D, 'row')};
  let oAt = (b * ${Tq}u + row) * ${C}u + h * ${D}u;
  let statAt = (b * ${H}u + h) * ${Tq}u + row;
  let rowLse = lse[statAt];
  var rowDelta = 0.0f;
  ${each((d) => `let q${d} = load_t${q.input}(qAt, ${d}u) * ${scale};\nlet g${d} = load_grad(oAt, ${d}u);\nvar dq${d} = vec4f();`)}
  ${each((d) => `rowDelta += dot(g${d}, load_o(oAt, ${d}u));`)}
  let end = ${t.causal ? `min(${Tk}u, (block + 1u) * ${lanes}u + ${Tk - Tq}u)` : `${Tk}u`};
  for (var j = 0u; j < end; j++) {
    let kAt = ${headAt(k, Tk, D, 'j')};
    let vAt = ${headAt(v, Tk, D, 'j')};
    var score = 0.0f;
    var dp = 0.0f;
    ${each((d) => `let k${d} = load_t${k.input}(kAt, ${d}u);\nscore += dot(q${d}, k${d});\ndp += dot(g${d}, load_t${v.input}(vAt, ${d}u));`)}
    var p = exp(min(score - rowLse, 0.0f));
    ${t.causal && `if (j > row + ${Tk - Tq}u) { p = 0.0f; }`}
    let ds = p * (dp - rowDelta);
    ${each((d) => `dq${d} += ds * k${d};`)}
  }
  if (i < ${Tq}u) {
    ${each((d) => `store_${target}(qAt, ${d}u, dq${d} * ${scale});`)}
    delta[statAt] = rowDelta;
  }
}`,
  };
}

/** @param lanes keys of a workgroup */
export function keyValueGradKernel(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, C, H, D, q, k, v } = s;
  const blocks = Math.ceil(Tk / lanes);
  const vectored = isVectored(s);
  const each = (piece: (d: number) => string): string => repeat(Math.ceil(D / 4), piece);
  const scale = f32Literal(1 / Math.sqrt(D));
  const targets = [...new Set([k.input, v.input])];
  const shift = Tk - Tq;
  return {
    name: 'attention backward kv',
    read: { ...bindAll('t', t.inputs, vectored), grad: whole(t.grad, vectored), lse: t.lse, delta: t.delta },
    write: Object.fromEntries(targets.map((i) => [`d${i}`, whole(t.grads[i], vectored)])),
    groups: B * H * blocks,
    workgroupSize: lanes,
    flops: (8 * B * H * Tq * Tk * D) / (t.causal ? 2 : 1),
    code: wgsl`
${t.inputs.map((_, i) => accessors(`t${i}`, D, vectored))}
${accessors('grad', D, vectored)}
${targets.map((i) => accessors(`d${i}`, D, vectored, true))}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let j = block * ${lanes}u + lane;
  let key = min(j, ${Tk - 1}u);
  let kAt = ${headAt(k, Tk, D, 'key')};
  let vAt = ${headAt(v, Tk, D, 'key')};
  ${each((d) => `let k${d} = load_t${k.input}(kAt, ${d}u) * ${scale};\nlet v${d} = load_t${v.input}(vAt, ${d}u);\nvar dk${d} = vec4f();\nvar dv${d} = vec4f();`)}
  ${t.causal ? `let first = block * ${lanes}u;\n  let start = select(0u, first - ${shift}u, first > ${shift}u);` : 'let start = 0u;'}
  for (var i = start; i < ${Tq}u; i++) {
    let qAt = ${headAt(q, Tq, D, 'i')};
    let oAt = (b * ${Tq}u + i) * ${C}u + h * ${D}u;
    let statAt = (b * ${H}u + h) * ${Tq}u + i;
    var score = 0.0f;
    var dp = 0.0f;
    ${each((d) => `let q${d} = load_t${q.input}(qAt, ${d}u);\nlet g${d} = load_grad(oAt, ${d}u);\nscore += dot(q${d}, k${d});\ndp += dot(g${d}, v${d});`)}
    var p = exp(min(score - lse[statAt], 0.0f));
    ${t.causal && `if (key > i + ${shift}u) { p = 0.0f; }`}
    let ds = p * (dp - delta[statAt]);
    ${each((d) => `dv${d} += p * g${d};\ndk${d} += ds * q${d};`)}
  }
  if (j < ${Tk}u) {
    ${each((d) => `store_d${k.input}(kAt, ${d}u, dk${d} * ${scale});\nstore_d${v.input}(vAt, ${d}u, dv${d});`)}
  }
}`,
  };
}
