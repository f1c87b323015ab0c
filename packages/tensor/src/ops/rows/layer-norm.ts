// layerNorm: normalises the last axis to mean 0 and variance 1, then scales and shifts (Ba et al. 2016, eq. 4).
//
// Legend: R rows, C channels. y = (x − μ)/√(σ² + ε) · gain + bias, statistics in f32.
import { assertFloat, assertSizes } from '../../arguments.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import { window, type Operand } from '../../kernel/kernel.ts';
import { rowWidth, runWindowedRows } from '../../kernel/windowed-rows.ts';
import { rowBytes, rowWindows } from '../../kernel/windows.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { sum } from '../reduce/sum.ts';
import type { Tensor } from '../../tensor.ts';

export type NormInputs = readonly [Tensor, Tensor, Tensor];

const rowsOf = (x: Tensor): number => (x.size === 0 ? 0 : x.size / x.dim(-1));

/** Gain and bias, bound as the rows are. */
const channels = (t: Tensor): Operand => window(t, 0, t.size, rowWidth(t.size));

const definition: OpDefinition<{ eps: number }, NormInputs> = {
  name: 'layerNorm',
  inputs: ['x', 'gain', 'bias'],
  infer([x, gain, bias], _, needs) {
    assertFloat('layerNorm', 'x', x);
    const C = x.shape.at(-1) ?? 0;
    assertSizes('layerNorm', 'the size of gain', gain.size, C);
    assertSizes('layerNorm', 'the size of bias', bias.size, C);
    const y = { shape: x.shape, dtype: x.dtype };
    return needs.includes(true) ? [y, { shape: [x.size / Math.max(1, C), 2], dtype: 'f32' }] : [y];
  },
  launch(context, [x, gain, bias], [out, stats], { eps }) {
    const C = x.dim(-1);
    runWindowedRows(context, {
      rows: rowsOf(x),
      length: C,
      read: { x },
      write: { out, stats },
      also: { gain: channels(gain), bias: channels(bias) },
      flops: 8 * x.size,
      code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  var total = V();
  for (var c = lane; c < N; c += LANES) { total += V(x[base + c]); }
  let mean = sumLanes(lane, across(total)) / f32(N * WIDTH);
  var squares = V();
  for (var c = lane; c < N; c += LANES) {
    let d = V(x[base + c]) - mean;
    squares += d * d;
  }
  let rstd = inverseSqrt(sumLanes(lane, across(squares)) / f32(N * WIDTH) + ${f32Literal(eps)});
  for (var c = lane; c < N; c += LANES) {
    out[base + c] = out_t((V(x[base + c]) - mean) * rstd * V(gain[c]) + V(bias[c]));
  }
  ${stats && 'if (lane == 0u) { stats[2u * r] = mean; stats[2u * r + 1u] = rstd; }'}
}`,
    });
  },
  folds: [0],
  vjp({ inputs: [x, gain, bias], outputs: [, stats], grad, needs, partials }) {
    const affine = needs[1] || needs[2] ? layerNormParameterGrads(x, stats, grad) : undefined;
    return [
      needs[0] ? layerNormInputGrad(x, gain, stats, grad, partials[0]) : undefined,
      needs[1] ? affine![0].reshape(gain.shape) : undefined,
      needs[2] ? affine![1].reshape(bias.shape) : undefined,
    ];
  },
};

type InputGradInputs = readonly [Tensor, Tensor, Tensor, Tensor, Tensor | undefined];

const inputGradDefinition: OpDefinition<object, InputGradInputs> = {
  name: 'layerNormBackward',
  inputs: ['x', 'gain', 'stats', 'g', 'partial'],
  infer: ([x]) => [{ shape: x.shape, dtype: x.dtype }],
  launch(context, [x, gain, stats, g, partial], [out]) {
    const C = x.dim(-1);
    runWindowedRows(context, {
      rows: rowsOf(x),
      length: C,
      read: { x, stats, g, partial },
      write: { out },
      also: { gain: channels(gain) },
      flops: 12 * x.size,
      code: wgsl`
fn row(r: u32, lane: u32) {
  let base = baseOf(r);
  let mean = stats[2u * r];
  let rstd = stats[2u * r + 1u];
  var total = V();
  var weighted = V();
  for (var c = lane; c < N; c += LANES) {
    let d = V(g[base + c]) * V(gain[c]);
    total += d;
    weighted += d * ((V(x[base + c]) - mean) * rstd);
  }
  let a = sumLanes(lane, across(total)) / f32(N * WIDTH);
  let b = sumLanes(lane, across(weighted)) / f32(N * WIDTH);
  for (var c = lane; c < N; c += LANES) {
    let d = V(g[base + c]) * V(gain[c]);
    let xhat = (V(x[base + c]) - mean) * rstd;
    out[base + c] = out_t(rstd * (d - a - xhat * b)${partial && ' + V(partial[base + c])'});
  }
}`,
    });
  },
};

const layerNormInputGrad = defineOp(
  inputGradDefinition,
  (apply) =>
    (x: Tensor, gain: Tensor, stats: Tensor, g: Tensor, partial?: Tensor): Tensor =>
      apply([x, gain, stats, g, partial], {})[0],
);

const parameterGradDefinition: OpDefinition<{ pieces: number }, NormInputs> = {
  name: 'layerNormParameterBackward',
  inputs: ['x', 'stats', 'g'],
  infer: ([x], { pieces }) => {
    const spec = { shape: [pieces, x.dim(-1)], dtype: 'f32' as const };
    return [spec, spec];
  },
  launch({ device, run }, [x, stats, g], [gainParts, biasParts], { pieces }) {
    const C = x.dim(-1);
    const rows = rowsOf(x);
    for (const [first, count] of rowWindows(
      device.bindingLimit,
      rows,
      [x, g, stats].map((t) => rowBytes(t, rows)),
    )) {
      run({
        read: {
          x: window(x, first * C, count * C),
          stats: window(stats, 2 * first, 2 * count),
          g: window(g, first * C, count * C),
        },
        write: { gainParts, biasParts },
        consts: { C, PER: Math.ceil(rows / pieces), FIRST: first, END: first + count },
        threads: pieces * C,
        flops: 5 * count * C,
        code: wgsl`fn thread(i: u32) {
          let c = i % C;
          let piece = i / C;
          let end = min(END, (piece + 1u) * PER);
          var dGain = ${first > 0 ? 'gainParts[i]' : '0.0f'};
          var dBias = ${first > 0 ? 'biasParts[i]' : '0.0f'};
          for (var r = max(FIRST, piece * PER); r < end; r++) {
            let at = r - FIRST;
            let d = f32(g[at * C + c]);
            dGain += d * (f32(x[at * C + c]) - stats[2u * at]) * stats[2u * at + 1u];
            dBias += d;
          }
          gainParts[i] = dGain;
          biasParts[i] = dBias;
        }`,
      });
    }
  },
};

const parameterParts = defineOp(
  parameterGradDefinition,
  (apply) =>
    (x: Tensor, stats: Tensor, g: Tensor, pieces: number): Tensor[] =>
      apply([x, stats, g], { pieces }),
);

/** Gradients of gain and bias [C]: rows are summed in pieces, the pieces in a second kernel. */
function layerNormParameterGrads(x: Tensor, stats: Tensor, g: Tensor): [Tensor, Tensor] {
  const rows = rowsOf(x);
  const pieces = Math.max(1, Math.min(32, Math.ceil(rows / 64)));
  const [gain, bias] = parameterParts(x, stats, g, pieces);
  return pieces === 1 ? [gain, bias] : [sum(gain, { axis: 0 }), sum(bias, { axis: 0 })];
}

/** Layer normalisation over the last axis: x [..., C], gain and bias [C] → [..., C]. */
export const layerNorm = defineOp(
  definition,
  (apply) =>
    (x: Tensor, gain: Tensor, bias: Tensor, { eps = 1e-5 }: { eps?: number } = {}): Tensor =>
      apply([x, gain, bias], { eps })[0],
);
