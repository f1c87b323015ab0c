// randomUniform and randomNormal: tensors of random numbers made on the GPU (see kernel/random.ts).
import { TensorError } from '../../core/errors.ts';
import type { Device } from '../../core/device.ts';
import type { Shape } from '../../core/shape.ts';
import { isFloat, type DType } from '../../dtype/dtype.ts';
import { runFlat } from '../../kernel/flat.ts';
import { assertSeed, eachElement, randomWgsl } from '../../kernel/random.ts';
import { f32Literal, wgsl } from '../../kernel/wgsl.ts';
import { defineOp, type OpDefinition } from '../../op.ts';
import { tensor, type Tensor } from '../../tensor.ts';

export interface RandomAttrs {
  shape: Shape;
  dtype: DType;
  stream: number;
  /** Result: shift + scale · (a number of the plain distribution). */
  shift: number;
  scale: number;
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
    launch(context, [seed], [out], { stream, shift, scale }) {
      runFlat(context, out.size, {
        read: {},
        write: { out },
        also: { seed },
        consts: { STREAM: stream },
        flopsPerElement: 20,
        code: (elements) => wgsl`${randomWgsl}
          fn draw(bits: vec3u) -> f32 { ${draw} }
          fn number(i: u32) -> f32 {
            return ${f32Literal(shift)} + ${f32Literal(scale)} * draw(randomBits(vec2u(seed[0], seed[1]), STREAM, i));
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

export interface RandomOptions {
  /** A number, or u32 [2] (seed, step) where draws must change from replay to replay of a plan. */
  seed: number | Tensor;
  /** Keeps several draws with one seed apart; default 0. */
  stream?: number;
  dtype?: DType;
}

type Draw = (inputs: readonly [Tensor], attrs: RandomAttrs) => Tensor[];

function drawn(apply: Draw, device: Device, seed: number | Tensor, attrs: RandomAttrs): Tensor {
  if (typeof seed !== 'number') return apply([seed], attrs)[0];
  return device.scope(() => apply([tensor(device, [seed, 0], [2], { dtype: 'u32' })], attrs)[0]);
}

/** Numbers from the uniform distribution on [low, high), 24 bits each. Default [0, 1). */
export const randomUniform = defineOp(
  uniformDefinition,
  (apply) =>
    (
      device: Device,
      shape: Shape,
      { seed, stream = 0, dtype = 'f32', low = 0, high = 1 }: RandomOptions & { low?: number; high?: number },
    ): Tensor =>
      drawn(apply, device, seed, { shape, dtype, stream, shift: low, scale: high - low }),
);

/** Numbers from the normal distribution. Default mean 0, standard deviation 1. */
export const randomNormal = defineOp(
  normalDefinition,
  (apply) =>
    (
      device: Device,
      shape: Shape,
      { seed, stream = 0, dtype = 'f32', mean = 0, std = 1 }: RandomOptions & { mean?: number; std?: number },
    ): Tensor =>
      drawn(apply, device, seed, { shape, dtype, stream, shift: mean, scale: std }),
);
