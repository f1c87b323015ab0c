// Losses that compare two tensors element by element: each is one entry, WGSL and its derivatives.
//
// x is what a model gave, y the target, z a third operand where there is one; `P` holds the loss's parameters as WGSL.
import { wgsl } from '../../kernel/wgsl.ts';

export interface LossRule {
  prelude?: readonly string[];
  value(P: readonly string[]): string;
  /** Derivatives by x, y and z; a missing one is 0. */
  slopes: readonly ((P: readonly string[]) => string)[];
}

const signOf = 'fn signOf(d: V) -> V { return select(sign(d), d, nanV(d)); }';

/** ln(1 + e^−|x|) and what follows from it; without a loss of digits where the exponential is small. */
const softTail = wgsl`fn softTail(x: V) -> V {
  let e = exp(-abs(x));
  return select(log(1.0 + e), e * (1.0 - e * (0.5 - e * 0.3333333)), e < V(0.01));
}
fn softplusOf(x: V) -> V { return softTail(x) + max(x, V(0.0)); }
fn logisticOf(x: V) -> V {
  let e = exp(-abs(x));
  return select(V(1.0), e, x < V(0.0)) / (1.0 + e);
}`;

const logFloor = wgsl`fn logFloor(v: V) -> V {
  let inside = select(max(log(v), V(-100.0)), V(-100.0), v == V(0.0));
  return select(inside, V(notANumber()), nanV(v) | (v < V(0.0)));
}`;

export const lossRules = {
  mseLoss: {
    value: () => '(x - y) * (x - y)',
    slopes: [() => '2.0 * (x - y)', () => '2.0 * (y - x)'],
  },
  l1Loss: {
    prelude: [signOf],
    value: () => 'abs(x - y)',
    slopes: [() => 'signOf(x - y)', () => 'signOf(y - x)'],
  },
  huberLoss: {
    prelude: [
      signOf,
      'fn huberSlope(d: V, delta: f32) -> V { return select(d, delta * signOf(d), abs(d) > V(delta)); }',
    ],
    value: ([delta]) =>
      `select(0.5 * (x - y) * (x - y), ${delta} * (abs(x - y) - 0.5 * ${delta}), abs(x - y) > V(${delta}))`,
    slopes: [([delta]) => `huberSlope(x - y, ${delta})`, ([delta]) => `huberSlope(y - x, ${delta})`],
  },
  binaryCrossEntropy: {
    prelude: [logFloor],
    value: () => '-(y * logFloor(x) + (1.0 - y) * logFloor(1.0 - x))',
    slopes: [() => '(x - y) / max(x * (1.0 - x), V(1e-12))', () => 'logFloor(1.0 - x) - logFloor(x)'],
  },
  // Each half is exact where it is small, so the loss of a confident and right logit keeps its digits.
  binaryCrossEntropyWithLogits: {
    prelude: [softTail],
    value: () => '(1.0 - y) * softplusOf(x) + y * softplusOf(-x)',
    slopes: [() => '(1.0 - y) * logisticOf(x) - y * logisticOf(-x)', () => '-x'],
  },
  /** z: what the loss of positives is multiplied by. */
  weightedBinaryCrossEntropyWithLogits: {
    prelude: [softTail],
    value: () => '(1.0 - y) * softplusOf(x) + z * y * softplusOf(-x)',
    slopes: [
      () => '(1.0 - y) * logisticOf(x) - z * y * logisticOf(-x)',
      () => 'z * softplusOf(-x) - softplusOf(x)',
      () => 'y * softplusOf(-x)',
    ],
  },
  klDiv: {
    value: () => 'select(y * log(y), V(0.0), y == V(0.0)) - y * x',
    slopes: [() => '-y', () => 'log(y) + 1.0 - x'],
  },
  /** The target as logarithms. */
  klDivLog: {
    value: () => 'exp(y) * (y - x)',
    slopes: [() => '-exp(y)', () => 'exp(y) * (y - x + 1.0)'],
  },
  hingeEmbeddingLoss: {
    value: ([margin]) => `select(x, select(${margin} - x, V(0.0), x >= V(${margin})), y < V(0.0))`,
    slopes: [([margin]) => `select(V(1.0), select(V(0.0), V(-1.0), x < V(${margin})), y < V(0.0))`],
  },
  cosineEmbeddingLoss: {
    value: ([margin]) => `select(1.0 - x, select(x - ${margin}, V(0.0), x <= V(${margin})), y < V(0.0))`,
    slopes: [([margin]) => `select(V(-1.0), select(V(0.0), V(1.0), x > V(${margin})), y < V(0.0))`],
  },
} satisfies Record<string, LossRule>;

export type LossRuleName = keyof typeof lossRules;
