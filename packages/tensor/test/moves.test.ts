// Moves of elements as their users call them: forms of arguments, refusals, whole numbers, plans that join them.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  arange,
  compile,
  cross,
  DTypeError,
  einsum,
  grad,
  meshgrid,
  openDevice,
  ShapeError,
  stack,
  tensor,
  TensorError,
  type Tensor,
} from '../src/node.ts';
import { refusesOn } from './refuses.ts';

const device = await openDevice();
const test = suite('moves');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const numbers = (...shape: number[]): Tensor =>
  arange(
    device,
    shape.reduce((a, b) => a * b, 1),
    { dtype: 'i32' },
  ).reshape(shape);

async function holds(x: Tensor, shape: number[], values: number[]): Promise<void> {
  assert.equal([...x.shape], shape);
  assert.equal([...(await x.read())], values);
}

const refuses = refusesOn(device);

test('reshape takes sizes one by one or as a list, and refuses what is no shape', () =>
  device.scope(async () => {
    await holds(numbers(6).reshape(3, 2), [3, 2], [0, 1, 2, 3, 4, 5]);
    assert.equal([...numbers(6).reshape(2, -1).shape], [2, 3]);
    assert.equal([...numbers(0, 4).reshape([2, 0]).shape], [2, 0]);
    refuses(() => numbers(4).reshape([-2, -2]), ShapeError, /reshape: the shape is the array \[-2, -2\]/);
    refuses(() => numbers(4).reshape(-1, -1), ShapeError, /2 sizes of −1/);
    refuses(() => numbers(4).reshape(3, -1), ShapeError, /no size for −1/);
    refuses(() => numbers(0, 4).reshape(0, -1), ShapeError, /no size for −1/);
    refuses(() => numbers(4).reshape(2.5), ShapeError, /2\.5/);
    refuses(() => numbers(4).reshape(3), ShapeError, /\[4\] has 4 elements, \[3\] has 3/);
    refuses(() => numbers(4).reshape('4' as never), ShapeError, /the text '4'|the array/);
  }));

test('squeeze, unsqueeze, flatten and unflatten are views', () =>
  device.scope(() => {
    const x = numbers(1, 2, 1, 3);
    const shapes: [Tensor, number[]][] = [
      [x.squeeze(), [2, 3]],
      [x.squeeze(0), [2, 1, 3]],
      [x.squeeze([0, 1, -2]), [2, 3]],
      [x.unsqueeze(0), [1, 1, 2, 1, 3]],
      [x.unsqueeze(-1), [1, 2, 1, 3, 1]],
      [x.flatten(), [6]],
      [x.flatten(1, 2), [1, 2, 3]],
      [x.flatten(-2), [1, 2, 3]],
      [tensor(device, 5).flatten(), [1]],
      [x.unflatten(-1, [3, -1]), [1, 2, 1, 3, 1]],
    ];
    for (const [view, shape] of shapes) {
      assert.equal([...view.shape], shape);
      if (view.size === 6) assert.is(view.storage, x.storage);
    }
    refuses(() => x.squeeze(4), ShapeError, /squeeze: axis 4/);
    refuses(() => x.flatten(2, 1), ShapeError, /flatten: axis 2 lies behind axis 1/);
    refuses(() => x.unflatten(1, [3, -1]), ShapeError, /unflatten: .*the size 2 of axis 1/);
  }));

test('transpose reverses, swaps or permutes; permute, swapaxes and movedim agree with it', () =>
  device.scope(async () => {
    const x = numbers(2, 3, 4);
    await holds(numbers(2, 3).transpose(), [3, 2], [0, 3, 1, 4, 2, 5]);
    assert.equal([...x.transpose().shape], [4, 3, 2]);
    const swapped = await x.transpose([0, 2, 1]).read();
    for (const same of [
      x.transpose(1, 2),
      x.transpose(-1, 1),
      x.permute(0, 2, 1),
      x.swapaxes(1, 2),
      x.movedim(2, 1),
    ])
      await holds(same, [2, 4, 3], [...swapped]);
    assert.equal([...x.movedim([0, 1], [-1, -2]).shape], [4, 3, 2]);
    refuses(() => x.transpose([0, 1]), ShapeError, /no order of the axes/);
    refuses(() => x.transpose(...([1] as never)), ShapeError, /axis 1 stands alone/);
    refuses(() => x.transpose(0, 3), ShapeError, /axis 3/);
  }));

test('slices of several axes and with steps; narrow and select', () =>
  device.scope(async () => {
    const x = numbers(3, 4);
    await holds(
      x.slice([
        { axis: 0, start: 1 },
        { axis: 1, step: 2 },
      ]),
      [2, 2],
      [4, 6, 8, 10],
    );
    await holds(x.slice({ axis: 1, step: -1, end: 0 }), [3, 3], [3, 2, 1, 7, 6, 5, 11, 10, 9]);
    await holds(x.slice({ axis: 1, step: -3 }), [3, 2], [3, 0, 7, 4, 11, 8]);
    await holds(x.narrow(1, -3, 2), [3, 2], [1, 2, 5, 6, 9, 10]);
    await holds(x.select(0, -1), [4], [8, 9, 10, 11]);
    refuses(() => x.slice({ axis: 0, start: 2, end: 4 }), ShapeError, /slice: 2 to 4 is no part of axis 0/);
    refuses(() => x.slice({ axis: 0, start: 3, step: -1 }), ShapeError, /no part/);
    refuses(() => x.slice({ step: 0 }), ShapeError, /by 0/);
    refuses(() => x.slice([{ axis: 0 }, { axis: -2 }]), ShapeError, /name one axis twice/);
    refuses(() => x.slice(1 as never), TensorError, /slice: the options argument is 1/);
    refuses(() => x.narrow(0, 2, 2), ShapeError, /2 to 4/);
    refuses(() => x.select(0, 3), ShapeError, /3 to 4/);
    refuses(() => x.select(1, -5), ShapeError, /no part/);
  }));

test('split, chunk and unbind take apart what stack and concat join', () =>
  device.scope(async () => {
    const x = numbers(5, 2);
    assert.equal(
      x.split(2).map(({ shape }) => shape[0]),
      [2, 2, 1],
    );
    assert.equal(
      x.chunk(3).map(({ shape }) => shape[0]),
      [2, 2, 1],
    );
    assert.equal(
      x.chunk(4).map(({ shape }) => shape[0]),
      [2, 2, 1],
    );
    const [first, second] = x.split([1, 4]);
    await holds(first, [1, 2], [0, 1]);
    await holds(second, [4, 2], [2, 3, 4, 5, 6, 7, 8, 9]);
    await holds(stack(x.unbind(1)), [2, 5], [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]);
    refuses(() => x.split([2, 2]), ShapeError, /together 4, but axis 0 of \[5, 2\] has 5/);
    refuses(() => x.split(0), TensorError, /split: sizes is 0/);
    refuses(() => stack([first, second]), ShapeError, /stack: shapes differ/);
    refuses(() => stack([]), ShapeError, /no tensors/);
  }));

test('whole numbers are moved exactly', () =>
  device.scope(async () => {
    const big = tensor(device, [2 ** 31 - 1, -(2 ** 31), 16777217], { dtype: 'i32' });
    await holds(big.flip(0), [3], [16777217, -(2 ** 31), 2 ** 31 - 1]);
    await holds(big.roll(1), [3], [16777217, 2 ** 31 - 1, -(2 ** 31)]);
    await holds(big.pad([[1, 0]], { value: -7 }), [4], [-7, 2 ** 31 - 1, -(2 ** 31), 16777217]);
    await holds(big.expand(2, -1).select(0, 1), [3], [2 ** 31 - 1, -(2 ** 31), 16777217]);
    await holds(tensor(device, [4294967295], { dtype: 'u32' }).repeat(2), [2], [4294967295, 4294967295]);
    await holds(numbers(2, 2).tril(), [2, 2], [0, 0, 2, 3]);
  }));

test('NaN and infinities are moved, and pads may be infinite', () =>
  device.scope(async () => {
    const x = tensor(device, [NaN, Infinity, -Infinity]);
    await holds(x.flip(0), [3], [-Infinity, Infinity, NaN]);
    await holds(x.pad([[1, 1]], { value: -Infinity }), [5], [-Infinity, NaN, Infinity, -Infinity, -Infinity]);
    await holds(tensor(device, [1]).pad([[0, 1]], { value: NaN }), [2], [1, NaN]);
    refuses(() => numbers(2).pad([[1, 1]], { value: 3e9 }), TensorError, /pad: value is 3000000000/);
  }));

test('repeat, repeatInterleave, roll and diag as PyTorch has them', () =>
  device.scope(async () => {
    await holds(numbers(2).repeat(2, 2), [2, 4], [0, 1, 0, 1, 0, 1, 0, 1]);
    await holds(numbers(2, 2).repeatInterleave(2), [8], [0, 0, 1, 1, 2, 2, 3, 3]);
    await holds(numbers(2, 2).repeatInterleave(2, { axis: 1 }), [2, 4], [0, 0, 1, 1, 2, 2, 3, 3]);
    await holds(numbers(2, 3).roll(1), [2, 3], [5, 0, 1, 2, 3, 4]);
    await holds(numbers(2, 3).roll([1, -1], [0, 1]), [2, 3], [4, 5, 3, 1, 2, 0]);
    await holds(tensor(device, [1, 2]).diag(), [2, 2], [1, 0, 0, 2]);
    await holds(tensor(device, [1, 2]).diag(-1), [3, 3], [0, 0, 0, 1, 0, 0, 0, 2, 0]);
    await holds(numbers(2, 3).diag(1), [2], [1, 5]);
    assert.equal([...tensor(device, []).diag(2).shape], [2, 2]);
    refuses(() => numbers(2, 3).repeat(2), ShapeError, /repeat: times/);
    refuses(() => numbers(2, 3).roll([1, 1], 0), ShapeError, /2 shifts for 1 axes/);
    refuses(() => numbers(2, 3).expand(3, 3), ShapeError, /axis 0 has 2 entries, and only 1 can become 3/);
    refuses(() => numbers(3).expand(-1, 3), ShapeError, /axis 0 is new/);
  }));

test('pads that an axis cannot give are refused', () => {
  const pad =
    (pads: readonly (readonly [number, number])[], mode?: 'reflect' | 'circular' | 'replicate') => () =>
      numbers(2, 3).pad(pads, mode && { mode });
  refuses(pad([[1, 1]]), ShapeError, /a pair \[before, after\] is wanted for each axis of \[2, 3\]/);
  refuses(
    pad(
      [
        [0, 0],
        [3, 0],
      ],
      'reflect',
    ),
    ShapeError,
    /axis 1 .*takes 0 to 2/,
  );
  refuses(
    pad(
      [
        [0, 0],
        [0, 4],
      ],
      'circular',
    ),
    ShapeError,
    /takes 0 to 3/,
  );
  refuses(
    pad(
      [
        [0, 0],
        [-1, 0],
      ],
      'replicate',
    ),
    ShapeError,
    /-1 and 0 entries/,
  );
  refuses(
    pad([
      [-1, -2],
      [0, 0],
    ]),
    ShapeError,
    /axis 0/,
  );
  refuses(() => numbers(2).pad([[0, 1]], { mode: 'edge' as never }), TensorError, /'replicate'/);
});

test('meshgrid, cross and einsum', () =>
  device.scope(async () => {
    const [y, x] = meshgrid([numbers(2), numbers(3)]);
    await holds(y, [2, 3], [0, 0, 0, 1, 1, 1]);
    await holds(x, [2, 3], [0, 1, 2, 0, 1, 2]);
    assert.equal([...meshgrid([numbers(2), numbers(3)], { indexing: 'xy' })[0].shape], [3, 2]);
    await holds(cross(tensor(device, [1, 2, 3]), tensor(device, [4, 5, 6])), [3], [-3, 6, -3]);
    const m = tensor(device, [
      [1, 2],
      [3, 4],
    ]);
    await holds(einsum('ii', m), [], [5]);
    await holds(einsum('ji', m), [2, 2], [1, 3, 2, 4]);
    refuses(() => einsum('ij,jk->ik', m), ShapeError, /2 terms for 1 tensors/);
    refuses(() => einsum('ijk', m), ShapeError, /'ijk' has 3 letters/);
    refuses(() => einsum('ij->ik', m), ShapeError, /'k' of the result/);
    refuses(
      () => einsum('ij,jk', m, tensor(device, [[1, 2]]).repeat(3, 1)),
      ShapeError,
      /axis 'j' has 2 entries and 3/,
    );
    refuses(() => einsum('i,i', numbers(2), numbers(2)), DTypeError, /i32/);
  }));

test('a plan joins moves with what reads them, gradients included', async () => {
  const step = (x: Tensor): Tensor => x.flip(1).mul(2).square();
  const values = Float32Array.from({ length: 12 }, (_, i) => i - 4);
  const plan = await compile(device, { x: { shape: [3, 4] } }, ({ x }) => {
    x.trainable();
    const y = step(x);
    return { y, g: grad(y.sum(), [x])[0] };
  });
  const { y, g } = plan.run({ x: values });
  const flipped = (at: number): number => values[at - (at % 4) + 3 - (at % 4)];
  assert.equal(
    [...(await y.read())],
    Array.from(values, (_, i) => (2 * flipped(i)) ** 2),
  );
  assert.equal(
    [...(await g.read())],
    Array.from(values, (v) => 8 * v),
  );
  assert.ok(
    plan.calls.some(({ name }) => name === 'flip + mul'),
    plan.calls.map(({ name }) => name).join(' · '),
  );
  plan.dispose();
});

const small = await openDevice({ bindingLimit: 1024 });
test.after(() => small.close());
test('moves over the binding limit, in plans too', async () => {
  const work = (x: Tensor): Tensor =>
    x
      .flip(0)
      .pad([
        [1, 2],
        [0, 1],
      ])
      .roll(3, 1)
      .slice({ axis: 0, start: 1, step: 2 })
      .transpose()
      .add(1);
  const values = Float32Array.from({ length: 30 * 31 }, (_, i) => i);
  const expected = await device.scope(() => work(tensor(device, values, [30, 31])).read());
  const eager = await small.scope(() => work(tensor(small, values, [30, 31])).read());
  assert.equal([...eager], [...expected]);
  const plan = await compile(small, { x: { shape: [30, 31] } }, ({ x }) => ({ y: work(x) }));
  assert.equal([...(await plan.run({ x: values }).y.read())], [...expected]);
  plan.dispose();
  await failOnGpuErrors(small)();
});

test.run();
