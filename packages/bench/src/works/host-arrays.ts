// Arrays described by name, shape and how they are filled, so that every engine, whatever its language, makes the same
// numbers for itself.
import { uniformValues } from '../uniform-values.ts';

export interface HostArray {
  shape: number[];
  data: Float32Array;
}

export interface ArrayRecipe {
  name: string;
  shape: number[];
  /** Uniform in [−scale/2, scale/2), the next numbers of the recipe's generator; or one number everywhere. */
  fill: { scale: number } | { value: number };
}

/** Arrays in the order in which their numbers are drawn. */
export interface Recipe {
  seed: number;
  arrays: ArrayRecipe[];
}

export const drawn = (name: string, scale: number, ...shape: number[]): ArrayRecipe => ({
  name,
  shape,
  fill: { scale },
});

export const filled = (name: string, value: number, ...shape: number[]): ArrayRecipe => ({
  name,
  shape,
  fill: { value },
});

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Every array of the recipe, by name. */
export function makeArrays({ seed, arrays }: Recipe): Map<string, HostArray> {
  const uniform = uniformValues(seed);
  const made = new Map<string, HostArray>();
  for (const { name, shape, fill } of arrays) {
    const size = sizeOf(shape);
    const data = 'scale' in fill ? uniform(size, fill.scale) : new Float32Array(size).fill(fill.value);
    made.set(name, { shape, data });
  }
  return made;
}
