// NaN, ±∞ and zeros through elementwise ops: what PyTorch 2.6 gives for them on a CPU.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { grad, linear, ops, openDevice, tensor, where, type Activation, type Tensor } from '../src/node.ts';

const device = await openDevice();
const test = suite('non-finite');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const inf = Infinity;
const vector = (values: readonly number[]): Tensor => tensor(device, values, [values.length]);

/** NaN agrees with NaN, ±∞ with itself, and finite numbers to f32's accuracy. */
function agrees(what: string, actual: ArrayLike<number>, wanted: readonly number[]): void {
  assert.is(actual.length, wanted.length);
  wanted.forEach((w, i) => {
    const a = actual[i];
    const isNear = Math.abs(a - w) <= 3e-7 * Math.abs(w) || Object.is(a, w) || (a === 0 && w === 0);
    assert.ok(isNear, `${what}: element ${i} is ${a}, wanted ${w}`);
  });
}

type Row = readonly [
  atNaN: number,
  atInfinity: number,
  atMinusInfinity: number,
  ...points: [number, number][],
];

const rows: Record<string, Row> = {
  tanh: [NaN, 1, -1, [1e-5, 1e-5], [1e-8, 1e-8], [0.625, Math.tanh(0.625)], [100, 1], [-100, -1]],
  relu: [NaN, inf, 0],
  sigmoid: [NaN, 1, 0, [100, 1], [-200, 0]],
  gelu: [NaN, inf, NaN, [100, 100], [-100, 0]],
  geluNew: [NaN, inf, NaN, [100, 100], [-100, 0], [1e20, 1e20]],
  quickGelu: [NaN, inf, NaN, [100, 100]],
  silu: [NaN, inf, NaN, [100, 100], [-100, 0]],
  softplus: [NaN, inf, 0, [100, 100]],
  logSigmoid: [NaN, 0, -inf, [-200, -200]],
  mish: [NaN, inf, NaN, [100, 100]],
  softsign: [NaN, NaN, NaN],
  elu: [NaN, inf, -1],
  selu: [NaN, inf, -1.7580993408473766],
  celu: [NaN, inf, -1],
  leakyRelu: [NaN, inf, -inf],
  hardSigmoid: [NaN, 1, 0, [3, 1], [-3, 0]],
  hardSwish: [NaN, inf, NaN],
  hardTanh: [NaN, 1, -1],
  exp: [NaN, inf, 0, [88.5, Math.exp(88.5)], [89, inf], [-110, 0]],
  exp2: [NaN, inf, 0, [127, 2 ** 127], [128, inf], [-160, 0]],
  expm1: [NaN, inf, -1, [1e-8, 1e-8], [88.7, Math.expm1(Math.fround(88.7))], [89, inf]],
  log: [NaN, inf, NaN, [0, -inf], [-1, NaN], [1, 0]],
  log2: [NaN, inf, NaN, [0, -inf], [-1, NaN], [2 ** 100, 100]],
  log1p: [NaN, inf, NaN, [-1, -inf], [-2, NaN], [1e-8, 1e-8]],
  sqrt: [NaN, inf, NaN, [-1, NaN], [0, 0]],
  rsqrt: [NaN, 0, NaN, [-1, NaN], [0, inf]],
  reciprocal: [NaN, 0, 0, [0, inf], [-0, -inf]],
  square: [NaN, inf, inf, [1e20, inf]],
  erf: [NaN, 1, -1, [1e-8, 1.1283791670955126e-8], [5, 1]],
  sin: [NaN, NaN, NaN, [1e-8, 1e-8], [355, Math.sin(355)]],
  cos: [NaN, NaN, NaN, [0, 1], [10000, Math.cos(10000)]],
  tan: [NaN, NaN, NaN, [1e-8, 1e-8]],
  asin: [NaN, NaN, NaN, [1.01, NaN], [-1, -Math.PI / 2]],
  acos: [NaN, NaN, NaN, [-1.01, NaN], [1, 0], [-1, Math.PI]],
  atan: [NaN, Math.PI / 2, -Math.PI / 2, [1e-8, 1e-8]],
  sinh: [NaN, inf, -inf, [89, Math.sinh(89)], [90, inf], [1e-8, 1e-8]],
  cosh: [NaN, inf, inf, [-90, inf]],
  asinh: [NaN, inf, -inf, [1e-8, 1e-8], [1e30, Math.asinh(Math.fround(1e30))]],
  acosh: [NaN, inf, NaN, [1, 0], [0, NaN], [-3, NaN], [-1e30, NaN]],
  atanh: [NaN, NaN, NaN, [1, inf], [-1, -inf], [2, NaN], [1e-8, 1e-8]],
  neg: [NaN, -inf, inf],
  abs: [NaN, inf, inf],
  sign: [0, 1, -1, [-0, 0]],
  floor: [NaN, inf, -inf, [-0.5, -1]],
  ceil: [NaN, inf, -inf, [-0.5, 0]],
  round: [NaN, inf, -inf, [0.5, 0], [1.5, 2], [2.5, 2], [-0.5, 0]],
  trunc: [NaN, inf, -inf, [-1.7, -1]],
  isnan: [1, 0, 0, [1, 0]],
  isinf: [0, 1, 1, [1, 0]],
  isfinite: [0, 0, 0, [1, 1]],
  logicalNot: [0, 0, 0, [0, 1], [-0, 1], [1, 0]],
};

const run = (name: string, ...args: (Tensor | number)[]): Tensor =>
  (ops as unknown as Record<string, (...given: unknown[]) => Tensor>)[name](...args);

/** The values over and over, to a length that is a multiple of four or none: kernels for vectors and for single elements. */
const padded = (values: readonly number[], inVectors: boolean): number[] => {
  const length = 4 * Math.ceil(values.length / 4) + (inVectors ? 0 : 1);
  return Array.from({ length }, (_, i) => values[i % values.length]);
};

test('functions of one value', async () => {
  for (const [at, [name, [atNaN, atInfinity, atMinusInfinity, ...points]]] of Object.entries(
    rows,
  ).entries()) {
    const x = [NaN, inf, -inf, ...points.map(([point]) => point)];
    const wanted = [atNaN, atInfinity, atMinusInfinity, ...points.map(([, value]) => value)];
    const isVector = at % 2 === 0;
    const got = await device.scope(() => run(name, vector(padded(x, isVector)))).read();
    agrees(name, got, padded(wanted, isVector));
  }
});

test('clamp keeps NaN', async () => {
  const got = await device.scope(() => vector([NaN, inf, -inf, 0.5]).clamp(-1, 2)).read();
  agrees('clamp', got, [NaN, 2, -1, 0.5]);
});

test('activations behind products', async () => {
  const wanted: Record<Activation, number[]> = {
    tanh: [NaN, 1, -1],
    relu: [NaN, inf, 0],
    sigmoid: [NaN, 1, 0],
    gelu: [NaN, inf, NaN],
    geluNew: [NaN, inf, NaN],
    quickGelu: [NaN, inf, NaN],
  };
  for (const [activation, values] of Object.entries(wanted)) {
    const got = await device
      .scope(() => {
        const x = tensor(device, [NaN, inf, -inf], [3, 1]);
        return linear(x, tensor(device, [1], [1, 1]), undefined, { activation: activation as Activation });
      })
      .read();
    agrees(`linear with ${activation}`, got, values);
  }
});

/** Two values and the result, for operands that come in tensors. */
const pairs: Record<string, readonly (readonly [a: number, b: number, value: number])[]> = {
  add: [
    [inf, -inf, NaN],
    [NaN, 1, NaN],
    [3e38, 3e38, inf],
  ],
  sub: [
    [inf, inf, NaN],
    [-inf, 1, -inf],
  ],
  mul: [
    [inf, 0, NaN],
    [NaN, 0, NaN],
    [1e30, -1e30, -inf],
  ],
  div: [
    [1, 0, inf],
    [-1, 0, -inf],
    [1, -0, -inf],
    [0, 0, NaN],
    [inf, inf, NaN],
    [1, inf, 0],
  ],
  maximum: [
    [NaN, 1, NaN],
    [1, NaN, NaN],
    [inf, 1, inf],
    [-inf, -1, -1],
  ],
  minimum: [
    [NaN, 1, NaN],
    [1, NaN, NaN],
    [inf, 1, 1],
    [-inf, -1, -inf],
  ],
  pow: [
    [NaN, 0, 1],
    [1, NaN, 1],
    [NaN, 1, NaN],
    [2, NaN, NaN],
    [-2, 3, -8],
    [-2, 2, 4],
    [-8, 1 / 3, NaN],
    [0, -1, inf],
    [-0, -3, -inf],
    [0, 0, 1],
    [2, inf, inf],
    [0.5, inf, 0],
    [-1, inf, 1],
    [-inf, 3, -inf],
    [-inf, 0.5, inf],
    [0, 0.5, 0],
    [inf, -1, 0],
  ],
  fmod: [
    [5, 3, 2],
    [-5, 3, -2],
    [6, 3, 0],
    [1e10, 3, 1],
    [1, 0, NaN],
    [inf, 2, NaN],
    [2, inf, 2],
    [NaN, 2, NaN],
    [2, NaN, NaN],
    [0.5, 0.1, Math.fround(0.5) % Math.fround(0.1)],
  ],
  remainder: [
    [5, 3, 2],
    [-5, 3, 1],
    [5, -3, -1],
    [-6, 3, 0],
    [1, 0, NaN],
    [inf, 2, NaN],
    [-1, inf, inf],
    [2, inf, 2],
    [NaN, 2, NaN],
  ],
  floorDivide: [
    [5, 3, 1],
    [-5, 3, -2],
    [6, 3, 2],
    [1, 0, inf],
    [-1, 0, -inf],
    [0, 0, NaN],
    [-1, inf, -1],
    [inf, 2, NaN],
    [NaN, 2, NaN],
  ],
  atan2: [
    [0, 0, 0],
    [0, -0, Math.PI],
    [-0, -1, -Math.PI],
    [1, 0, Math.PI / 2],
    [inf, inf, Math.PI / 4],
    [inf, -inf, (3 * Math.PI) / 4],
    [1, -inf, Math.PI],
    [NaN, 1, NaN],
    [1, NaN, NaN],
  ],
  eq: [
    [NaN, NaN, 0],
    [inf, inf, 1],
    [0, -0, 1],
  ],
  ne: [
    [NaN, NaN, 1],
    [1, NaN, 1],
    [inf, inf, 0],
  ],
  lt: [
    [NaN, 1, 0],
    [1, NaN, 0],
    [-inf, inf, 1],
  ],
  le: [
    [NaN, NaN, 0],
    [1, NaN, 0],
    [inf, inf, 1],
  ],
  gt: [
    [NaN, 1, 0],
    [1, NaN, 0],
    [inf, 1, 1],
  ],
  ge: [
    [NaN, NaN, 0],
    [NaN, 1, 0],
    [inf, inf, 1],
  ],
  logicalAnd: [
    [NaN, 1, 1],
    [NaN, 0, 0],
    [inf, inf, 1],
  ],
  logicalOr: [
    [NaN, 0, 1],
    [0, -0, 0],
  ],
  logicalXor: [
    [NaN, 0, 1],
    [NaN, inf, 0],
  ],
};

test('functions of two tensors', async () => {
  for (const [at, [name, list]] of Object.entries(pairs).entries()) {
    const column = (k: 0 | 1 | 2): number[] =>
      padded(
        list.map((row) => row[k]),
        at % 2 === 0,
      );
    const got = await device.scope(() => run(name, vector(column(0)), vector(column(1)))).read();
    agrees(name, got, column(2));
  }
});

test('a tensor and itself', async () => {
  for (const [name, wanted] of Object.entries({
    sub: [NaN, NaN, 0],
    eq: [0, 1, 1],
    ne: [1, 0, 0],
    le: [0, 1, 1],
    ge: [0, 1, 1],
    lt: [0, 0, 0],
  })) {
    const got = await device
      .scope(() => {
        const x = vector([NaN, inf, 1]);
        return run(name, x, x);
      })
      .read();
    agrees(`${name} of one tensor`, got, wanted);
  }
});

test('a tensor and a number that f32 cannot hold, 0, or not a number (E6)', async () => {
  const x = [NaN, inf, -1, 0];
  const cases: [string, (t: Tensor) => Tensor, number[]][] = [
    ['mul 1e39', (t) => t.mul(1e39), [NaN, inf, -inf, NaN]],
    ['mul 0', (t) => t.mul(0), [NaN, NaN, 0, 0]],
    ['0 mul', (t) => ops.mul(0, t), [NaN, NaN, 0, 0]],
    ['div 0', (t) => t.div(0), [NaN, inf, -inf, NaN]],
    ['floorDivide 0', (t) => t.floorDivide(0), [NaN, inf, -inf, NaN]],
    ['remainder 0', (t) => t.remainder(0), [NaN, NaN, NaN, NaN]],
    ['div −0', (t) => t.div(-0), [NaN, -inf, inf, NaN]],
    ['div ∞', (t) => t.div(inf), [NaN, NaN, 0, 0]],
    ['1 div', (t) => ops.div(1, t), [NaN, 0, -1, inf]],
    ['add NaN', (t) => t.add(NaN), [NaN, NaN, NaN, NaN]],
    ['add −1e39', (t) => t.add(-1e39), [NaN, NaN, -inf, -inf]],
    ['sub ∞', (t) => t.sub(inf), [NaN, NaN, -inf, -inf]],
    ['maximum NaN', (t) => t.maximum(NaN), [NaN, NaN, NaN, NaN]],
    ['pow 0', (t) => t.pow(0), [1, 1, 1, 1]],
    ['eq NaN', (t) => t.eq(NaN), [0, 0, 0, 0]],
    ['lt ∞', (t) => t.lt(inf), [0, 0, 1, 1]],
    ['affine by 0', (t) => t.affine(0, 2), [NaN, NaN, 2, 2]],
    ['affine by 1e39', (t) => t.affine(1e39), [NaN, inf, -inf, NaN]],
  ];
  for (const [name, op, wanted] of cases)
    agrees(name, await device.scope(() => op(vector(x))).read(), wanted);
});

test('where takes NaN for true, and keeps what it does not choose out', async () => {
  const got = await device.scope(() => where(vector([NaN, 0, 1, 0]), vector([1, NaN, inf, 3]), -inf)).read();
  agrees('where', got, [1, -inf, inf, -inf]);
});

test('f16: what overflows becomes infinite', async () => {
  if (!device.adapter.f16) return;
  const half = (values: number[]): Tensor => tensor(device, values, [values.length], { dtype: 'f16' });
  const got = await device.scope(() => half([60000, -60000, 1, NaN]).mul(2)).read();
  agrees('f16', got, [inf, -inf, 2, NaN]);
  agrees('f16 exp', await device.scope(() => half([12, -20, 1, 3]).exp().isinf()).read(), [1, 0, 0, 0]);
});

/** The gradient of Σ f(x) at each x. */
const slopes = (x: readonly number[], f: (t: Tensor) => Tensor): Promise<ArrayLike<number>> =>
  device
    .scope(() => {
      const leaf = vector(x).trainable();
      const y = f(leaf);
      return grad(y, [leaf], { seed: vector(x.map(() => 1)) })[0];
    })
    .read();

test('gradients at corners and at infinity', async () => {
  const cases: [string, number[], (t: Tensor) => Tensor, number[]][] = [
    ['tanh', [NaN, inf, -inf, 0], (t) => t.tanh(), [NaN, 0, 0, 1]],
    ['sigmoid', [NaN, inf, -inf, 0], (t) => t.sigmoid(), [NaN, 0, 0, 0.25]],
    ['relu', [0, -1, 1, inf], (t) => t.relu(), [0, 0, 1, 1]],
    ['relu of an infinite gradient', [-1, 1, 0, 2], (t) => t.relu().mul(inf), [0, inf, 0, inf]],
    ['abs', [0, -1, 2, -inf], (t) => t.abs(), [0, -1, 1, -1]],
    ['sqrt', [0, 4, -1, inf], (t) => t.sqrt(), [inf, 0.25, NaN, 0]],
    ['log', [0, 2, inf, NaN], (t) => t.log(), [inf, 0.5, 0, NaN]],
    ['clamp', [-1, 0, 1, 2], (t) => t.clamp(-1, 1), [1, 1, 1, 0]],
    ['clamp of NaN', [NaN, inf, 0, 2], (t) => t.clamp(-1, 1), [0, 0, 1, 0]],
    ['sign', [-1, 0, NaN, 2], (t) => t.sign(), [0, 0, 0, 0]],
    ['floor', [-1.5, 0, NaN, 2], (t) => t.floor(), [0, 0, 0, 0]],
    ['pow 2', [0, -3, 1, inf], (t) => t.pow(2), [0, -6, 2, inf]],
    ['pow 0', [0, NaN, 1, inf], (t) => t.pow(0), [0, 0, 0, 0]],
    ['pow 0.5', [0, 4, -1, 1], (t) => t.pow(0.5), [inf, 0.25, NaN, 0.5]],
    ['pow 5', [-2, 0, 1, 2], (t) => t.pow(5), [80, 0, 5, 80]],
    ['0 to the power', [0, 1, -1, 2], (t) => ops.pow(0, t), [0, 0, -inf, 0]],
    [
      '2 to the power',
      [0, 1, -1, 2],
      (t) => ops.pow(2, t),
      [Math.LN2, 2 * Math.LN2, Math.LN2 / 2, 4 * Math.LN2],
    ],
    ['maximum, equal', [0, 1, 2, NaN], (t) => t.maximum(1), [0, 0.5, 1, 1]],
    ['minimum, equal', [0, 1, 2, -1], (t) => t.minimum(1), [1, 0.5, 0, 1]],
    ['mul 0', [1, 2, 3, 4], (t) => t.mul(0), [0, 0, 0, 0]],
    ['div', [1, 2, 3, -4], (t) => ops.div(1, t), [-1, -0.25, -1 / 9, -1 / 16]],
    ['fmod', [5, -5, 7, 1], (t) => ops.fmod(t, 3), [1, 1, 1, 1]],
    ['remainder by', [3, -3, 2, 9], (t) => ops.remainder(-5, t), [2, -1, 3, 1]],
    ['where', [-1, 0, 1, NaN], (t) => where(t.gt(0), t.sqrt(), 0), [NaN, NaN, 0.5, NaN]],
  ];
  for (const [name, x, f, wanted] of cases) agrees(`gradient of ${name}`, await slopes(x, f), wanted);
});

test.run();
