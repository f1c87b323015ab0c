// gridSample: images read at the places that a grid names (Jaderberg et al. 2015, §3.3), by PyTorch's rules. What is read are
// rows of an embedding, so the gradient of the images is that of an embedding; the weights of the rows lead back to the grid.
//
// Legend: B images, H × W pixels, C channels, P = B·h·w places, K pixels read for each.
import { assertChoice, assertFloat, assertOptions } from '../../arguments.ts';
import { ShapeError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { applyOp, defineOp, kernelOp, type CompositeDefinition, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { mul } from '../binary/arithmetic.ts';
import { embedding } from '../index/embedding.ts';
import { reshape } from '../move/reshape.ts';
import { sum } from '../reduce/sum.ts';
import { cast } from '../unary/cast.ts';
import { inLayout, type ImageLayout } from './image-layout.ts';
import { imageSizes } from './window.ts';

export interface GridSampleAttrs {
  mode: 'bilinear' | 'nearest';
  paddingMode: 'zeros' | 'border' | 'reflection';
  alignCorners: boolean;
}

interface TapAttrs extends GridSampleAttrs {
  H: number;
  W: number;
}

/** WGSL of `place(g, n)`: where g in −1 … 1 lies on an axis of n pixels, and its slope by g. */
function placeWgsl({ paddingMode, alignCorners }: GridSampleAttrs): string {
  const [low, span] = alignCorners ? ['0.0f', 'n - 1.0f'] : ['-0.5f', 'n'];
  return wgsl`
fn place(g: f32, n: f32) -> vec2f {
  var at = ${alignCorners ? '(g + 1.0f) / 2.0f * (n - 1.0f)' : '((g + 1.0f) * n - 1.0f) / 2.0f'};
  var slope = ${alignCorners ? '(n - 1.0f)' : 'n'} / 2.0f;
  ${
    paddingMode === 'reflection' &&
    wgsl`let span = ${span};
  if (span == 0.0f) { return vec2f(); }
  let inner = at - ${low};
  let turns = floor(abs(inner) / span);
  let rest = abs(inner) - turns * span;
  let isBack = u32(turns) % 2u == 1u;
  at = select(rest, span - rest, isBack) + ${low};
  slope *= select(1.0f, -1.0f, isBack != (inner < 0.0f));`
  }
  ${
    paddingMode !== 'zeros' &&
    wgsl`if (at <= 0.0f || at >= n - 1.0f) { slope = 0.0f; }
  at = clamp(at, 0.0f, n - 1.0f);`
  }
  return vec2f(at, slope);
}`;
}

const countOf = ({ mode }: GridSampleAttrs): number => (mode === 'nearest' ? 1 : 4);

const weightsBackward = kernelOp(
  'gridSampleBackward',
  (_: readonly [Tensor, Tensor], { shape }: TapAttrs & { shape: readonly number[] }) => [
    { shape, dtype: 'f32' as const },
  ],
  ({ run }, [grid, g], [out], attrs) =>
    run({
      read: { grid, g },
      write: { out },
      threads: out.size / 2,
      code: wgsl`${placeWgsl(attrs)}
fn thread(p: u32) {
  let x = place(f32(grid[2u * p]), ${attrs.W}.0f);
  let y = place(f32(grid[2u * p + 1u]), ${attrs.H}.0f);
  let a = x.x - floor(x.x);
  let b = y.x - floor(y.x);
  let v = vec4f(g[4u * p], g[4u * p + 1u], g[4u * p + 2u], g[4u * p + 3u]);
  out[2u * p] = x.y * ((1.0f - b) * (v.y - v.x) + b * (v.w - v.z));
  out[2u * p + 1u] = y.y * ((1.0f - a) * (v.z - v.x) + a * (v.w - v.y));
}`,
    }),
);

/** For each place the weights of the pixels around it, [P, K], and their numbers, u32, beyond all pixels where there is none. */
const taps: OpDefinition<TapAttrs, readonly [Tensor]> = {
  name: 'gridSampleTaps',
  inputs: ['grid'],
  infer([grid], attrs) {
    const shape = [grid.size / 2, countOf(attrs)];
    return [
      { shape, dtype: 'f32' },
      { shape, dtype: 'u32' },
    ];
  },
  launch({ run }, [grid], [weights, ids], attrs) {
    const { H, W, mode } = attrs;
    const perImage = sizeOf(grid.shape.slice(1, 3));
    run({
      read: { grid },
      write: { weights, ids },
      threads: grid.size / 2,
      code: wgsl`${placeWgsl(attrs)}
fn write(at: u32, image: u32, x: f32, y: f32, weight: f32) {
  let isInside = x >= 0.0f && x < ${W}.0f && y >= 0.0f && y < ${H}.0f;
  weights[at] = weight;
  ids[at] = 0xffffffffu;
  if (isInside) { ids[at] = (image * ${H}u + u32(y)) * ${W}u + u32(x); }
}
fn thread(p: u32) {
  let image = p / ${perImage}u;
  let x = place(f32(grid[2u * p]), ${W}.0f).x;
  let y = place(f32(grid[2u * p + 1u]), ${H}.0f).x;
  ${
    mode === 'nearest'
      ? 'write(p, image, round(x), round(y), 1.0f);'
      : wgsl`let left = floor(x);
  let top = floor(y);
  let a = x - left;
  let b = y - top;
  write(4u * p, image, left, top, (1.0f - a) * (1.0f - b));
  write(4u * p + 1u, image, left + 1.0f, top, a * (1.0f - b));
  write(4u * p + 2u, image, left, top + 1.0f, (1.0f - a) * b);
  write(4u * p + 3u, image, left + 1.0f, top + 1.0f, a * b);`
  }
}`,
    });
  },
  // Of the nearest pixel the weight is always 1: the gradient of the grid is zeros.
  vjp({ inputs: [grid], attrs, grad }) {
    if (attrs.mode === 'nearest') return [undefined];
    const [g] = weightsBackward([grid, grad], { ...attrs, shape: grid.shape });
    return [grid.dtype === 'f32' ? g : cast(g, grid.dtype)];
  },
};

const definition: CompositeDefinition<GridSampleAttrs, readonly [Tensor, Tensor]> = {
  name: 'gridSample',
  inputs: ['x', 'grid'],
  compose([x, grid], attrs) {
    const op = 'gridSample';
    assertFloat(op, 'x', x);
    assertFloat(op, 'grid', grid);
    assertChoice(op, 'mode', attrs.mode, ['bilinear', 'nearest']);
    assertChoice(op, 'paddingMode', attrs.paddingMode, ['zeros', 'border', 'reflection']);
    const [B, H, W, C] = imageSizes(op, x);
    const [images, h, w, two] = grid.shape;
    if (grid.rank !== 4 || images !== B || two !== 2)
      throw new ShapeError(
        `${op}: grid is ${formatShape(grid.shape)}, but [${B}, h, w, 2] is wanted for x ${formatShape(x.shape)}`,
      );
    const [weights, ids] = applyOp(taps, [grid], { ...attrs, H, W });
    const rows = embedding(reshape(x, [B * H * W, C]), ids); // [P, K, C]
    const parts = mul(rows, reshape(weights, [B * h * w, countOf(attrs), 1]));
    const y = reshape(sum(parts, { axis: 1 }), [B, h, w, C]);
    return [y.dtype === x.dtype ? y : cast(y, x.dtype)];
  },
};

export interface GridSampleOptions {
  /** Default 'bilinear'. */
  mode?: 'bilinear' | 'nearest';
  /** What lies outside the image: zeros (default), its border, or its reflection. */
  paddingMode?: 'zeros' | 'border' | 'reflection';
  /** −1 and 1 are the middles of the outermost pixels, instead of their outer edges; default false. */
  alignCorners?: boolean;
  /** Of x and the result; 'nhwc' (default), or PyTorch's 'nchw', which costs a copy of both. */
  layout?: ImageLayout;
}

/**
 * Images [B, H, W, C] at the places of a grid [B, h, w, 2] of (x, y) in −1 … 1 → [B, h, w, C], as PyTorch's `F.grid_sample`.
 * Gradients for x and grid; that of x takes time with the square of the number of places, as that of `embedding`.
 * @throws ShapeError when the grid does not fit x
 * @example
 * gridSample(x, grid, { paddingMode: 'border' });
 */
export const gridSample = defineOp(
  definition,
  (apply) =>
    (x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor => {
      assertOptions('gridSample', options, ['mode', 'paddingMode', 'alignCorners', 'layout']);
      const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false, layout = 'nhwc' } = options;
      const attrs = { mode, paddingMode, alignCorners };
      return inLayout('gridSample', layout, x, (images) => apply([images, grid], attrs))[0];
    },
);
