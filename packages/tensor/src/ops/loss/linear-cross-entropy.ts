// linearCrossEntropy: crossEntropy(x·wᵀ, targets) without ever holding the logits [R, V] whole.
//
// Rows are walked in chunks. A chunk's logits are made, turned into their gradient in place by the kernel
// that takes the loss, and used up at once: dx rows are done, dw adds up over the chunks. So the backward
// pass is finished with the forward one (as in Liger Kernel, Hsu et al. 2024, §3.2).
// Legend: R rows, C channels, V classes.
import { ShapeError, TensorError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { bytesPerElement } from '../../dtype/dtype.ts';
import type { Device } from '../../core/device.ts';
import { runFlat } from '../../kernel/flat.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type LaunchContext, type OpDefinition } from '../../op.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';
import { mul } from '../binary/arithmetic.ts';
import { launchGemm } from '../product/gemm.ts';
import {
  assertLoss,
  launchCount,
  launchLosses,
  launchTotal,
  mustCount,
  type LossAttrs,
} from './loss-rows.ts';

export interface LinearLossAttrs extends LossAttrs {
  reduction: 'mean' | 'sum';
  /** Bytes of logits held at once (at least 64 rows). */
  chunkBytes?: number;
}

export type LossInputs = readonly [Tensor, Tensor, Tensor, Tensor | undefined];

/** Larger chunks fill a GPU; on the CPU they would only leave its caches. */
const chunkBytesOn = (device: Device): number => (device.adapter.kind === 'gpu' ? 64 : 16) * 2 ** 20;

/** Rows [first, first + rows) of a matrix of that width, as a tensor of its own. */
function rowsOf(t: Tensor, width: number, first: number, rows: number): Tensor {
  const byteOffset = t.byteOffset + first * width * bytesPerElement[t.dtype];
  return new Tensor(t.device, [rows, width], t.dtype, { storage: t.storage, byteOffset });
}

const zero = (context: LaunchContext, t: Tensor): void =>
  runFlat(context, t.size, { read: {}, write: { t }, code: 'fn thread(i: u32) { t[i] = t_t(); }' });

const definition: OpDefinition<LinearLossAttrs, LossInputs> = {
  name: 'linearCrossEntropy',
  inputs: ['x', 'w', 'targets', 'weights'],
  infer([x, w, targets, weights], attrs, needs) {
    assertFloat('linearCrossEntropy', 'x', x);
    assertFloat('linearCrossEntropy', 'w', w);
    if (x.rank !== 2 || w.rank !== 2 || x.dim(1) !== w.dim(1)) {
      throw new ShapeError(
        `linearCrossEntropy: x ${formatShape(x.shape)} and w ${formatShape(w.shape)} are not [R, C] and [V, C]`,
      );
    }
    assertLoss('linearCrossEntropy', x.dim(0), w.dim(0), targets, attrs);
    if (weights) {
      assertFloat('linearCrossEntropy', 'weights', weights);
      assertSizes('linearCrossEntropy', `weights ${formatShape(weights.shape)}`, weights.size, x.dim(0));
    }
    // dw sums over chunks, so it is f32 also where w is f16. What is not needed is empty.
    return [
      { shape: [], dtype: 'f32' },
      { shape: needs[0] ? x.shape : [0], dtype: x.dtype },
      { shape: needs[1] ? w.shape : [0], dtype: 'f32' },
    ];
  },
  launch(context, [x, w, targets, weights], [out, dx, dw], attrs, needs) {
    const { device } = context;
    const [R, C] = x.shape;
    const V = w.dim(0);
    const inPlaceGrad = needs[0] || needs[1];
    const count = mustCount(attrs) ? emptyTensor(device, [1]) : undefined;
    if (count) launchCount(context, targets, count, attrs);
    const losses = emptyTensor(device, [R]);
    const limit = Math.min(attrs.chunkBytes ?? chunkBytesOn(device), device.bindingLimit);
    const chunks = R === 0 ? [] : rowWindows(limit, R, [4 * V, rowBytes(x, R), 4]);
    const buffer = emptyTensor(device, [Math.max(0, ...chunks.map(([, rows]) => rows)), V]);
    // On software adapters the chunk is made as w·xᵀ [V, rows]: its rows are even where V often is not, and
    // the product turns the small x round instead of w. A GPU needs lanes along V to be busy.
    const byColumns = device.adapter.kind === 'software';
    const walk = (first: number, rows: number): void => {
      const logits = byColumns ? rowsOf(buffer, rows, 0, V) : rowsOf(buffer, V, 0, rows);
      const xRows = rowsOf(x, C, first, rows);
      const [a, b, M, N] = byColumns ? [w, xRows, V, rows] : [xRows, w, rows, V];
      launchGemm(context, { name: 'loss logits', a, b, out: logits, M, N, K: C, transB: true });
      const part = {
        logits,
        byColumns,
        targets: rowsOf(targets, 1, first, rows),
        weights: weights && rowsOf(weights, 1, first, rows),
        count,
        batchRows: R,
      };
      launchLosses(context, part, { losses: rowsOf(losses, 1, first, rows), inPlaceGrad }, attrs);
      if (needs[0]) {
        const out = rowsOf(dx, C, first, rows);
        launchGemm(context, {
          name: 'loss dx',
          a: logits,
          b: w,
          out,
          M: rows,
          N: C,
          K: V,
          transA: byColumns,
          gradientA: true,
        });
      }
      if (needs[1]) {
        const accumulate = first > 0;
        const product = { a: logits, b: xRows, out: dw, M: V, N: C, K: rows, transA: !byColumns, accumulate };
        launchGemm(context, { name: 'loss dw', ...product });
      }
    };
    // A scope for each chunk: what the products allocate for themselves is free for the next.
    for (const [first, rows] of chunks) device.scope(() => walk(first, rows));
    if (R === 0 && needs[1]) zero(context, dw);
    launchTotal(context, losses, out);
  },
  vjp({ inputs: [x, w], outputs: [, dx, dw], grad, isUnit, needs }) {
    const deliver = (name: string, of: Tensor, made: Tensor): Tensor => {
      if (made.size !== of.size) {
        throw new TensorError(
          `linearCrossEntropy: ${name} was not trainable when the loss was computed; mark it before`,
        );
      }
      return isUnit ? made : mul(made, grad);
    };
    return [
      needs[0] ? deliver('x', x, dx) : undefined,
      needs[1] ? deliver('w', w, dw) : undefined,
      undefined,
      undefined,
    ];
  },
};

export interface LinearCrossEntropyOptions {
  /** Rows with this target count for nothing. */
  ignoreIndex?: number;
  /** Default 'mean', over the rows that are not ignored (0 when all are). */
  reduction?: 'mean' | 'sum';
  /**
   * What each row's loss is multiplied by [R], of any sign; no gradient flows into them. The mean still divides by the
   * number of rows that count.
   */
  weights?: Tensor;
  /** Share of the target's weight that is spread over all classes; default 0. */
  labelSmoothing?: number;
  /** Bytes of logits held at once; at least 64 rows are. Default 16 MiB on software adapters, 64 on GPUs. */
  chunkBytes?: number;
}

/**
 * Cross-entropy of x·wᵀ, x [R, C] and w [V, C], against class numbers [R] (i32 or u32): a scalar in f32.
 * Both gradients are made in the forward pass, for the inputs that are trainable then.
 */
export const linearCrossEntropy = defineOp(
  definition,
  (apply) =>
    (
      x: Tensor,
      w: Tensor,
      targets: Tensor,
      {
        ignoreIndex,
        reduction = 'mean',
        weights,
        labelSmoothing = 0,
        chunkBytes,
      }: LinearCrossEntropyOptions = {},
    ): Tensor =>
      apply([x, w, targets, weights], { ignoreIndex, reduction, labelSmoothing, chunkBytes })[0],
);
