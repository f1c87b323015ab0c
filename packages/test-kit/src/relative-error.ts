// One number for how far an array is from another: ‖actual − expected‖ / ‖expected‖.

/**
 * Relative error in the Euclidean norm, computed in float64. With an all-zero `expected` it is the absolute
 * norm of `actual`; when any element is NaN or infinite the result is Infinity.
 *
 * @throws RangeError when the lengths differ
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new RangeError(
      `relativeError: lengths differ: actual ${actual.length}, expected ${expected.length}`,
    );
  }
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  const error = Math.sqrt(difference) / (norm === 0 ? 1 : Math.sqrt(norm));
  return Number.isFinite(error) ? error : Infinity;
}
