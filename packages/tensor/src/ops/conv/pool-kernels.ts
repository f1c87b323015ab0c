// The kernels of all pools: means and maxima of windows, and their gradients, each pixel gathering from the windows that
// cover it (no atomics).
//
// Legend: B images, H × W pixels, h × w windows, C channels.
import { vec4 } from '../../kernel/kernel.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import type { Shape } from '../../core/shape.ts';
import { kernelOp, type LaunchContext } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { poolAxisWgsl, stepOf, type PoolAxis } from './pool-axis.ts';

export interface Pool {
  kind: 'avg' | 'max';
  axes: readonly [PoolAxis, PoolAxis];
  countIncludePad: boolean;
}

const axesWgsl = ({ axes: [y, x], countIncludePad }: Pool): string =>
  poolAxisWgsl('y', y, countIncludePad) + poolAxisWgsl('x', x, countIncludePad);

/** Elements per item, and items per pixel. */
const unitsOf = (C: number): [vec: 1 | 4, units: number] => (C % 4 === 0 ? [4, C / 4] : [1, C]);
const view = (t: Tensor, vec: 1 | 4) => (vec === 4 ? vec4(t) : t);

/** `indices` receives the pixel each maximum is from, counted row by row within its image. */
export function launchPool(
  { run }: LaunchContext,
  pool: Pool,
  x: Tensor,
  { out, indices }: { out: Tensor; indices?: Tensor },
): void {
  const [, H, W, C] = x.shape;
  const [, h, w] = out.shape;
  const [vec, units] = unitsOf(C);
  const isMax = pool.kind === 'max';
  const [V, VU] = vec === 4 ? ['vec4f', 'vec4u'] : ['f32', 'u32'];
  const visit = isMax
    ? wgsl`let wins = (v > acc) | ${vec === 4 ? 'isNan4(v)' : 'isNan(v)'};
      acc = select(acc, v, wins);
      ${indices && `place = select(place, ${VU}(u32(y * ${W} + x)), wins);`}`
    : 'acc += v;';
  run({
    name: `${pool.kind}Pool2d`,
    read: { a: view(x, vec) },
    write: { out: view(out, vec), indices: indices && view(indices, vec) },
    threads: out.size / vec,
    flops: x.size,
    code: wgsl`alias V = ${V};
${axesWgsl(pool)}
fn thread(i: u32) {
  let pixel = i / ${units}u;
  let oy = i32(pixel / ${w}u % ${h}u);
  let ox = i32(pixel % ${w}u);
  let begin = i32(pixel / ${h * w}u) * ${H * W};
  var acc = V(${isMax && '-infinity()'});
  ${indices && `var place = ${VU}(u32(yFirst(oy) * ${W} + xFirst(ox)));`}
  let yLast = yEnd(oy) - 1;
  let xLast = xEnd(ox) - 1;
  for (var y = yFirst(oy); y <= yLast; y += ${stepOf(pool.axes[0])}) {
    for (var x = xFirst(ox); x <= xLast; x += ${stepOf(pool.axes[1])}) {
      let v = V(a[u32(begin + y * ${W} + x) * ${units}u + i % ${units}u]);
      ${visit}
    }
  }
  ${indices && 'indices[i] = place;'}
  out[i] = out_t(${isMax ? 'acc' : 'acc / f32(max(yCount(oy) * xCount(ox), 1))'});
}`,
  });
}

interface PoolBackwardAttrs {
  pool: Pool;
  shape: Shape;
}

const backward = kernelOp(
  'poolBackward',
  ([g]: readonly [Tensor, Tensor | undefined], { shape }: PoolBackwardAttrs) => [{ shape, dtype: g.dtype }],
  ({ run }, [g, indices], [out], { pool }) => {
    const [, H, W, C] = out.shape;
    const [, h, w] = g.shape;
    const [vec, units] = unitsOf(C);
    const [V, VU] = vec === 4 ? ['vec4f', 'vec4u'] : ['f32', 'u32'];
    run({
      name: `${pool.kind}Pool2d backward`,
      read: { g: view(g, vec), indices: indices && view(indices, vec) },
      write: { out: view(out, vec) },
      threads: out.size / vec,
      flops: g.size,
      code: wgsl`alias V = ${V};
${axesWgsl(pool)}
fn thread(i: u32) {
  let pixel = i / ${units}u;
  let y = i32(pixel / ${W}u % ${H}u);
  let x = i32(pixel % ${W}u);
  let begin = i32(pixel / ${H * W}u) * ${h * w};
  var acc = V();
  let yLast = yHigh(y);
  let xLast = xHigh(x);
  for (var oy = yLow(y); oy <= yLast; oy++) {
    if (!yCovers(oy, y)) { continue; }
    for (var ox = xLow(x); ox <= xLast; ox++) {
      if (!xCovers(ox, x)) { continue; }
      let at = u32(begin + oy * ${w} + ox) * ${units}u + i % ${units}u;
      ${
        indices
          ? `acc += select(V(), V(g[at]), indices[at] == ${VU}(u32(y * ${W} + x)));`
          : 'acc += V(g[at]) / f32(max(yCount(oy) * xCount(ox), 1));'
      }
    }
  }
  out[i] = out_t(acc);
}`,
    });
  },
);

/** The gradient of the images; of maxima with the `indices` that {@link launchPool} wrote. */
export const poolGradient = (g: Tensor, indices: Tensor | undefined, attrs: PoolBackwardAttrs): Tensor =>
  backward([g, indices], attrs)[0];
