// Initial values of parameters, with PyTorch's formulas (torch.nn.init) over this package's random numbers.
import type { Shape } from '@foreword/tensor';
import { ModuleError } from './nn-error.ts';
import type { Random } from './random.ts';

/** Fills the values of one parameter; `random` belongs to its name. */
export type Init = (values: Float32Array, random: Random, shape: Shape) => void;

/** How many inputs reach an output of a layer, and how many outputs an input. */
export interface Fans {
  fanIn: number;
  fanOut: number;
}

const each =
  (draw: (random: Random, i: number) => number): Init =>
  (values, random) => {
    for (let i = 0; i < values.length; i++) values[i] = draw(random, i);
  };

export const constant =
  (value: number): Init =>
  (values) =>
    void values.fill(value);
export const zeros: Init = constant(0);
export const ones: Init = constant(1);

/** Uniform in [low, high). */
export const uniform = ({ low = 0, high = 1 }: { low?: number; high?: number } = {}): Init =>
  each((random, i) => low + (high - low) * random.uniform(i));

export const normal = ({ mean = 0, std = 1 }: { mean?: number; std?: number } = {}): Init =>
  each((random, i) => mean + std * random.normal(i));

export interface TruncatedNormalOptions {
  mean?: number;
  std?: number;
  /** Bounds of the values themselves, as in PyTorch; default −2 and 2. */
  low?: number;
  high?: number;
}

/** Normal numbers within [low, high]: those beyond are drawn again. */
export function truncatedNormal({
  mean = 0,
  std = 1,
  low = -2,
  high = 2,
}: TruncatedNormalOptions = {}): Init {
  if (!(low < high)) throw new ModuleError(`truncatedNormal: low ${low} is not below high ${high}`);
  // Beyond four deviations too few draws would be within.
  if (low > mean + 4 * std || high < mean - 4 * std)
    throw new ModuleError(`truncatedNormal: [${low}, ${high}] is over four deviations from the mean ${mean}`);
  return (values, random) => {
    // Draws behind the first ones, so that no element shares its numbers with another's.
    let next = values.length;
    for (let i = 0; i < values.length; i++) {
      let x = mean + std * random.normal(i);
      while (x < low || x > high) x = mean + std * random.normal(next++);
      values[i] = x;
    }
  };
}

/** Gains of PyTorch's `calculate_gain`. */
const gains = { linear: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 } as const;
export type Nonlinearity = keyof typeof gains;

/** The factor that keeps a signal's size through a nonlinearity. */
export const gainOf = (nonlinearity: Nonlinearity): number => gains[nonlinearity];

export interface KaimingOptions {
  /** Default `gainOf('relu')`. */
  gain?: number;
  /** Number of inputs or outputs that keep their variance. */
  fan: number;
}

/** Kaiming He's (2015) uniform: ±gain·√(3 / fan). */
export function kaimingUniform({ fan, gain = Math.SQRT2 }: KaimingOptions): Init {
  const bound = gain * Math.sqrt(3 / fan);
  return uniform({ low: -bound, high: bound });
}

/** Kaiming He's (2015) normal: deviation gain / √fan. */
export const kaimingNormal = ({ fan, gain = Math.SQRT2 }: KaimingOptions): Init =>
  normal({ std: gain / Math.sqrt(fan) });

export interface XavierOptions extends Fans {
  /** Default 1. */
  gain?: number;
}

/** Xavier Glorot's (2010) uniform: ±gain·√(6 / (fanIn + fanOut)). */
export function xavierUniform({ fanIn, fanOut, gain = 1 }: XavierOptions): Init {
  const bound = gain * Math.sqrt(6 / (fanIn + fanOut));
  return uniform({ low: -bound, high: bound });
}

/** Xavier Glorot's (2010) normal: deviation gain·√(2 / (fanIn + fanOut)). */
export const xavierNormal = ({ fanIn, fanOut, gain = 1 }: XavierOptions): Init =>
  normal({ std: gain * Math.sqrt(2 / (fanIn + fanOut)) });

/** What PyTorch's Linear and convolutions begin with, weights and biases: uniform in ±1/√fanIn. */
export function uniformByFanIn(fanIn: number): Init {
  const bound = 1 / Math.sqrt(fanIn);
  return uniform({ low: -bound, high: bound });
}
