// Features that no model can learn from are refused before a training: NaN hides in it, and the losses look healthy.
import { CommandError } from '@foreword/cli-kit';

const largestF32 = 3.4028234663852886e38;

/**
 * @param features [N, D], row-major
 * @param nameOf what row i belongs to, such as a picture's path
 * @throws CommandError naming the first row that holds NaN or ∞, or whose squared length overflows f32
 */
export function assertFinite(features: Float32Array, D: number, nameOf: (row: number) => string): void {
  for (let row = 0; row * D < features.length; row++) {
    const values = features.subarray(row * D, (row + 1) * D);
    let squares = 0;
    for (const x of values) squares += x * x;
    if (squares <= largestF32) continue;
    const at = values.findIndex((x) => !Number.isFinite(x));
    const what = at < 0 ? 'are too large for f32' : `hold ${values[at]} (number ${at + 1} of ${D})`;
    throw new CommandError(`the features of ${nameOf(row)} ${what}`, {
      cure: 'leave that one out, or have its features computed anew: mend their file, or remove .cache/features',
    });
  }
}
