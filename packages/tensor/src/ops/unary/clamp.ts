// clamp: values within bounds.
import { assertNumber, assertOptions } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import { integerRange, isFloat, type DType } from '../../dtype/dtype.ts';
import { numberLiteral } from '../../kernel/pointwise.ts';
import type { Tensor } from '../../tensor.ts';
import { defineUnary, type UnaryRule } from './unary-op.ts';

export interface ClampOptions {
  /** Smallest value; default: none. */
  min?: number;
  /** Largest value; default: none. Where it is below `min`, every value becomes `max`. */
  max?: number;
}

/** x within bounds. The branches that comparisons do not take keep NaN, which WGSL's clamp may drop. */
export function clampRule({ min, max }: ClampOptions, dtype: DType): UnaryRule {
  const literal = (n: number): string => numberLiteral(n, dtype);
  const low = min === undefined ? undefined : literal(Math.min(min, max ?? Infinity));
  const raised = low === undefined ? 'x' : `select(x, ${low}, x < ${low})`;
  const inside = [
    min === undefined ? [] : [`(x >= ${literal(min)})`],
    max === undefined ? [] : [`(x <= ${literal(max)})`],
  ].flat();
  return {
    value: max === undefined ? raised : `select(${raised}, ${literal(max)}, x > ${literal(max)})`,
    gradient: `select(V(0.0), g, ${inside.join(' & ')})`,
  };
}

function assertBound(argument: 'min' | 'max', value: number | undefined, dtype: DType): void {
  if (value === undefined) return;
  if (isFloat(dtype)) assertNumber('clamp', argument, value);
  else {
    const [min, max] = integerRange[dtype as 'i32' | 'u32'];
    assertNumber('clamp', `${argument} for ${dtype}`, value, { integer: true, min, max });
  }
}

/**
 * x, but at least `min` and at most `max`; one of them may be left out. NaN stays NaN. The gradient passes from bound to bound,
 * both included. Whole numbers take whole bounds.
 * @throws TensorError where there is no bound.
 * @example
 * x.clamp(0, 1);
 * x.clamp({ max: 1 });
 */
export const clamp = defineUnary(
  'clamp',
  { takes: 'all', rule: (attrs: ClampOptions, dtype) => clampRule(attrs, dtype) },
  (apply) =>
    (x: Tensor, min?: number | ClampOptions, max?: number): Tensor => {
      if (typeof min === 'object') assertOptions('clamp', min, ['min', 'max']);
      const bounds = typeof min === 'object' ? { min: min.min, max: min.max } : { min, max };
      if (bounds.min === undefined && bounds.max === undefined)
        throw new TensorError('clamp: neither min nor max is given');
      assertBound('min', bounds.min, x.dtype);
      assertBound('max', bounds.max, x.dtype);
      return apply([x], bounds)[0];
    },
);
