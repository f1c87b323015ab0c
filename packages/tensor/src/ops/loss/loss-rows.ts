// Kernels that crossEntropy and linearCrossEntropy share: counting targets, losses by rows, their gradient
// and their total.
//
// Legend: R rows, V classes, t a row's target, ε label smoothing. With d = x − max x and s = Σ exp d:
// loss = ln s − (1 − ε)·d[t] − ε·mean d, and its gradient is exp(d)/s − (1 − ε)·[c = t] − ε/V.
import { DTypeError, ShapeError, TensorError } from '../../core/errors.ts';
import { assertChoice } from '../../arguments.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { runRows } from '../../kernel/rows.ts';
import { rowWidth, runWindowedRows } from '../../kernel/windowed-rows.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import type { LaunchContext, TensorSpec } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { rowStatistics } from '../rows/row-statistics.ts';

export interface LossAttrs {
  /** Rows with this target count for nothing; every row counts when undefined. */
  ignoreIndex?: number;
  /** 'mean' is over the rows that count. */
  reduction: 'mean' | 'sum' | 'none';
  labelSmoothing: number;
}

export function assertLoss(
  op: string,
  rows: number,
  V: number,
  targets: TensorSpec,
  { labelSmoothing, reduction }: LossAttrs,
): void {
  assertChoice(op, 'reduction', reduction, ['mean', 'sum', 'none']);
  if (targets.dtype !== 'i32' && targets.dtype !== 'u32') {
    throw new DTypeError(`${op}: targets are ${targets.dtype}, but whole numbers (i32 or u32) are needed`);
  }
  if (sizeOf(targets.shape) !== rows) {
    throw new ShapeError(
      `${op}: targets ${formatShape(targets.shape)} do not give one class for each of ${rows} rows`,
    );
  }
  if (V === 0) throw new ShapeError(`${op}: there are no classes to choose from`);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new TensorError(
      `${op}: labelSmoothing is ${labelSmoothing}, but a share between 0 and 1 is needed`,
    );
  }
}

/** True when the mean's divisor is known only on the GPU. */
export const mustCount = ({ reduction, ignoreIndex }: LossAttrs): boolean =>
  reduction === 'mean' && ignoreIndex !== undefined;

/** WGSL `counts(t)`; targets are compared as u32, in which −100 is what i32 and u32 tensors both hold for it. */
export const countsWgsl = ({ ignoreIndex }: Pick<LossAttrs, 'ignoreIndex'>): string =>
  `fn counts(t: u32) -> bool { return ${ignoreIndex === undefined ? 'true' : `t != ${ignoreIndex >>> 0}u`}; }`;

/** The number of rows that count, as one f32. */
export function launchCount(context: LaunchContext, targets: Tensor, count: Tensor, attrs: LossAttrs): void {
  runRows(context, {
    name: 'count targets',
    rows: 1,
    length: targets.size,
    read: { targets },
    write: { count },
    code: wgsl`${countsWgsl(attrs)}
fn row(r: u32, lane: u32) {
  var total = 0.0f;
  for (var c = lane; c < ${targets.size}u; c += LANES) { total += select(0.0f, 1.0f, counts(u32(targets[c]))); }
  let sum = sumLanes(lane, total);
  if (lane == 0u) { count[0] = sum; }
}`,
  });
}

/** The sum of the rows' losses. */
export function launchTotal(context: LaunchContext, losses: Tensor, total: Tensor): void {
  runRows(context, {
    name: 'total loss',
    rows: 1,
    length: losses.size,
    // A plan refuses to read what nothing has written, and of no rows nothing was.
    read: { losses: losses.size > 0 ? losses : undefined },
    write: { total },
    code: wgsl`
fn row(r: u32, lane: u32) {
  var part = 0.0f;
  ${losses.size > 0 && `for (var c = lane; c < ${losses.size}u; c += LANES) { part += losses[c]; }`}
  let sum = sumLanes(lane, part);
  if (lane == 0u) { total[0] = sum; }
}`,
  });
}

export interface LossRows {
  /** [R, V], or [V, R] where `byColumns`. */
  logits: Tensor;
  byColumns?: boolean;
  /** [R] */
  targets: Tensor;
  /** [R], f32: what the losses of rows are multiplied by. */
  weights?: Tensor;
  /** One f32: what {@link launchCount} found; given when {@link mustCount}. */
  count?: Tensor;
  /** Rows of the whole batch, of which R may be a chunk. */
  batchRows: number;
}

const placesOf = ({
  logits,
  targets,
  byColumns,
}: LossRows): { rows: number; length: number; stride: number } => ({
  rows: targets.size,
  length: logits.dim(byColumns ? 0 : -1),
  stride: byColumns ? Math.max(1, targets.size) : 1,
});

/** WGSL for all kernels over rows of logits; the gradient is written to the array `into`, if any. */
function sharedWgsl(rows: LossRows, attrs: LossAttrs, into?: 'x' | 'out'): string {
  const { logits, count, batchRows } = rows;
  const { length: V, stride } = placesOf(rows);
  const component = rowWidth(V, stride) === 4 ? '[hot % 4u]' : '';
  const { labelSmoothing: eps, reduction } = attrs;
  const mean = count ? '1.0f / max(count[0], 1.0f)' : f32Literal(1 / Math.max(1, batchRows));
  return wgsl`
${rowStatistics}
${countsWgsl(attrs)}
const CLASSES = ${V}u;
const KEEP = ${f32Literal(1 - eps)};
const SPREAD = ${f32Literal(eps / V)};
fn isUsed(t: u32) -> bool { return counts(t) && t < CLASSES; }
fn weightOf(t: u32) -> f32 { return select(0.0f, ${reduction === 'mean' ? mean : '1.0f'}, isUsed(t)); }
fn isMine(hot: u32, lane: u32) -> bool { return (hot / WIDTH) % LANES == lane; }
fn logit(base: u32, hot: u32) -> f32 { return f32(x[base + (hot / WIDTH) * STEP]${component}); }
${
  into &&
  wgsl`// Safe in place: a lane writes only what it alone has read. Rows that are not used get zeros whatever they hold: 0 · NaN is NaN.
fn writeGrad(base: u32, lane: u32, t: u32, m: f32, s: f32, scale: f32) {
  let hot = min(t, CLASSES - 1u);
  var atTarget = 0.0f;
  if (isMine(hot, lane)) { atTarget = exp(clamp(logit(base, hot) - m, -104.0f, 0.0f)) / s - KEEP - SPREAD; }
  for (var c = lane; c < N; c += LANES) {
    ${into}[base + c * STEP] = ${into}_t(select(V(), (exp(shifted(base + c * STEP, m)) / s - SPREAD) * scale, isUsed(t)));
  }
  if (isMine(hot, lane)) { ${into}[base + (hot / WIDTH) * STEP]${component} = ${logits.dtype}(select(0.0f, atTarget * scale, isUsed(t))); }
}`
}`;
}

/**
 * Losses [R] of rows of logits, weighted for the mean. Saves maximum and sum of each row in `stats` [R, 2],
 * or turns the logits into their gradient in place. A target outside 0…V−1 makes its loss NaN.
 */
export function launchLosses(
  context: LaunchContext,
  rows: LossRows,
  { losses, stats, inPlaceGrad = false }: { losses: Tensor; stats?: Tensor; inPlaceGrad?: boolean },
  attrs: LossAttrs,
): void {
  const { logits: x, targets, weights, count } = rows;
  const smooth = attrs.labelSmoothing > 0;
  runWindowedRows(context, {
    name: inPlaceGrad ? 'crossEntropy with gradient' : 'crossEntropy',
    ...placesOf(rows),
    read: inPlaceGrad ? { targets, weights } : { x, targets, weights },
    write: inPlaceGrad ? { x, losses } : { losses, stats },
    also: { count },
    flops: (inPlaceGrad ? 9 : 5) * x.size,
    code: wgsl`${sharedWgsl(rows, attrs, inPlaceGrad ? 'x' : undefined)}
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  let t = u32(targets[r]);
  let hot = min(t, CLASSES - 1u);
  let m = rowMax(base, lane);
  let s = rowExpSum(base, lane, m);
  let scale = weightOf(t)${weights && ' * f32(weights[r])'};
  var spread = 0.0f;
  ${
    smooth &&
    wgsl`var drift = V();
  for (var c = lane; c < N; c += LANES) { drift += V(x[base + c * STEP]) - m; }
  spread = SPREAD * sumLanes(lane, across(drift));`
  }
  if (isMine(hot, lane)) {
    var loss = scale * (log(s) - KEEP * (logit(base, hot) - m) - spread);
    if (t >= CLASSES) { loss = notANumber(); }
    losses[r] = select(0.0f, loss, counts(t));
  }
  ${stats && 'if (lane == 0u) { stats[2u * r] = m; stats[2u * r + 1u] = s; }'}
  ${inPlaceGrad && 'writeGrad(base, lane, t, m, s, scale);'}
}`,
  });
}

/** d loss / d logits [R, V] from the saved statistics, times the cotangent (1 when undefined). */
export function launchLossGrad(
  context: LaunchContext,
  rows: LossRows,
  { stats, g, out }: { stats: Tensor; g: Tensor | undefined; out: Tensor },
  attrs: LossAttrs,
): void {
  const { logits: x, targets, count } = rows;
  const perRow = attrs.reduction === 'none';
  runWindowedRows(context, {
    name: 'crossEntropy backward',
    ...placesOf(rows),
    read: { x, targets, stats, g: perRow ? g : undefined },
    write: { out },
    also: { count, total: perRow ? undefined : g },
    flops: 4 * x.size,
    code: wgsl`${sharedWgsl(rows, attrs, 'out')}
fn row(r: u32, lane: u32) {
  let t = u32(targets[r]);
  let scale = weightOf(t)${g && (perRow ? ' * g[r]' : ' * total[0]')};
  writeGrad(baseOf(r), lane, t, stats[2u * r], stats[2u * r + 1u], scale);
}`,
  });
}
