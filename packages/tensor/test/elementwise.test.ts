// Elementwise ops with numbers in either place, of whole numbers, with mixed dtypes, and what they refuse.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  div,
  DTypeError,
  ops,
  openDevice,
  pow,
  ShapeError,
  sub,
  tensor,
  TensorError,
  where,
  type DType,
  type Tensor,
} from '../src/node.ts';

const device = await openDevice();
const test = suite('elementwise');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const vector = (values: readonly number[], dtype: DType = 'f32'): Tensor =>
  tensor(device, values, [values.length], { dtype });

/** Dtype and values of what `work` makes. */
async function made(work: () => Tensor): Promise<[DType, number[]]> {
  const result = device.scope(work);
  return [result.dtype, [...(await result.read())]];
}

test('numbers in either place', async () => {
  const x = [1, 2, 4];
  const cases: [() => Tensor, number[]][] = [
    [() => vector(x).add(1), [2, 3, 5]],
    [() => sub(1, vector(x)), [0, -1, -3]],
    [() => div(8, vector(x)), [8, 4, 2]],
    [() => pow(2, vector(x)), [2, 4, 16]],
    [() => vector(x).pow(2), [1, 4, 16]],
    [() => vector(x).pow(-1), [1, 0.5, 0.25]],
    [() => vector(x).maximum(2), [2, 2, 4]],
    [() => vector(x).ge(2), [0, 1, 1]],
    [() => where(vector(x).gt(1), vector(x), -1), [-1, 2, 4]],
    [() => where(vector(x).gt(1), 0.5, -1), [-1, 0.5, 0.5]],
    [() => vector(x).clamp(2), [2, 2, 4]],
    [() => vector(x).clamp({ max: 2 }), [1, 2, 2]],
    [() => vector(x).clamp(3, 2), [2, 2, 2]],
  ];
  for (const [work, wanted] of cases) assert.equal((await made(work))[1], wanted, String(work));
});

test('whole numbers stay whole, and exact', async () => {
  const big = 16777217; // f32 has no such number
  const i = (...values: number[]): Tensor => vector(values, 'i32');
  const u = (...values: number[]): Tensor => vector(values, 'u32');
  const cases: [() => Tensor, DType, number[]][] = [
    [() => i(big, -big).add(i(1, 1)), 'i32', [big + 1, 1 - big]],
    [() => i(7, -7).sub(10), 'i32', [-3, -17]],
    [() => u(7, 5).mul(3), 'u32', [21, 15]],
    [() => u(4294967295, 0).add(1), 'u32', [0, 1]],
    [() => i(7, -7).div(i(2, 2)), 'f32', [3.5, -3.5]],
    [() => i(7, -7).div(2), 'f32', [3.5, -3.5]],
    [() => i(7, -7).floorDivide(2), 'i32', [3, -4]],
    [() => i(7, -7).remainder(3), 'i32', [1, 2]],
    [() => i(7, -7).remainder(-3), 'i32', [-2, -1]],
    [() => i(7, -7).fmod(3), 'i32', [1, -1]],
    [() => u(7, 4294967295).floorDivide(2), 'u32', [3, 2147483647]],
    [() => u(7, 8).remainder(u(4, 4)), 'u32', [3, 0]],
    [() => i(3, -3).neg(), 'i32', [-3, 3]],
    [() => i(3, -3).abs(), 'i32', [3, 3]],
    [() => i(3, -3).sign(), 'i32', [1, -1]],
    [() => u(3, 0).sign(), 'u32', [1, 0]],
    [() => i(3, -3).floor(), 'i32', [3, -3]],
    [() => i(3, -3).clamp(-1, 2), 'i32', [2, -1]],
    [() => i(big, 1).maximum(i(big - 1, 2)), 'i32', [big, 2]],
    [() => i(big, 1).eq(i(big - 1, 1)), 'u32', [0, 1]],
    [() => i(-1, 1).lt(0), 'u32', [1, 0]],
    [() => u(4294967295, 1).gt(1), 'u32', [1, 0]],
    [() => i(3, -2).pow(3), 'i32', [27, -8]],
    [() => pow(2, u(3, 10)), 'u32', [8, 1024]],
    [() => i(2, -1).pow(i(-1, -3)), 'i32', [0, -1]],
    [() => i(0, 3).logicalNot(), 'u32', [1, 0]],
    [() => i(-8, 8).bitwiseRightShift(1), 'i32', [-4, 4]],
    [() => i(5, -1).isnan(), 'u32', [0, 0]],
    [() => where(u(1, 0), i(big, 2), -3), 'i32', [big, -3]],
  ];
  for (const [work, dtype, wanted] of cases) assert.equal(await made(work), [dtype, wanted], String(work));
});

test('mixed dtypes promote by one rule (dtype/promote.ts)', async () => {
  const of = (dtype: DType): Tensor => vector([3, 1], dtype);
  const cases: [() => Tensor, DType][] = [
    [() => of('f32').add(of('i32')), 'f32'],
    [() => of('u32').add(of('f32')), 'f32'],
    [() => of('i32').add(of('u32')), 'i32'],
    [() => of('i32').add(0.5), 'f32'],
    [() => of('u32').add(-1), 'i32'],
    [() => of('u32').add(1), 'u32'],
  ];
  if (device.adapter.f16)
    cases.push(
      [() => of('f16').add(of('f32')), 'f32'],
      [() => of('f16').add(of('i32')), 'f16'],
      [() => of('f16').add(0.5), 'f16'],
    );
  for (const [work, dtype] of cases) assert.is((await made(work))[0], dtype, String(work));
  assert.equal((await made(() => of('i32').add(0.5)))[1], [3.5, 1.5]);
  assert.equal((await made(() => of('u32').add(-2)))[1], [1, -1]);
});

test('tanh near 0 is x (E12)', async () => {
  const x = [1e-8, 1e-5, 1e-3, 0.1, -0.59, 0.61];
  const [, values] = await made(() => vector(x).tanh());
  values.forEach((value, i) => {
    const wanted = Math.tanh(Math.fround(x[i]));
    assert.ok(Math.abs(value - wanted) <= 2e-7 * Math.abs(wanted), `tanh ${x[i]} is ${value}`);
  });
});

test('remainders are exact where the quotient is large', async () => {
  const [a, b] = [
    [1e10, 1e20, 6, 123456.78],
    [3, 7, 0.1, 0.001],
  ];
  const wanted = a.map((v, i) => Math.fround(v) % Math.fround(b[i]));
  assert.equal((await made(() => vector(a).fmod(vector(b))))[1], wanted);
});

test('what is not supported is refused by name (E15)', () => {
  const refuses = (work: (x: Tensor, i: Tensor, u: Tensor) => unknown, kind: unknown, text: RegExp): void =>
    device.scope(() =>
      assert.throws(
        () => work(vector([1, 2]), vector([1, 2], 'i32'), vector([1, 2], 'u32')),
        (error: Error) => {
          assert.instance(error, kind, String(error));
          assert.match(error.message, text);
          return true;
        },
      ),
    );
  const text = '2' as unknown as number;
  refuses((x) => x.add(text), TensorError, /^add: b is the text '2', but a tensor or a number is wanted/);
  refuses((x) => sub(text, x), TensorError, /^sub: a is the text '2'/);
  refuses(() => ops.mul(1, 2), TensorError, /^mul: a and b are numbers/);
  refuses((x) => x.add(vector([1, 2, 3])), ShapeError, /^add: shapes do not broadcast/);
  refuses((_, i) => i.exp(), DTypeError, /^exp: x is i32, but floats/);
  refuses((_, i) => i.atan2(1), DTypeError, /^atan2: a is i32, but floats/);
  refuses((x) => x.bitwiseAnd(1), DTypeError, /^bitwiseAnd: a is f32, but whole numbers/);
  refuses((_, i) => i.bitwiseAnd(0.5), DTypeError, /^bitwiseAnd: the number is f32, but whole numbers/);
  refuses((x) => x.bitwiseNot(), DTypeError, /^bitwiseNot: x is f32, but whole numbers/);
  refuses((_, i) => i.mul(3e9), DTypeError, /^mul: b is 3000000000, which i32 cannot hold/);
  refuses((_, i) => i.floorDivide(0), DTypeError, /^floorDivide: whole numbers have no quotient by 0/);
  refuses((_, i) => i.pow(-1), DTypeError, /^pow: b is -1, but whole numbers have no negative powers/);
  refuses((_, __, u) => u.neg(), DTypeError, /^neg: x is u32, which holds no negative numbers/);
  refuses((x) => x.clamp(), TensorError, /^clamp: neither min nor max/);
  refuses((x) => x.clamp({ low: 1 } as object), TensorError, /^clamp: there is no option 'low'/);
  refuses((_, i) => i.clamp(0.5), TensorError, /^clamp: min for i32 is 0.5, but a whole number/);
  refuses((x) => x.clamp(text), TensorError, /^clamp: min is the text '2'/);
  refuses((x) => x.leakyRelu(text), TensorError, /^leakyRelu: negativeSlope is the text '2'/);
  refuses((x) => x.elu(NaN), TensorError, /^elu: alpha is NaN/);
  refuses((x) => x.softplus({ gamma: 1 } as object), TensorError, /^softplus: there is no option 'gamma'/);
  refuses((x) => x.softplus(2 as unknown as object), TensorError, /^softplus: the options argument is 2/);
  refuses((x) => x.affine(text), TensorError, /^affine: scale is the text '2'/);
  refuses((x) => where(x, text, 1), TensorError, /^where: a is the text '2', but a tensor or a number/);
  refuses((x) => where(1 as unknown as Tensor, x, 1), TensorError, /^where: condition is 1, but a tensor/);
});

test.run();
