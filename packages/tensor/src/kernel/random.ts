// Counter-based random numbers: pcg3d of Jarzynski & Olano 2020, "Hash Functions for GPU Rendering"
// (JCGT 9(3)), on the GPU and in JavaScript with the same bits.
//
// A number depends on (seed, step, stream, element) only, so a mask can be made again instead of kept, a
// resumed run draws what the uninterrupted one drew, and no two ops share numbers while their streams differ.
import { DTypeError, TensorError } from '../core/errors.ts';
import type { Tensor } from '../tensor.ts';
import { wgsl } from './wgsl.ts';

/** WGSL of `fn randomBits(seed: vec2u, stream: u32, i: u32) -> vec3u`; seed is (seed, step), i the element. */
export const randomWgsl = wgsl`
fn pcg3d(input: vec3u) -> vec3u {
  var v = input * 1664525u + 1013904223u;
  v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
  v ^= v >> vec3u(16u);
  v.x += v.y * v.z; v.y += v.z * v.x; v.z += v.x * v.y;
  return v;
}
fn randomBits(seed: vec2u, stream: u32, i: u32) -> vec3u {
  let key = pcg3d(vec3u(seed, stream));
  return pcg3d(vec3u(key.x ^ i, key.yz));
}
// 24 bits fill an f32's significand.
fn unit24(bits: u32) -> f32 { return f32(bits >> 8u) * 5.9604644775390625e-8f; }`;

/** Three 32-bit numbers. */
export type RandomBits = readonly [number, number, number];

/** Written out, without closures or copies: initial values draw millions. */
function pcg3d(a: number, b: number, c: number): RandomBits {
  let x = (Math.imul(a, 1664525) + 1013904223) | 0;
  let y = (Math.imul(b, 1664525) + 1013904223) | 0;
  let z = (Math.imul(c, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0];
}

/** What all elements of a stream share. */
export const randomKey = (seed: ArrayLike<number>, stream: number): RandomBits =>
  pcg3d(seed[0], seed[1], stream);

/** The numbers of element i of a stream, the same as `randomBits` in WGSL. */
export const keyedBits = ([x, y, z]: RandomBits, i: number): RandomBits => pcg3d(x ^ i, y, z);

/** The same from seed and stream. */
export const randomBits = (seed: ArrayLike<number>, stream: number, i: number): RandomBits =>
  keyedBits(randomKey(seed, stream), i);

/** The upper 24 bits as a number in [0, 1). */
export const unit24 = (bits: number): number => (bits >>> 8) * 2 ** -24;

/** Throws unless `seed` is a u32 tensor of two and `stream` fits into 32 bits. */
export function assertSeed(op: string, seed: Tensor, stream: number): void {
  if (seed.dtype !== 'u32' || seed.size !== 2) {
    throw new DTypeError(
      `${op}: the seed is ${seed.toString()}, but a u32 tensor [2] of (seed, step) is needed`,
    );
  }
  if (!Number.isInteger(stream) || stream < 0 || stream >= 2 ** 32) {
    throw new TensorError(`${op}: stream ${stream} is no whole number from 0 to 2³² − 1`);
  }
}

/** WGSL of a V whose elements are `fn(FIRST + i's elements)`. */
export const eachElement = (elements: 1 | 4, fn: string): string =>
  elements === 1
    ? `${fn}(FIRST + i)`
    : `V(${[0, 1, 2, 3].map((k) => `${fn}((FIRST + i) * 4u + ${k}u)`).join(', ')})`;
