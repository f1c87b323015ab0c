// f16 and bf16 against their definitions: every code, every rounding border.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  bf16BitsToF32,
  bf16ToF32Array,
  f16BitsToF32,
  f16ToF32Array,
  f32ToBf16Array,
  f32ToBf16Bits,
  f32ToF16Array,
  f32ToF16Bits,
} from '../src/dtype/half.ts';

const test = suite('half');

const allCodes = Uint16Array.from({ length: 0x10000 }, (_, code) => code);

/** Value of an f16 code by the definition of binary16, in float64. */
function f16Value(code: number): number {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >> 10) & 31;
  const mantissa = code & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

function differing(actual: ArrayLike<number>, expected: ArrayLike<number>): number[] {
  return Array.from(expected, (_, i) => i).filter((i) => !Object.is(actual[i], expected[i]));
}

test('every f16 code has its defined value', () => {
  const expected = Array.from(allCodes, f16Value);
  assert.equal(differing(Array.from(allCodes, f16BitsToF32), expected), []);
  assert.equal(differing(f16ToF32Array(allCodes), expected), []);
});

test('every f16 code survives the way to f32 and back, NaN payloads included', () => {
  assert.equal(differing(f32ToF16Array(f16ToF32Array(allCodes)), allCodes), []);
});

test('every bf16 code survives the way to f32 and back, NaN payloads included', () => {
  const values = bf16ToF32Array(allCodes);
  assert.equal(differing(f32ToBf16Array(values), allCodes), []);
  assert.equal(differing(Array.from(allCodes, bf16BitsToF32), values), []);
  assert.is(bf16BitsToF32(0x3fc0), 1.5);
  assert.is(bf16BitsToF32(0xff80), -Infinity);
});

test('scalars round-trip every code that is no NaN, and NaN stays NaN', () => {
  for (const code of allCodes) {
    const half = f16BitsToF32(code);
    const brain = bf16BitsToF32(code);
    if (Number.isNaN(half) ? !Number.isNaN(f16BitsToF32(f32ToF16Bits(half))) : f32ToF16Bits(half) !== code)
      assert.unreachable(`f16 ${code}`);
    if (
      Number.isNaN(brain) ? !Number.isNaN(bf16BitsToF32(f32ToBf16Bits(brain))) : f32ToBf16Bits(brain) !== code
    )
      assert.unreachable(`bf16 ${code}`);
  }
});

/** f32 value one unit in the last place further from zero (or nearer, by `-1`). */
function nudge(value: number, steps: number): number {
  const scratch = new Float32Array([value]);
  new Int32Array(scratch.buffer)[0] += steps;
  return scratch[0];
}

test('f16 rounds to nearest, ties to even, at every border between neighbours', () => {
  for (let code = 0; code < 0x7c00; code++) {
    // One past the largest stands for 65536, as if the exponent went on.
    const above = code === 0x7bff ? 65536 : f16Value(code + 1);
    const middle = (f16Value(code) + above) / 2; // exact in f32: one bit more than f16
    const even = code % 2 === 0 ? code : code + 1;
    const found = [nudge(middle, -1), middle, nudge(middle, 1)].map(f32ToF16Bits);
    const mirrored = [...f32ToF16Array(Float32Array.of(-nudge(middle, -1), -middle, -nudge(middle, 1)))];
    const expected = [code, even, code + 1];
    if (String(found) !== String(expected)) assert.equal(found, expected, `around ${middle}`);
    if (mirrored.some((bits, i) => bits !== (expected[i] | 0x8000)))
      assert.equal(mirrored, expected, `around ${-middle}`);
  }
});

test('bf16 rounds to nearest, ties to even, at every border between neighbours', () => {
  for (let code = 0; code < 0x7f80; code++) {
    const words = Uint32Array.of((code << 16) + 0x7fff, (code << 16) + 0x8000, (code << 16) + 0x8001);
    const found = [...f32ToBf16Array(new Float32Array(words.buffer))];
    const expected = [code, code % 2 === 0 ? code : code + 1, code + 1];
    if (String(found) !== String(expected)) assert.equal(found, expected, `above code ${code}`);
  }
});

test('extremes of f32', () => {
  const cases: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [3.4e38, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -149, 0],
    [-(2 ** -149), 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
  ];
  for (const [value, code] of cases) assert.is(f32ToF16Bits(value), code, String(value));
  assert.is(f32ToBf16Bits(3.4028234663852886e38), 0x7f80, 'the largest f32 rounds to infinity');
  assert.is(f32ToBf16Bits(2 ** -149), 0);
});

test('f32 NaNs whose payload lies in the low bits only stay NaN', () => {
  const nans = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000, 0x7f801fff).buffer);
  assert.equal([...f32ToF16Array(nans)], [0x7e00, 0xfe00, 0x7e00, 0x7e00]);
  assert.equal([...f32ToBf16Array(nans)], [0x7fc0, 0xffc0, 0x7fc0, 0x7fc0]);
});

test('bulk conversion works on views and into a given output', () => {
  const values = Float32Array.of(9, 1, -2, 9).subarray(1, 3);
  const out = new Uint16Array(2);
  assert.is(f32ToF16Array(values, out), out);
  assert.equal([...out], [0x3c00, 0xc000]);
  assert.equal([...f16ToF32Array(Uint16Array.of(7, 0x3c00).subarray(1))], [1]);
  assert.is(f32ToF16Array(new Float32Array(0)).length, 0);
  assert.throws(() => f32ToF16Array(values, new Uint16Array(3)), /2 values do not fill an output of 3/);
});

test.run();
