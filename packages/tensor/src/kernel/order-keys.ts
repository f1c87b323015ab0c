// Numbers as u32 keys in the same order, so that comparing them is exact for every value: −∞ < … < +∞ < NaN, and −0 = +0.
// Comparing floats would not do: a WGSL compiler may assume that neither NaN nor an infinity arises, and `max` drops NaN.
import { isFloat, type DType } from '../dtype/dtype.ts';
import { wgsl } from './wgsl.ts';

/**
 * WGSL `orderKey(v)`: the key of one element as it is loaded (floats as f32), or of four.
 * @param vec elements at once
 */
export function orderKey(dtype: DType, vec: 1 | 4 = 1): string {
  const of = (type: string): string => (vec === 4 ? `vec4<${type}>` : type);
  const U = of('u32');
  if (dtype === 'u32') return `fn orderKey(v: ${U}) -> ${U} { return v; }`;
  if (dtype === 'i32')
    return `fn orderKey(v: ${of('i32')}) -> ${U} { return bitcast<${U}>(v) ^ ${U}(0x80000000u); }`;
  return wgsl`fn orderKey(v: ${of('f32')}) -> ${U} {
  let bits = bitcast<${U}>(v);
  let isNegative = bits >= ${U}(0x80000000u);
  let key = select(bits | ${U}(0x80000000u), ~bits, isNegative);
  let ordered = select(key, ${U}(0x80000000u), (bits & ${U}(0x7fffffffu)) == ${U}(0u));
  return select(ordered, ${U}(0xffffffffu), ${vec === 4 ? 'isNan4' : 'isNan'}(v));
}`;
}

/** WGSL `fromOrderKey(k)`: the number with that key (floats as f32; any NaN becomes the usual one). */
export function fromOrderKey(dtype: DType, vec: 1 | 4 = 1): string {
  const of = (type: string): string => (vec === 4 ? `vec4<${type}>` : type);
  const U = of('u32');
  if (dtype === 'u32') return `fn fromOrderKey(k: ${U}) -> ${U} { return k; }`;
  if (dtype === 'i32')
    return `fn fromOrderKey(k: ${U}) -> ${of('i32')} { return bitcast<${of('i32')}>(k ^ ${U}(0x80000000u)); }`;
  return wgsl`fn fromOrderKey(k: ${U}) -> ${of('f32')} {
  let bits = select(~k, k & ${U}(0x7fffffffu), k >= ${U}(0x80000000u));
  return select(bitcast<${of('f32')}>(bits), ${of('f32')}(notANumber()), k == ${U}(0xffffffffu));
}`;
}

/** Type in which one element is computed with: f16 is read into f32. */
export const loadedType = (dtype: DType): 'f32' | 'i32' | 'u32' =>
  isFloat(dtype) ? 'f32' : (dtype as 'i32' | 'u32');
