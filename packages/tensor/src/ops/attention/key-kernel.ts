// Attention forward for few queries, such as a step of decoding: a workgroup owns one query, its invocations share the keys,
// and then the channels. Scores of a query stay in workgroup memory.
import type { KernelSpec } from '../../kernel/kernel.ts';
import { laneTree } from '../../kernel/rows.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { firstTop, forwardFrame, type ForwardTensors } from './forward-kernel.ts';
import { headAt, keyHead, type AttentionSizes } from './layout.ts';
import { scoreRule } from './score-rule.ts';

const lanes = 64;
/** Their scores take half of the workgroup memory that every adapter has. */
const mostKeys = 2048;

export const suitsKeys = ({ Tk, Dv }: AttentionSizes): boolean => Tk > 0 && Tk <= mostKeys && Dv <= 4 * lanes;

/** @param s sizes that {@link suitsKeys} */
export function keyForward(s: AttentionSizes, tensors: ForwardTensors): KernelSpec {
  const { B, Tq, Tk, H, Dv, k, v, causal, isRuled } = s;
  const { array, each, spec, prelude, keys, shift, loadQuery, mixed, save } = forwardFrame(s, tensors);
  const rule = isRuled ? scoreRule(s, 'i', 'j', 'shift') : undefined;
  const quads = Math.ceil(Dv / 4);
  const slices = Math.floor(lanes / quads);
  return {
    ...spec,
    groups: B * H * Tq,
    workgroupSize: lanes,
    code: wgsl`
${prelude}
${rule?.prelude}
var<workgroup> weights: array<f32, ${Tk}>;
var<workgroup> lanesScratch: array<f32, ${lanes}>;
var<workgroup> mixed: array<vec4f, ${lanes}>;
${laneTree('sumLanes', 'x + y', lanes)}
${laneTree('maxLanes', 'max(x, y)', lanes)}
fn group(g: u32, lane: u32) {
  let i = g % ${Tq}u;
  let h = (g / ${Tq}u) % ${H}u;
  let b = g / ${Tq * H}u;
  ${keys}
  let shift = ${shift};
  let end = ${causal ? `min(keys, i + shift + 1u)` : 'keys'};
  ${loadQuery('i')}
  var most = ${firstTop(s)};
  for (var j = lane; j < end; j += ${lanes}u) {
    ${rule && 'weights[j] = -infinity();'}
    ${rule?.skip}
    let kAt = ${headAt(k, 'j', keyHead(s))};
    var score = 0.0f;
    ${each((d) => `score += dot(q${d}, load_${array(k)}(kAt, ${d}u));`)}
    ${rule?.apply}
    weights[j] = score;
    most = max(most, score);
  }
  let top = maxLanes(lane, most);
  var part = 0.0f;
  for (var j = lane; j < end; j += ${lanes}u) {
    let p = ${rule ? 'select(exp(weights[j] - top), 0.0f, isInf(weights[j]) && weights[j] < 0.0f)' : 'exp(weights[j] - top)'};
    weights[j] = p;
    part += p;
  }
  let total = sumLanes(lane, part);
  let quad = lane % ${quads}u;
  let slice = lane / ${quads}u;
  var o = vec4f();
  if (slice < ${slices}u) {
    for (var j = slice; j < end; j += ${slices}u) {
      let vAt = ${headAt(v, 'j', keyHead(s))};
      o += weights[j] * load_${array(v)}(vAt, quad);
    }
  }
  mixed[lane] = o;
  workgroupBarrier();
  if (slice == 0u) {
    for (var n = 1u; n < ${slices}u; n++) { o += mixed[quad + n * ${quads}u]; }
    let oAt = ${headAt(s.out, 'i')};
    store_out(oAt, quad, ${mixed('o')});
  }
  ${tensors.lse && `if (lane == 0u) { ${save('i')} }`}
}`,
  };
}
