// What was silently wrong once: gradients that were zero, plans that read freed memory, loops that kept every tensor.
import { inspect } from 'node:util';
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  argmax,
  compile,
  concat,
  defineOp,
  DisposedError,
  grad,
  noGrad,
  openDevice,
  parameter,
  ShapeError,
  tensor,
  TensorError,
  type OpDefinition,
  type Tensor,
} from '../src/node.ts';
import { formatTensor } from '../src/format-tensor.ts';
import { refusesOn } from './refuses.ts';

const remarks: string[] = [];
const device = await openDevice({ remark: (text) => void remarks.push(text) });
const test = suite('truth');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const refuses = refusesOn(device);

test('an op without a gradient throws where one is wanted, and names itself and the cure', () => {
  const definition: OpDefinition<object, readonly [Tensor]> = {
    name: 'plain',
    inputs: ['x'],
    infer: ([x]) => [x],
    launch: ({ run }, [x], [out]) =>
      run({ read: { x }, write: { out }, threads: x.size, code: 'fn thread(i: u32) { out[i] = x[i]; }' }),
  };
  const plain = defineOp(definition, (apply) => (x: Tensor) => apply([x], {})[0]);
  const x = parameter(device, [1, 2, 3], [3]);
  refuses(
    () => plain(x),
    TensorError,
    /^plain: it has no gradient, but x Tensor \[3\] f32 wants one; .*noGrad.*detach/,
  );
  device.scope(() => {
    assert.is(noGrad(device, () => plain(x)).requiresGrad, false);
    assert.is(plain(x.detach()).requiresGrad, false);
  });
  x.dispose();
});

test('grad refuses what would give zeros without a word', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2, 3], [3]).trainable();
    const other = tensor(device, [1], [1]).trainable();
    const fixed = tensor(device, [1, 2, 3], [3]);
    refuses(() => grad(x.sum(), [fixed]), TensorError, /tensor 0, Tensor \[3\] f32, is not trainable/);
    refuses(() => grad(fixed.sum(), [x]), TensorError, /depends on nothing trainable/);
    refuses(
      () =>
        grad(
          noGrad(device, () => x.sum()),
          [x],
        ),
      TensorError,
      /noGrad/,
    );
    refuses(() => grad(x.sum(), [x, other]), TensorError, /does not depend on tensor 1/);
    refuses(() => grad(argmax(x).cast('f32'), [x]), TensorError, /whole numbers/);
    const [first] = grad(x.square().sum(), [x]);
    refuses(() => grad(first.sum(), [x]), TensorError, /no second derivatives/);
    assert.is(grad(x.sum(), [x, other], { allowUnused: true }).length, 2);
  });
});

test('a seed has the shape of the loss (E5)', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2, 3], [3]).trainable();
    refuses(
      () => grad(x.square(), [x], { seed: tensor(device, [1], []) }),
      ShapeError,
      /seed \[\] has not the shape of the loss \[3\]/,
    );
  });
});

test('a plan that has lost what it took from outside refuses to run (E4)', async () => {
  const c = tensor(device, [10, 20], [2]).keep();
  const plan = await compile(device, { x: { shape: [2] } }, ({ x }) => ({ y: x.add(c) }));
  assert.equal([...(await plan.run({ x: [1, 1] }).y.read())], [11, 21]);
  c.dispose();
  assert.throws(
    () => plan.run({ x: [1, 1] }),
    (e: Error) => e instanceof DisposedError && /tensor \[2\] f32: this tensor was released/.test(e.message),
  );
  plan.dispose();
});

test('a plan wants every input, and no others (E7)', async () => {
  const specs = { x: { shape: [1] }, y: { shape: [1] } };
  const plan = await compile(device, specs, ({ x, y }) => ({ z: x.add(y) }));
  const run = (values: object): unknown => plan.run(values as { x: number[]; y: number[] });
  assert.is(await plan.run({ x: [1], y: [2] }).z.item(), 3);
  assert.throws(() => run({ x: [5] }), /plan: input "y" Tensor \[1\] f32 is left out/);
  assert.throws(() => run({}), /plan: input "x" Tensor \[1\] f32 is left out/);
  assert.throws(() => run({ x: [5], y: [1], w: [1] }), /plan: there is no input "w"; inputs: x, y/);
  assert.throws(() => run({ x: [5], y: [1], toString: [1] }), /no input "toString"/);
  assert.is(await plan.run().z.item(), 3);
  plan.inputs.x.write([40]);
  assert.is(await plan.run().z.item(), 42);
  plan.dispose();
});

test('plans over tensors without elements (E8)', async () => {
  const plan = await compile(device, { x: { shape: [0, 3] } }, ({ x }) => {
    const y = x.mul(2);
    return { y, sum: y.sum() };
  });
  const { y, sum } = plan.run({ x: [] });
  assert.equal([...(await y.read())], []);
  assert.is(await sum.item(), 0);
  plan.dispose();
});

test('a loop outside a scope is remarked on once, with the op and the line', () => {
  const x = tensor(device, [1], [1]).keep();
  const made: Tensor[] = [];
  for (let i = 0; i < 1100; i++) made.push(x.add(1));
  assert.is(remarks.length, 1);
  assert.match(remarks[0], /^1000 tensors made by add outside any scope .*truth\.test\.ts:\d+/);
  for (const t of made) t.dispose();
  for (let i = 0; i < 1100; i++) device.scope(() => void x.sub(x));
  for (let i = 0; i < 1100; i++) x.mul(x).dispose();
  assert.is(remarks.length, 1);
  x.dispose();
});

test('console.log shows a tensor, not its device', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
    assert.is(inspect(x), 'Tensor [2, 3] f32');
    assert.is(inspect({ x }), '{ x: Tensor [2, 3] f32 }');
    assert.is(x.toString(), 'Tensor [2, 3] f32');
  });
});

test('print shows the values', () => {
  assert.is(formatTensor([1, 2, 3, 4], [2, 2], 'f32'), '[[1., 2.],\n [3., 4.]]\nTensor [2, 2] f32');
  assert.is(formatTensor([1.5, NaN, -Infinity], [3], 'f32'), '[1.5000,    nan,   -inf]\nTensor [3] f32');
  assert.is(formatTensor([7], [], 'u32'), '7\nTensor [] u32');
  assert.is(formatTensor([], [0, 2], 'f32'), '[]\nTensor [0, 2] f32');
  assert.is(formatTensor([1e-9, 1], [2], 'f32'), '[1.0000e-9, 1.0000e+0]\nTensor [2] f32');
  const long = formatTensor(
    Array.from({ length: 4000 }, (_, i) => i),
    [2000, 2],
    'i32',
  );
  assert.is(long.split('\n').length, 8);
  assert.match(long, / …,/);
});

test('an argument that is no tensor is named', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2], [2]);
    const add = (b: unknown): unknown => x.add(b as Tensor);
    refuses(() => add('2'), TensorError, /^add: b is the text '2', but a tensor or a number is wanted/);
    refuses(() => add([1]), TensorError, /^add: b is the array \[1\], but a tensor or a number is wanted/);
    refuses(() => add(null), TensorError, /^add: b is null, but a tensor or a number is wanted/);
    refuses(() => add({}), TensorError, /^add: b is an object \{\}, but a tensor or a number is wanted/);
  });
});

test('only ops that begin with a tensor are methods', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2], [2]) as unknown as Record<string, unknown>;
    for (const name of ['fill', 'concat', 'randomNormal', 'attention']) assert.is(x[name], undefined);
    for (const name of ['add', 'sum', 'matmul']) assert.type(x[name], 'function');
  });
});

test('a dtype there is not, and one tensor where a list is wanted (E15)', () => {
  device.scope(() => {
    const x = tensor(device, [1, 2], [2]);
    refuses(
      () => tensor(device, [1], [1], { dtype: 'f64' as 'f32' }),
      TensorError,
      /no dtype f64; there are f32, f16, i32, u32/,
    );
    refuses(() => x.cast('f64' as 'f32'), TensorError, /no dtype f64/);
    refuses(
      () => concat(x as unknown as Tensor[]),
      TensorError,
      /^concat: the tensors are Tensor \[2\] f32, but a list of tensors/,
    );
  });
});

test.run();
