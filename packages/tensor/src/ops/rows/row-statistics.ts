// WGSL that softmax and the losses share: a row's maximum m and its sum of exp(x − m).
//
// For runWindowedRows; reads the array `x`. WGSL functions cannot take a storage array, hence the fixed name.
import { wgsl } from '../../kernel/wgsl.ts';

// Sums run in blocks of 64 items per lane, then over blocks: one running sum over a vocabulary of 50 257
// would lose two digits. exp is 0 in f32 below −104.
//
// NaN and infinities as in PyTorch: `max` may drop a NaN, but x − m and what is made of it is NaN then, so the sum is NaN
// whatever the maximum. Of −∞ alone m is −∞ and x − m is NaN: softmax is NaN. A clamp would hide both, hence \`select\`.
export const rowStatistics = wgsl`
fn shifted(at: u32, m: f32) -> V {
  let d = V(x[at]) - m;
  return select(max(d, V(-104.0)), d, nanItems(d));
}
fn rowMax(base: u32, lane: u32) -> f32 {
  var top = V(-infinity());
  for (var c = lane; c < N; c += LANES) { top = max(top, V(x[base + c * STEP])); }
  return maxLanes(lane, highest(top));
}
fn rowExpSum(base: u32, lane: u32, m: f32) -> f32 {
  var total = V();
  for (var block = lane; block < N; block += 64u * LANES) {
    var part = V();
    let end = min(N, block + 64u * LANES);
    for (var c = block; c < end; c += LANES) { part += exp(shifted(base + c * STEP, m)); }
    total += part;
  }
  return sumLanes(lane, across(total));
}`;
