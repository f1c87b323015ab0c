// The global norm of an arena's gradients: partial sums of squares in a fixed order, then one sum.
import { windowElements } from '../kernel/flat.ts';
import { window } from '../kernel/kernel.ts';
import { wgsl } from '../kernel/wgsl.ts';
import type { LaunchContext } from '../op.ts';
import { concat } from '../ops/move/concat.ts';
import { sqrt } from '../ops/unary/elementary.ts';
import { sum } from '../ops/reduce/sum.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import type { Segment } from './arena.ts';

/** Squares of at most this many elements are summed by one invocation. */
const perPartial = 256;

/** ‖g‖ over all segments, []. */
export function gradientNorm({ device, run }: LaunchContext, segments: readonly Segment[]): Tensor {
  const parts: Tensor[] = [];
  for (const { grads } of segments) {
    const step = windowElements(device.bindingLimit, [grads]);
    for (let first = 0; first < grads.size; first += step) {
      const count = Math.min(step, grads.size - first);
      const partials = Math.ceil(count / perPartial);
      const out = emptyTensor(device, [partials]);
      run({
        read: { g: window(grads, first, count, 4) },
        write: { out },
        threads: partials,
        flops: 2 * count,
        // Neighbouring invocations read neighbouring vectors.
        code: wgsl`fn thread(i: u32) {
          var total = vec4f();
          for (var k = i; k < ${count / 4}u; k += ${partials}u) { total += g[k] * g[k]; }
          out[i] = (total.x + total.y) + (total.z + total.w);
        }`,
      });
      parts.push(out);
    }
  }
  return sqrt(sum(parts.length === 1 ? parts[0] : concat(parts, { axis: 0 })));
}
