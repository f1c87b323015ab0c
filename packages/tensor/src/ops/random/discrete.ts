// randint, bernoulli, multinomial, randperm: random whole numbers.
import { assertFloat, assertNumber, assertOptions, assertTensor } from '../../arguments.ts';
import { ShapeError, TensorError } from '../../core/errors.ts';
import type { Device } from '../../core/device.ts';
import { formatShape, type Shape } from '../../core/shape.ts';
import { integerRange, isFloat, type DType } from '../../dtype/dtype.ts';
import { assertSeed, randomWgsl } from '../../kernel/random.ts';
import { wgsl } from '../../kernel/wgsl.ts';
import { defineOp, kernelOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { fill } from '../create/fill.ts';
import { topK } from '../reduce/top-k.ts';
import { seedTensor, type SeedOptions } from './generator.ts';
import { rand } from './random.ts';

/** WGSL of the 32 random bits of element `i`. */
const bits = 'randomBits(vec2u(seed[0], seed[1]), STREAM, i).x';

export interface IntegerAttrs {
  shape: Shape;
  dtype: DType;
  low: number;
  high: number;
  stream: number;
}

const integerDefinition: OpDefinition<IntegerAttrs, readonly [Tensor]> = {
  name: 'randint',
  inputs: ['seed'],
  infer([seed], { shape, dtype, stream }) {
    assertSeed('randint', seed, stream);
    return [{ shape, dtype }];
  },
  launch({ run }, [seed], [out], { low, high, stream }) {
    run({
      read: { seed },
      write: { out },
      consts: { STREAM: stream },
      threads: out.size,
      code: wgsl`${randomWgsl}
        fn thread(i: u32) { out[i] = bitcast<out_t>(bitcast<u32>(i32(${low | 0})) + ${bits} % ${high - low}u); }`,
    });
  },
};

/**
 * Whole numbers from `low` up to and without `high`, all as likely as 32 random bits allow; i32, or u32.
 * @throws TensorError for an empty range or one beyond the dtype.
 * @example
 * randint(device, 0, 10, [4]); // four digits
 */
export const randint = defineOp(
  integerDefinition,
  (apply) =>
    (
      device: Device,
      low: number,
      high: number,
      shape: Shape,
      options: SeedOptions & { dtype?: 'i32' | 'u32' } = {},
    ): Tensor => {
      assertOptions('randint', options, ['seed', 'stream', 'dtype']);
      const { seed, stream = 0, dtype = 'i32' } = options;
      if (isFloat(dtype))
        throw new TensorError(`randint: dtype ${dtype as string} is asked for, but i32 or u32 is wanted`);
      const [least, greatest] = integerRange[dtype];
      assertNumber('randint', 'low', low, { integer: true, min: least, max: greatest });
      assertNumber('randint', 'high', high, {
        integer: true,
        min: low + 1,
        max: Math.min(greatest + 1, low + 2 ** 32 - 1),
      });
      return device.scope(
        () => apply([seedTensor('randint', device, seed)], { shape, dtype, low, high, stream })[0],
      );
    },
);

const bernoulliDefinition: OpDefinition<{ stream: number }, readonly [Tensor, Tensor]> = {
  name: 'bernoulli',
  inputs: ['probabilities', 'seed'],
  infer([x, seed], { stream }) {
    assertFloat('bernoulli', 'probabilities', x);
    assertSeed('bernoulli', seed, stream);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  launch({ run }, [x, seed], [out], { stream }) {
    run({
      read: { x, seed },
      write: { out },
      consts: { STREAM: stream },
      threads: out.size,
      code: wgsl`${randomWgsl}
        fn thread(i: u32) { out[i] = out_t(unit24(${bits}) < f32(x[i])); }`,
    });
  },
};

/**
 * 1 with the probability that stands at each place of `probabilities`, otherwise 0; same shape and dtype. A NaN gives 0.
 * Not differentiable.
 * @example
 * const mask = fill(device, [2, 3], 0.9).bernoulli();
 */
export const bernoulli = defineOp(
  bernoulliDefinition,
  (apply) =>
    (probabilities: Tensor, options: SeedOptions = {}): Tensor => {
      assertTensor('bernoulli', 'probabilities', probabilities);
      assertOptions('bernoulli', options, ['seed', 'stream']);
      const { device } = probabilities;
      return device.scope(
        () =>
          apply([probabilities, seedTensor('bernoulli', device, options.seed)], {
            stream: options.stream ?? 0,
          })[0],
      );
    },
);

export interface MultinomialAttrs {
  count: number;
  stream: number;
}

/** weights [..., K]: each draw adds weights up until they pass its share of their sum. */
const multinomialDefinition: OpDefinition<MultinomialAttrs, readonly [Tensor, Tensor]> = {
  name: 'multinomial',
  inputs: ['weights', 'seed'],
  infer([weights, seed], { count, stream }) {
    assertFloat('multinomial', 'weights', weights);
    assertSeed('multinomial', seed, stream);
    if (weights.rank === 0) throw new ShapeError('multinomial: weights are [], but [..., K] is wanted');
    return [{ shape: [...weights.shape.slice(0, -1), count], dtype: 'u32' }];
  },
  launch({ run }, [weights, seed], [out], { count, stream }) {
    run({
      read: { weights, seed },
      write: { out },
      consts: { STREAM: stream, K: weights.dim(-1), COUNT: count },
      threads: out.size,
      code: wgsl`${randomWgsl}
        fn thread(i: u32) {
          let base = (i / COUNT) * K;
          var sum = 0.0f;
          for (var k = 0u; k < K; k++) { sum += f32(weights[base + k]); }
          let share = unit24(${bits}) * sum;
          var chosen = K;
          var passed = 0.0f;
          for (var k = 0u; k < K; k++) {
            let w = f32(weights[base + k]);
            // Rounding may take the share up to the sum: then it is the last entry that has a weight.
            if (w > 0.0f && passed <= share) { chosen = k; }
            passed += w;
          }
          out[i] = chosen;
        }`,
    });
  },
};

/** weight / e with e drawn from the exponential distribution: the greatest of these are a draw without replacement. */
const exponentialRace = kernelOp(
  'exponentialRace',
  ([weights]: readonly [Tensor, Tensor]) => [{ shape: weights.shape, dtype: 'f32' }],
  ({ run }, [weights, seed], [out], { stream }: { stream: number }) =>
    run({
      read: { weights, seed },
      write: { out },
      consts: { STREAM: stream },
      threads: out.size,
      code: wgsl`${randomWgsl}
        fn thread(i: u32) { out[i] = f32(weights[i]) / max(-log(1.0f - unit24(${bits})), 3e-8f); }`,
    }),
);

export interface MultinomialOptions extends SeedOptions {
  /** Whether an entry may come more than once; default false, as in PyTorch. */
  replacement?: boolean;
}

/**
 * `count` entries of each row of weights [..., K], as likely as their share of the row's sum: u32 [..., count].
 * Weights are ≥ 0. A row without any weight gives K, which is no entry, where `replacement` is true; without replacement
 * entries of weight 0 come last.
 * @throws ShapeError for more entries than there are, without replacement.
 * @example
 * softmax(logits).multinomial(1); // the next token of each row
 */
export const multinomial = defineOp(
  multinomialDefinition,
  (apply) =>
    (weights: Tensor, count: number, options: MultinomialOptions = {}): Tensor => {
      assertTensor('multinomial', 'weights', weights);
      assertOptions('multinomial', options, ['seed', 'stream', 'replacement']);
      assertNumber('multinomial', 'count', count, { integer: true, min: 1 });
      const { seed, stream = 0, replacement = false } = options;
      const { device } = weights;
      return device.scope(() => {
        const from = seedTensor('multinomial', device, seed);
        if (replacement) return apply([weights, from], { count, stream })[0];
        assertFloat('multinomial', 'weights', weights);
        if (weights.rank === 0 || count > weights.dim(-1))
          throw new ShapeError(
            `multinomial: ${count} different entries are wanted of weights ${formatShape(weights.shape)}`,
          );
        assertSeed('multinomial', from, stream);
        return topK(exponentialRace([weights.detach(), from], { stream })[0], count)[1];
      });
    },
);

/**
 * The numbers 0 … n − 1 in random order, u32 [n].
 * @example
 * const order = randperm(device, images.dim(0));
 */
export function randperm(device: Device, n: number, options: SeedOptions = {}): Tensor {
  assertNumber('randperm', 'n', n, { integer: true, min: 0 });
  if (n === 0) return fill(device, [0], 0, { dtype: 'u32' });
  return device.scope(() => topK(rand(device, [n], options), n)[1]);
}
