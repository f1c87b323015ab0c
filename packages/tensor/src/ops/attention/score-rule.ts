// What becomes of a score between the product and the softmax: softcap, mask, causal order. Kernels of plain attention, which
// has at most the causal order, write that by themselves.
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { statAt, type AttentionSizes } from './layout.ts';

/** WGSL of a loop's turn over pairs of query `i` and key `j`, with the mask bound as `mask`. */
export interface ScoreRule {
  /** Functions. */
  prelude: string;
  /** Before the product: ends the turn where the key is hidden whatever the score. */
  skip: string;
  /** Behind the product: makes `score` final, and ends the turn where the mask says −∞. */
  apply: string;
  /** Slope of the score by the product. */
  slope: string;
}

export function scoreRule(s: AttentionSizes, i: string, j: string, shift = `${s.shift}u`): ScoreRule {
  const { mask, softcap, causal } = s;
  const places = ['b', 'h', i, j].map((at, axis) => {
    const step = mask?.strides[axis] ?? 0;
    return step === 0 ? '' : `(${at}) * ${step}u`;
  });
  const value = `mask[${places.filter(Boolean).join(' + ') || '0u'}]`;
  const hidden = [causal && `${j} > ${i} + ${shift}`, mask && !mask.isAdded && `${value} == mask_t(0)`];
  return {
    prelude:
      softcap === undefined ? '' : 'fn softTanh(x: f32) -> f32 { return tanh(clamp(x, -15.0f, 15.0f)); }',
    skip: hidden
      .filter(Boolean)
      .map((is) => `if (${is as string}) { continue; }`)
      .join('\n    '),
    apply: wgsl`
    ${softcap !== undefined && `let capped = softTanh(score / ${f32Literal(softcap)});\n    score = ${f32Literal(softcap)} * capped;`}
    ${mask?.isAdded && `score += f32(${value});\n    if (isInf(score) && score < 0.0f) { continue; }`}`,
    slope: softcap === undefined ? '1.0f' : '(1.0f - capped * capped)',
  };
}

/** Loads what the backward pass knows of the row of query `i`: `top` and `inverse`, 1/Σ e^(score − top), and `delta`. */
export const loadStatistics = (s: AttentionSizes, i: string): string => wgsl`
    let statAt = (${statAt(s, i)}) * 3u;
    let top = stats[statAt];
    let inverse = stats[statAt + 1u];
    let rowDelta = stats[statAt + 2u];`;
