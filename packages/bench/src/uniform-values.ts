// Repeatable random numbers that are the same in every process and engine.

/** Makes `length` values uniform in [−scale/2, scale/2); each call goes on where the last one stopped. */
export type UniformValues = (length: number, scale: number) => Float32Array;

/** A 32-bit linear congruential generator (Numerical Recipes, 3rd ed., §7.1.3): good enough to fill matrices. */
export function uniformValues(seed: number): UniformValues {
  let state = seed >>> 0;
  return (length, scale) => {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      values[i] = (state / 2 ** 32 - 0.5) * scale;
    }
    return values;
  };
}
