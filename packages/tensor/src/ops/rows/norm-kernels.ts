// What layerNorm and rmsNorm share: rows of the last axis divided by their spread, forward and backward.
//
// Legend: R rows, C channels. x̂ = (x − μ)·ρ with ρ = 1/√(σ² + ε) where centred, else x̂ = x/√(mean x² + ε); statistics in f32.
import { assertFloat, assertSizes } from '../../arguments.ts';
import { window, type Operand } from '../../kernel/kernel.ts';
import { rowWidth, runWindowedRows } from '../../kernel/windowed-rows.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { kernelOp, type OpDefinition } from '../../op.ts';
import { ShapeError } from '../../core/errors.ts';
import type { Tensor } from '../../tensor.ts';
import { runReduction } from '../reduce/run-reduction.ts';
import { sumFold } from '../reduce/sum.ts';
import { reshape } from '../move/reshape.ts';

/** x, gain and bias. */
export type NormInputs = readonly [Tensor, Tensor | undefined, Tensor | undefined];

export interface NormAttrs {
  eps: number;
}

const rowsOf = (x: Tensor): number => (x.size === 0 ? 0 : x.size / x.dim(-1));

/** Gain and bias, bound as the rows are. */
const channels = (t: Tensor | undefined): Operand | undefined => t && window(t, 0, t.size, rowWidth(t.size));

/** A loop over a row that adds to `total`; in blocks where the row is long, for the sake of the last digits. */
const rowSum = (C: number, total: string, value: string): string =>
  C <= 2048
    ? `var ${total} = V();
  for (var c = lane; c < N; c += LANES) { ${total} += ${value}; }`
    : `var ${total} = V();
  for (var block = lane; block < N; block += 64u * LANES) {
    var part = V();
    let end = min(N, block + 64u * LANES);
    for (var c = block; c < end; c += LANES) { part += ${value}; }
    ${total} += part;
  }`;

const normalised = (isCentred: boolean): string =>
  isCentred ? '(V(x[base + c]) - mean) * rstd' : 'V(x[base + c]) * rstd';

const rowGrads = kernelOp<
  { isCentred: boolean },
  readonly [Tensor, Tensor | undefined, Tensor | undefined, Tensor, Tensor, Tensor | undefined]
>(
  'normBackward',
  ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  (context, [x, gain, means, rstds, g, partial], [out], { isCentred }) => {
    const C = x.dim(-1);
    const d = `V(g[base + c])${gain ? ' * V(gain[c])' : ''}`;
    runWindowedRows(context, {
      name: isCentred ? 'layerNorm backward' : 'rmsNorm backward',
      rows: rowsOf(x),
      length: C,
      read: { x, means, rstds, g, partial },
      write: { out },
      also: { gain: channels(gain) },
      flops: 12 * x.size,
      code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  ${isCentred && 'let mean = means[r];'}
  let rstd = rstds[r];
  ${isCentred && rowSum(C, 'total', d)}
  ${rowSum(C, 'weighted', `${d} * (${normalised(isCentred)})`)}
  ${isCentred && 'let a = sumLanes(lane, across(total)) / f32(N * WIDTH);'}
  let b = sumLanes(lane, across(weighted)) / f32(N * WIDTH);
  for (var c = lane; c < N; c += LANES) {
    out[base + c] = out_t(rstd * (${d}${isCentred ? ' - a' : ''} - ${normalised(isCentred)} * b)${partial && ' + V(partial[base + c])'});
  }
}`,
    });
  },
);

/** Gradients of gain and bias [C]: sums over all rows. */
const channelGrads = kernelOp<
  { isCentred: boolean },
  readonly [Tensor, Tensor | undefined, Tensor, Tensor, Tensor | undefined, Tensor | undefined]
>(
  'normParameterBackward',
  ([, , , , gain, bias]) =>
    [gain, bias].filter((t) => t !== undefined).map((t) => ({ shape: t.shape, dtype: 'f32' })),
  (context, [x, means, rstds, g, gain, bias], outputs, { isCentred }) => {
    const C = x.dim(-1);
    const places = { x: g, outer: 1, n: rowsOf(x), inner: C };
    const fold = sumFold(`${isCentred ? 'layerNorm' : 'rmsNorm'}ParameterBackward`, 'f32');
    let next = 0;
    if (gain)
      runReduction(context, {
        ...places,
        out: outputs[next++],
        beside: { x },
        along: { rstds, ...(means && { means }) },
        fold: { ...fold, load: isCentred ? 'v * ((x - means) * rstds)' : 'v * (x * rstds)' },
      });
    if (bias) runReduction(context, { ...places, out: outputs[next], fold });
  },
);

/** The definition of a norm over the last axis, with or without its mean taken away. */
export function defineNorm(name: string, isCentred: boolean): OpDefinition<NormAttrs, NormInputs> {
  return {
    name,
    inputs: ['x', 'gain', 'bias'],
    infer([x, gain, bias], _, needs) {
      assertFloat(name, 'x', x);
      if (x.rank === 0) throw new ShapeError(`${name}: x is a scalar, but a last axis is needed`);
      const C = x.shape.at(-1)!;
      for (const [what, t] of Object.entries({ gain, bias })) {
        if (!t) continue;
        assertFloat(name, what, t);
        assertSizes(name, `the size of ${what}`, t.size, C);
      }
      const y = { shape: x.shape, dtype: x.dtype };
      const perRow = { shape: [rowsOf(x)], dtype: 'f32' as const };
      if (!needs.includes(true)) return [y];
      return isCentred ? [y, perRow, perRow] : [y, perRow];
    },
    launch(context, [x, gain, bias], [out, rstds, means], { eps }) {
      const C = x.dim(-1);
      const scaled = `${normalised(isCentred)}${gain ? ' * V(gain[c])' : ''}${bias ? ' + V(bias[c])' : ''}`;
      runWindowedRows(context, {
        rows: rowsOf(x),
        length: C,
        read: { x },
        write: { out, rstds, means },
        also: { gain: channels(gain), bias: channels(bias) },
        flops: 8 * x.size,
        code: wgsl`
${isCentred ? '' : 'const mean = 0.0f;'}
fn squareOf(d: V) -> V { return d * d; }
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  ${isCentred && rowSum(C, 'total', 'V(x[base + c])')}
  ${isCentred && 'let mean = sumLanes(lane, across(total)) / f32(N * WIDTH);'}
  ${rowSum(C, 'squares', 'squareOf(V(x[base + c]) - mean)')}
  let rstd = inverseSqrt(sumLanes(lane, across(squares)) / f32(N * WIDTH) + ${f32Literal(eps)});
  for (var c = lane; c < N; c += LANES) { out[base + c] = out_t(${scaled}); }
  ${rstds && 'if (lane == 0u) { rstds[r] = rstd; }'}
  ${means && 'if (lane == 0u) { means[r] = mean; }'}
}`,
      });
    },
    folds: [0],
    vjp({ inputs: [x, gain, bias], outputs: [, rstds, means], grad, needs, partials }) {
      const wanted = [needs[1] ? gain : undefined, needs[2] ? bias : undefined] as const;
      const parameters = wanted.some((t) => t)
        ? channelGrads([x, means, rstds, grad, ...wanted], { isCentred })
        : [];
      return [
        needs[0] ? rowGrads([x, gain, means, rstds, grad, partials[0]], { isCentred })[0] : undefined,
        ...wanted.map((t) => t && reshape(parameters.shift()!, t.shape)),
      ];
    },
  };
}
