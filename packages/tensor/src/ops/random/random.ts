// randomUniform and randomNormal, rand and randn: tensors of random numbers made on the GPU (see kernel/random.ts).
import { assertNumber, assertOptions } from '../../arguments.ts';
import { TensorError } from '../../core/errors.ts';
import type { Device } from '../../core/device.ts';
import type { Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { f16ToF32Array, f32ToF16Array } from '../../dtype/half.ts';
import { runFlat } from '../../kernel/flat.ts';
import { assertSeed, eachElement, randomWgsl } from '../../kernel/random.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { seedTensor, type SeedOptions } from './generator.ts';

export interface RandomAttrs {
  shape: Shape;
  dtype: DType;
  stream: number;
  /** Result: shift + scale · (a number of the plain distribution). */
  shift: number;
  scale: number;
  /** No result is greater: rounding may lead up to a limit that the distribution excludes. */
  greatest?: number;
}

interface Distribution {
  name: string;
  /** WGSL of one number from three times 32 bits. */
  wgsl: string;
}

function defineRandom({ name, wgsl: draw }: Distribution): OpDefinition<RandomAttrs, readonly [Tensor]> {
  return {
    name,
    inputs: ['seed'],
    infer([seed], { shape, dtype, stream }) {
      assertSeed(name, seed, stream);
      if (!isFloat(dtype))
        throw new TensorError(`${name}: dtype ${dtype} is asked for, but only f32 and f16 are drawn`);
      return [{ shape, dtype }];
    },
    launch(context, [seed], [out], { stream, shift, scale, greatest }) {
      const last = greatest === undefined ? '' : f32Literal(greatest);
      runFlat(context, out.size, {
        read: {},
        write: { out },
        also: { seed },
        consts: { STREAM: stream },
        flopsPerElement: 20,
        code: (elements) => wgsl`${randomWgsl}
          fn draw(bits: vec3u) -> f32 { ${draw} }
          fn number(i: u32) -> f32 {
            let value = ${f32Literal(shift)} + ${f32Literal(scale)} * draw(randomBits(vec2u(seed[0], seed[1]), STREAM, i));
            return ${last ? `min(value, ${last})` : 'value'};
          }
          fn thread(i: u32) { out[i] = out_t(${eachElement(elements, 'number')}); }`,
      });
    },
  };
}

const uniformDefinition = defineRandom({
  name: 'randomUniform',
  wgsl: 'return unit24(bits.x);',
});

// Box & Muller 1958. 1 − u lies in (0, 1], so the logarithm is finite; max guards against one that comes out
// just above 0. WGSL lets cos be wrong by 2⁻¹¹, and SwiftShader's is: instead, a Taylor series of
// sin 2π(¼ − |t|) = cos 2πt, whose argument is exact and at most π/2.
const normalDefinition = defineRandom({
  name: 'randomNormal',
  wgsl: wgsl`let radius = sqrt(max(-2.0f * log(1.0f - unit24(bits.x)), 0.0f));
    let x = 6.283185307179586f * (0.25f - abs(unit24(bits.y) - 0.5f));
    let q = x * x;
    let series = 1.0f + q * (-1.6666667e-1f + q * (8.3333333e-3f + q * (-1.9841270e-4f + q * (2.7557319e-6f - q * 2.5052108e-8f))));
    return radius * x * series;`,
});

export interface RandomOptions extends SeedOptions {
  dtype?: DType;
}

type Draw = (inputs: readonly [Tensor], attrs: RandomAttrs) => Tensor[];

/** The greatest number of `dtype` below `x`. */
export function below(x: number, dtype: DType): number {
  const half = dtype === 'f16';
  const code = half ? f32ToF16Array(Float32Array.of(x)) : new Uint32Array(Float32Array.of(x).buffer);
  const rounded = half ? f16ToF32Array(code as Uint16Array)[0] : Math.fround(x);
  if (rounded < x) return rounded;
  // Codes of one sign lie in the order of their numbers; the one before 0 is the smallest negative.
  if (rounded === 0) return half ? -(2 ** -24) : -(2 ** -149);
  code[0] += rounded > 0 ? -1 : 1;
  return half ? f16ToF32Array(code as Uint16Array)[0] : new Float32Array(code.buffer)[0];
}

const isFiniteNumber = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };

/**
 * Numbers from the uniform distribution on [low, high), 24 bits each, which never give `high`. Default [0, 1).
 * @throws TensorError for `high` below `low`, and for a seed that is no whole number below 2³².
 * @example
 * randomUniform(device, [2, 3], { low: -1, high: 1, seed: 7 });
 */
export const randomUniform = defineOp(
  uniformDefinition,
  (apply) =>
    (device: Device, shape: Shape, options: RandomOptions & { low?: number; high?: number } = {}): Tensor => {
      assertOptions('randomUniform', options, ['seed', 'stream', 'dtype', 'low', 'high']);
      const { seed, stream = 0, dtype = 'f32', low = 0, high = 1 } = options;
      assertNumber('randomUniform', 'low', low, isFiniteNumber);
      assertNumber('randomUniform', 'high', high, { ...isFiniteNumber, min: low });
      const greatest = Math.max(below(high, dtype), low);
      return drawn('randomUniform', apply, device, seed, {
        shape,
        dtype,
        stream,
        shift: low,
        scale: high - low,
        greatest,
      });
    },
);

/**
 * Numbers from the normal distribution. Default mean 0, standard deviation 1.
 * @throws TensorError for a negative `std`, and for a seed that is no whole number below 2³².
 */
export const randomNormal = defineOp(
  normalDefinition,
  (apply) =>
    (device: Device, shape: Shape, options: RandomOptions & { mean?: number; std?: number } = {}): Tensor => {
      assertOptions('randomNormal', options, ['seed', 'stream', 'dtype', 'mean', 'std']);
      const { seed, stream = 0, dtype = 'f32', mean = 0, std = 1 } = options;
      assertNumber('randomNormal', 'mean', mean, isFiniteNumber);
      assertNumber('randomNormal', 'std', std, { ...isFiniteNumber, min: 0 });
      return drawn('randomNormal', apply, device, seed, { shape, dtype, stream, shift: mean, scale: std });
    },
);

function drawn(
  op: string,
  apply: Draw,
  device: Device,
  seed: RandomOptions['seed'],
  attrs: RandomAttrs,
): Tensor {
  return device.scope(() => apply([seedTensor(op, device, seed)], attrs)[0]);
}

/**
 * Numbers from the uniform distribution on [0, 1).
 * @example
 * rand(device, [2, 3]); // from the device's generator, see manualSeed
 */
export const rand = (device: Device, shape: Shape, options: RandomOptions = {}): Tensor =>
  randomUniform(device, shape, options);

/**
 * Numbers from the normal distribution with mean 0 and standard deviation 1.
 * @example
 * randn(device, [2, 3], { seed: 7 });
 */
export const randn = (device: Device, shape: Shape, options: RandomOptions = {}): Tensor =>
  randomNormal(device, shape, options);
