// Attention backward in two kernels (Dao et al. 2022, Algorithm 4, without tiles): the first walks the keys
// of one query and makes dQ and the row sums δ = Σ dO·O; the second walks the queries of one key and makes
// dK and dV. Probabilities are recomputed from what the forward pass saved; every element is written once.
// Where scores are more than products, δ has a kernel of its own, so that none binds more than eight tensors.
import type { KernelSpec, OperandLike } from '../../kernel/kernel.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import type { Tensor } from '../../tensor.ts';
import { eachQuad, inputAccessors, whole } from './forward-kernel.ts';
import { accessors, flopsOf, headAt, isVectored, keyHead, statAt, type AttentionSizes } from './layout.ts';
import { loadStatistics, scoreRule } from './score-rule.ts';

export interface BackwardTensors {
  inputs: readonly Tensor[];
  out: Tensor;
  lse: Tensor;
  grad: Tensor;
  /** δ, [B, H, Tq]; where scores are more than products [B, H, Tq, 3], what `lse` holds and δ. */
  delta: Tensor;
  /** Gradients in the inputs' own layouts. */
  grads: readonly Tensor[];
  mask?: Tensor;
  maskGrad?: Tensor;
}

const bindAll = (
  prefix: string,
  tensors: readonly Tensor[],
  vectored: boolean,
): Record<string, OperandLike> =>
  Object.fromEntries(tensors.map((t, i) => [`${prefix}${i}`, whole(t, vectored)]));

/** δ beside what the forward pass saved. */
export function statisticsKernel(s: AttentionSizes, { out, grad, lse, delta }: BackwardTensors): KernelSpec {
  const { B, H, Tq, Dv } = s;
  const vectored = isVectored(s);
  return {
    name: 'attention backward rows',
    read: { o: whole(out, vectored), grad: whole(grad, vectored), lse },
    write: { delta },
    threads: B * H * Tq,
    code: wgsl`
${accessors('o', Dv, vectored)}
${accessors('grad', Dv, vectored)}
fn thread(n: u32) {
  let i = n % ${Tq}u;
  let h = (n / ${Tq}u) % ${H}u;
  let b = n / ${Tq * H}u;
  let oAt = ${headAt(s.out, 'i')};
  var sum = 0.0f;
  ${eachQuad(Dv)((d) => `sum += dot(load_grad(oAt, ${d}u), load_o(oAt, ${d}u));`)}
  delta[n * 3u] = lse[n * 2u];
  delta[n * 3u + 1u] = lse[n * 2u + 1u];
  delta[n * 3u + 2u] = sum;
}`,
  };
}

/** @param lanes queries of a workgroup */
export function queryGradKernel(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, H, D, Dv, q, k, v, out, causal, shift, isRuled } = s;
  const blocks = Math.ceil(Tq / lanes);
  const vectored = isVectored(s);
  const each = eachQuad(D);
  const eachValue = eachQuad(Dv);
  const scale = f32Literal(s.scale);
  const target = `d${q.input}`;
  const rule = isRuled ? scoreRule(s, 'row', 'j') : undefined;
  return {
    name: 'attention backward q',
    read: {
      ...bindAll('t', t.inputs, vectored),
      grad: whole(t.grad, vectored),
      ...(rule ? { stats: t.delta, mask: t.mask } : { o: whole(t.out, vectored), lse: t.lse }),
    },
    write: { [target]: whole(t.grads[q.input], vectored), ...(!rule && { delta: t.delta }) },
    groups: B * H * blocks,
    workgroupSize: lanes,
    flops: flopsOf(s, 3),
    code: wgsl`
${inputAccessors(s, t.inputs)}
${!rule && accessors('o', Dv, vectored)}
${accessors('grad', Dv, vectored)}
${accessors(target, D, vectored, true)}
${rule?.prelude}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let h = (g / ${blocks}u) % ${H}u;
  let b = g / ${blocks * H}u;
  let i = block * ${lanes}u + lane;
  let row = min(i, ${Tq - 1}u);
  let qAt = ${headAt(q, 'row')};
  let oAt = ${headAt(out, 'row')};
  ${rule ? loadStatistics(s, 'row') : `let statAt = ${statAt(s, 'row')};\n  let rowLse = lse[statAt];\n  var rowDelta = 0.0f;`}
  ${each((d) => `let q${d} = load_t${q.input}(qAt, ${d}u) * ${scale};\nvar dq${d} = vec4f();`)}
  ${eachValue((d) => `let g${d} = load_grad(oAt, ${d}u);`)}
  ${!rule && eachValue((d) => `rowDelta += dot(g${d}, load_o(oAt, ${d}u));`)}
  let end = ${causal ? `min(${Tk}u, (block + 1u) * ${lanes}u + ${shift}u)` : `${Tk}u`};
  for (var j = 0u; j < end; j++) {
    ${rule?.skip}
    let kAt = ${headAt(k, 'j', keyHead(s))};
    let vAt = ${headAt(v, 'j', keyHead(s))};
    var score = 0.0f;
    var dp = 0.0f;
    ${each((d) => `let k${d} = load_t${k.input}(kAt, ${d}u);\nscore += dot(q${d}, k${d});`)}
    ${eachValue((d) => `dp += dot(g${d}, load_t${v.input}(vAt, ${d}u));`)}
    ${
      rule
        ? `${rule.apply}\n    let p = exp(score - top) * inverse;`
        : wgsl`var p = exp(min(score - rowLse, 0.0f));
    ${causal && `if (j > row + ${shift}u) { p = 0.0f; }`}`
    }
    let ds = p * (dp - rowDelta)${rule && ` * ${rule.slope}`};
    ${each((d) => `dq${d} += ds * k${d};`)}
  }
  if (i < ${Tq}u) {
    ${each((d) => `store_${target}(qAt, ${d}u, dq${d} * ${scale});`)}
    ${!rule && 'delta[statAt] = rowDelta;'}
  }
}`,
  };
}

/** @param lanes keys of a workgroup */
export function keyValueGradKernel(lanes: number, s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, Tq, Tk, H, G, D, Dv, q, k, v, out, causal, shift, isRuled } = s;
  const blocks = Math.ceil(Tk / lanes);
  const keyHeads = H / G;
  const vectored = isVectored(s);
  const each = eachQuad(D);
  const eachValue = eachQuad(Dv);
  const scale = f32Literal(s.scale);
  const targets = [...new Set([k.input, v.input])];
  const rule = isRuled ? scoreRule(s, 'i', 'key') : undefined;
  return {
    name: 'attention backward kv',
    read: {
      ...bindAll('t', t.inputs, vectored),
      grad: whole(t.grad, vectored),
      ...(rule ? { stats: t.delta, mask: t.mask } : { lse: t.lse, delta: t.delta }),
    },
    write: Object.fromEntries(targets.map((i) => [`d${i}`, whole(t.grads[i], vectored)])),
    groups: B * keyHeads * blocks,
    workgroupSize: lanes,
    flops: flopsOf(s, 4),
    code: wgsl`
${inputAccessors(s, t.inputs)}
${accessors('grad', Dv, vectored)}
${targets.map((i) => accessors(`d${i}`, i === v.input ? Dv : D, vectored, true))}
${rule?.prelude}
fn group(g: u32, lane: u32) {
  let block = g % ${blocks}u;
  let keyHead = (g / ${blocks}u) % ${keyHeads}u;
  let b = g / ${blocks * keyHeads}u;
  let j = block * ${lanes}u + lane;
  let key = min(j, ${Tk - 1}u);
  let kAt = ${headAt(k, 'key', 'keyHead')};
  let vAt = ${headAt(v, 'key', 'keyHead')};
  ${each((d) => `let k${d} = load_t${k.input}(kAt, ${d}u) * ${scale};\nvar dk${d} = vec4f();`)}
  ${eachValue((d) => `let v${d} = load_t${v.input}(vAt, ${d}u);\nvar dv${d} = vec4f();`)}
  ${causal ? `let first = block * ${lanes}u;\n  let start = select(0u, first - ${shift}u, first > ${shift}u);` : 'let start = 0u;'}
  ${G === 1 ? 'let h = keyHead;' : `for (var h = keyHead * ${G}u; h < (keyHead + 1u) * ${G}u; h++) {`}
  for (var i = start; i < ${Tq}u; i++) {
    ${rule?.skip}
    let qAt = ${headAt(q, 'i')};
    let oAt = ${headAt(out, 'i')};
    ${rule ? loadStatistics(s, 'i') : `let statAt = ${statAt(s, 'i')};`}
    var score = 0.0f;
    var dp = 0.0f;
    ${each((d) => `let q${d} = load_t${q.input}(qAt, ${d}u);\nscore += dot(q${d}, k${d});`)}
    ${eachValue((d) => `let g${d} = load_grad(oAt, ${d}u);\ndp += dot(g${d}, v${d});`)}
    ${
      rule
        ? `${rule.apply}\n    let p = exp(score - top) * inverse;`
        : wgsl`var p = exp(min(score - lse[statAt], 0.0f));
    ${causal && `if (key > i + ${shift}u) { p = 0.0f; }`}`
    }
    let ds = p * (dp - ${rule ? 'rowDelta' : 'delta[statAt]'})${rule && ` * ${rule.slope}`};
    ${each((d) => `dk${d} += ds * q${d};`)}
    ${eachValue((d) => `dv${d} += p * g${d};`)}
  }
  ${G > 1 && '}'}
  if (j < ${Tk}u) {
    ${each((d) => `store_d${k.input}(kAt, ${d}u, dk${d} * ${scale});`)}
    ${eachValue((d) => `store_d${v.input}(vAt, ${d}u, dv${d});`)}
  }
}`,
  };
}

/** Gradient of an added mask: an invocation sums over the pairs for which one element of it stands, in a fixed order. */
export function maskGradKernel(s: AttentionSizes, t: BackwardTensors): KernelSpec {
  const { B, H, Tq, Tk, D, Dv, q, k, v, out } = s;
  const { shape } = s.mask!;
  const vectored = isVectored(s);
  const rule = scoreRule(s, 'i', 'j');
  const loops = ['b', 'h', 'i', 'j'].map((name, axis) => {
    const inner = shape.slice(axis + 1).reduce((x, y) => x * y, 1);
    const [from, to] = shape[axis] === 1 ? ['0u', `${[B, H, Tq, Tk][axis]}u`] : [`${name}0`, `${name}0 + 1u`];
    const place = shape[axis] === 1 ? '' : `let ${name}0 = (n / ${inner}u) % ${shape[axis]}u;`;
    return { place, loop: `for (var ${name} = ${from}; ${name} < ${to}; ${name}++) {` };
  });
  return {
    name: 'attention backward mask',
    read: {
      ...bindAll('t', t.inputs, vectored),
      grad: whole(t.grad, vectored),
      stats: t.delta,
      mask: t.mask,
    },
    write: { dmask: t.maskGrad },
    threads: t.maskGrad!.size,
    flops: flopsOf(s, 2),
    code: wgsl`
${inputAccessors(s, t.inputs)}
${accessors('grad', Dv, vectored)}
${rule.prelude}
fn thread(n: u32) {
  var sum = 0.0f;
  ${loops.map(({ place }) => place)}
  ${loops.map(({ loop }) => loop)}
    ${rule.skip}
    let qAt = ${headAt(q, 'i')};
    let kAt = ${headAt(k, 'j', keyHead(s))};
    let vAt = ${headAt(v, 'j', keyHead(s))};
    let oAt = ${headAt(out, 'i')};
    ${loadStatistics(s, 'i')}
    var score = 0.0f;
    var dp = 0.0f;
    ${eachQuad(D)((d) => `score += dot(load_t${q.input}(qAt, ${d}u) * ${f32Literal(s.scale)}, load_t${k.input}(kAt, ${d}u));`)}
    ${eachQuad(Dv)((d) => `dp += dot(load_grad(oAt, ${d}u), load_t${v.input}(vAt, ${d}u));`)}
    ${rule.apply}
    sum += exp(score - top) * inverse * (dp - rowDelta);
  }}}}
  dmask[n] = dmask_t(sum);
}`,
  };
}
