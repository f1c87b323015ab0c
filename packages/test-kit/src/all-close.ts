// Asserts that two arrays of numbers agree within tolerances, and shows the worst place when they do not.
import * as assert from 'uvu/assert';

/** Tolerances and wording of `allClose`. */
export interface CloseOptions {
  /** Relative tolerance, times |expected|. Default 1e-5. */
  rtol?: number;
  /** Absolute tolerance. Default 1e-6. */
  atol?: number;
  /** Names the compared thing in the failure message. */
  label?: string;
  /** When given, the worst place is printed as coordinates too. */
  shape?: readonly number[];
  /** Lets NaN agree with NaN. Default false. */
  equalNaN?: boolean;
}

/** Where and by how much two arrays differ. */
export interface Closeness {
  /** How many elements are outside the tolerance. */
  misses: number;
  /** Index of the element that exceeds its tolerance most (or comes nearest to it); -1 for empty arrays. */
  worstIndex: number;
  /** |actual − expected| at `worstIndex`; NaN counts as infinitely wrong. */
  worstDifference: number;
}

/**
 * Compares element by element: |actual − expected| ≤ atol + rtol·|expected|, the rule of `numpy.allclose`.
 * Equal infinities agree; NaN agrees with nothing unless `equalNaN`.
 */
export function findWorst(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  options: CloseOptions = {},
): Closeness {
  const { rtol = 1e-5, atol = 1e-6, equalNaN = false } = options;
  let misses = 0;
  let worstIndex = -1;
  let worstDifference = 0;
  let worstExcess = -Infinity;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i];
    const e = expected[i];
    const same = a === e || (equalNaN && Number.isNaN(a) && Number.isNaN(e));
    const raw = same ? 0 : Math.abs(a - e);
    const difference = Number.isNaN(raw) ? Infinity : raw;
    const tolerance = Number.isFinite(e) ? atol + rtol * Math.abs(e) : 0;
    const excess = difference - tolerance;
    if (excess > 0) misses++;
    if (worstIndex < 0 || excess > worstExcess) {
      worstIndex = i;
      worstDifference = difference;
      worstExcess = excess;
    }
  }
  return { misses, worstIndex, worstDifference };
}

/**
 * Fails unless `actual` and `expected` have the same length and agree within the tolerances.
 * The message gives the worst index, both values there, and how many elements miss.
 *
 * @throws uvu's Assertion
 * @example allClose(await y.data(), [0.5, 0.5], { rtol: 1e-5, label: 'softmax of equal logits' });
 */
export function allClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  options: CloseOptions = {},
): void {
  const { rtol = 1e-5, atol = 1e-6, label = 'arrays', shape } = options;
  if (actual.length !== expected.length) {
    fail(`${label}: ${actual.length} elements, expected ${expected.length}`, 'same length');
  }
  const { misses, worstIndex, worstDifference } = findWorst(actual, expected, options);
  if (misses === 0) return;
  const place = shape ? `${worstIndex} [${coordinates(worstIndex, shape).join(', ')}]` : `${worstIndex}`;
  const total = expected.length;
  fail(
    `${label}: ${misses} of ${total} elements miss rtol ${rtol}, atol ${atol}; worst at index ${place}: ` +
      `actual ${actual[worstIndex]}, expected ${expected[worstIndex]}, difference ${worstDifference.toPrecision(3)}`,
    'allClose',
  );
}

function coordinates(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return place;
}

// `actual` and `expects` stay empty so that nothing prints whole arrays: the message holds what matters.
function fail(message: string, operator: string): never {
  throw new assert.Assertion({ message, operator, expects: undefined, actual: undefined });
}
