// ONNX's operators on whole numbers of 8 bits. Sums of such products are exact in f32 up to 2²⁴, which the tests keep to.
import * as f from '../../../../src/node.ts';
import type { Tensor } from '../../../../src/node.ts';
import { dtypeOf, type NodeCall, type Rules, type Value } from '../value.ts';
import { conv } from './window.ts';

const ranges: Record<string, [number, number]> = { uint8: [0, 255], int8: [-128, 127] };

/** A scale or zero of one axis, so that it broadcasts over `rank` axes. */
const along = (t: Tensor, axis: number, rank: number): Tensor =>
  t.rank === 0 || t.size === 1
    ? f.reshape(t, [])
    : f.reshape(
        t,
        Array.from({ length: rank }, (_, i) => (i === (axis < 0 ? axis + rank : axis) ? t.size : 1)),
      );

const asFloat = (x: Value): Tensor => f.cast(x.tensor, 'f32');

function centred(x: Value, zero: Value | undefined, axis: number): Tensor {
  return zero ? f.sub(asFloat(x), along(asFloat(zero), axis, x.tensor.rank)) : asFloat(x);
}

function quantize(x: Tensor, scale: Tensor, zero: Value | undefined, axis: number): Value {
  const type = zero?.type ?? 'uint8';
  const rounded = f.round(f.div(x, along(scale, axis, x.rank)));
  const shifted = zero ? f.add(rounded, along(asFloat(zero), axis, x.rank)) : rounded;
  const [min, max] = ranges[type];
  return { tensor: f.cast(f.clamp(shifted, { min, max }), dtypeOf(type)), type };
}

const whole = (tensor: Tensor): Value => ({ tensor: f.cast(tensor, 'i32'), type: 'int32' });

/** Rounds sums in units of two scales to units of a third. */
function requantize(sums: Tensor, [a, b, y]: [Tensor, Tensor, Tensor], zero: Value | undefined): Value {
  return quantize(f.mul(sums, f.mul(a, b)), y, zero, 0);
}

export const quantized: Rules = {
  QuantizeLinear: ([x, scale, zero], call) => [
    quantize(asFloat(x!), scale!.tensor, zero, call.int('axis', 1)),
  ],
  DequantizeLinear: ([x, scale, zero], call) => {
    const axis = call.int('axis', 1);
    const tensor = f.mul(centred(x!, zero, axis), along(scale!.tensor, axis, x!.tensor.rank));
    return [{ tensor, type: 'float' }];
  },
  DynamicQuantizeLinear: ([x]) => {
    const low = f.clamp(f.min(x!.tensor), { max: 0 });
    const high = f.clamp(f.max(x!.tensor), { min: 0 });
    const scale = f.div(f.sub(high, low), 255);
    const start = f.clamp(f.round(f.div(f.mul(low, -1), scale)), { min: 0, max: 255 });
    const zero = { tensor: f.cast(start, 'u32'), type: 'uint8' };
    return [quantize(x!.tensor, scale, zero, 0), { tensor: scale, type: 'float' }, zero];
  },
  MatMulInteger: ([a, b, zeroA, zeroB]) => [whole(f.matmul(centred(a!, zeroA, -2), centred(b!, zeroB, -1)))],
  ConvInteger: ([x, w, zeroX, zeroW], call: NodeCall) => [
    whole(conv(call, centred(x!, zeroX, 1), centred(w!, zeroW, 0))),
  ],
  QLinearMatMul: ([a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY]) => {
    const sums = f.matmul(centred(a!, zeroA, -2), centred(b!, zeroB, -1));
    return [requantize(sums, [scaleA!.tensor, scaleB!.tensor, scaleY!.tensor], zeroY)];
  },
  QLinearConv: ([x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY], call) => {
    const sums = conv(call, centred(x!, zeroX, 1), centred(w!, zeroW, 0));
    return [requantize(sums, [scaleX!.tensor, along(scaleW!.tensor, 1, 4), scaleY!.tensor], zeroY)];
  },
};
