// The few elements of a result by which engines are compared.

const sampleSize = 16;

/** Sixteen places all over `length` elements; all of them where there are no more. */
function samplePlaces(length: number): number[] {
  if (length <= sampleSize) return Array.from({ length }, (_, i) => i);
  const stride = Math.floor(length / sampleSize);
  // An odd step within each stretch, so that places do not fall into one column of a matrix.
  return Array.from({ length: sampleSize }, (_, i) => i * stride + ((i * 37) % stride));
}

export const sampleOf = (values: ArrayLike<number>): number[] =>
  samplePlaces(values.length).map((place) => values[place]);

/**
 * Largest difference as a share of the largest value of `expected`; Infinity for values that are no numbers or
 * missing: those agree with nothing.
 */
export function relativeDifference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length || actual.length === 0) return Infinity;
  const scale = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
  const largest = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
  return Number.isFinite(largest) ? largest / scale : Infinity;
}
