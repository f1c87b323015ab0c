// patchEmbed: a linear map of square image patches, the convolution with stride = kernel that opens a ViT
// (Dosovitskiy et al. 2021, §3.1): patches are laid out as rows, then multiplied.
//
// Legend: B images, C colours, n pixels a side, p pixels a patch side, G = n/p patches a side, W width.
import { ShapeError } from '../../core/errors.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { assertFloat } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';
import { launchGemm } from '../product/gemm.ts';
import { reshape } from '../move/reshape.ts';
import { matmul } from '../product/matmul.ts';

export interface PatchSizes {
  B: number;
  C: number;
  n: number;
  p: number;
  G: number;
}

export function sizes(image: Shape, p: number): PatchSizes {
  const [B, C, n, m] = image;
  if (image.length !== 4 || n !== m || p < 1 || n % p !== 0) {
    throw new ShapeError(
      `patchEmbed: square images [B, C, n, n] that ${p} divides are needed, not ${formatShape(image)}`,
    );
  }
  return { B, C, n, p, G: n / p };
}

/** WGSL of `fn pixelOf(i: u32) -> u32`: element i of the rows [B·G², C·p²] → its place in the image. */
const pixelOf = ({ C, n, p, G }: PatchSizes): string => wgsl`
fn pixelOf(i: u32) -> u32 {
  let column = i % ${C * p * p}u;
  let place = i / ${C * p * p}u;
  let y = (place / ${G}u) % ${G}u * ${p}u + column / ${p}u % ${p}u;
  let x = place % ${G}u * ${p}u + column % ${p}u;
  return ((place / ${G * G}u) * ${C}u + column / ${p * p}u) * ${n * n}u + y * ${n}u + x;
}`;

export const patchesDefinition: OpDefinition<{ p: number }, readonly [Tensor]> = {
  name: 'imagePatches',
  inputs: ['image'],
  infer([image], { p }) {
    assertFloat('imagePatches', 'image', image);
    const { B, C, G } = sizes(image.shape, p);
    return [{ shape: [B * G * G, C * p * p], dtype: image.dtype }];
  },
  launch({ run }, [image], [out], { p }) {
    run({
      name: 'imagePatches',
      read: { image },
      write: { out },
      threads: out.size,
      code: wgsl`${pixelOf(sizes(image.shape, p))}
        fn thread(i: u32) { out[i] = image[pixelOf(i)]; }`,
    });
  },
  vjp: ({ inputs: [image], attrs, grad }) => [imageOfPatches(grad, { ...attrs, image: image.shape })],
};

/** Images [B, C, n, n] as rows of patches [B·G², C·p²]: patches row by row, in each colour, row, column. */
export const imagePatches = defineOp(
  patchesDefinition,
  (apply) =>
    (image: Tensor, { p }: { p: number }): Tensor =>
      apply([image], { p })[0],
);

const imageDefinition: OpDefinition<{ p: number; image: Shape }, readonly [Tensor]> = {
  name: 'imagePatchesBackward',
  inputs: ['g'],
  infer: ([g], { image }) => [{ shape: image, dtype: g.dtype }],
  launch({ run }, [g], [out], { p, image }) {
    // Patches do not overlap, so every pixel is written once.
    run({
      read: { g },
      write: { out },
      threads: out.size,
      code: wgsl`${pixelOf(sizes(image, p))}
        fn thread(i: u32) { out[pixelOf(i)] = g[i]; }`,
    });
  },
};

const imageOfPatches = defineOp(
  imageDefinition,
  (apply) =>
    (g: Tensor, attrs: { p: number; image: Shape }): Tensor =>
      apply([g], attrs)[0],
);

export function embedSizes(
  image: { shape: Shape },
  weight: { shape: Shape },
): PatchSizes & { W: number; K: number } {
  const [W, C, p, q] = weight.shape;
  if (weight.shape.length !== 4 || p !== q || C !== image.shape[1]) {
    throw new ShapeError(
      `patchEmbed: the weight ${formatShape(weight.shape)} is no [W, C, p, p] for images ${formatShape(image.shape)}`,
    );
  }
  return { ...sizes(image.shape, p), W, K: C * p * p };
}

const definition: OpDefinition<object, readonly [Tensor, Tensor]> = {
  name: 'patchEmbed',
  inputs: ['image', 'weight'],
  infer([image, weight]) {
    assertFloat('patchEmbed', 'image', image);
    assertFloat('patchEmbed', 'weight', weight);
    const { B, G, W } = embedSizes(image, weight);
    return [{ shape: [B, G * G, W], dtype: image.dtype }];
  },
  launch(context, [image, weight], [out]) {
    const { B, G, W, K, p } = embedSizes(image, weight);
    const rows = emptyTensor(context.device, [B * G * G, K], { dtype: image.dtype });
    patchesDefinition.launch(context, [image], [rows], { p }, []);
    launchGemm(context, { name: 'patchEmbed', a: rows, b: weight, out, M: B * G * G, N: W, K, transB: true });
  },
  vjp({ inputs: [image, weight], grad, needs }) {
    const { W, K, p } = embedSizes(image, weight);
    const g = reshape(grad, [-1, W]);
    return [
      needs[0] ? imageOfPatches(matmul(g, reshape(weight, [W, K])), { p, image: image.shape }) : undefined,
      needs[1] ? reshape(matmul(g, imagePatches(image, { p }), { transA: true }), weight.shape) : undefined,
    ];
  },
};

/**
 * Images [B, C, n, n] and a convolution weight [W, C, p, p], stride p, no bias → [B, (n/p)², W], patches row by row.
 * @throws ShapeError when p does not divide n or the colours differ.
 */
export const patchEmbed = defineOp(
  definition,
  (apply) =>
    (image: Tensor, weight: Tensor): Tensor =>
      apply([image, weight], {})[0],
);
