// The rule for indices, and what of equal ones comes first: never another entry's memory, and the same on every run.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  bincount,
  bucketize,
  DTypeError,
  embedding,
  grad,
  openDevice,
  searchSorted,
  ShapeError,
  tensor,
  TensorError,
  zeros,
  type Tensor,
} from '../src/node.ts';
import { refusesOn } from './refuses.ts';

const device = await openDevice();
const test = suite('indices');
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const i32 = (values: number[] | number[][]): Tensor => tensor(device, values, { dtype: 'i32' });
const u32 = (values: number[]): Tensor => tensor(device, values, { dtype: 'u32' });
const read = async (x: Tensor): Promise<number[]> => [...(await x.read())];

const refuses = refusesOn(device);

test('an index outside reads NaN, or 0 of integers, and gets no gradient; i32 counts from the end', () =>
  device.scope(async () => {
    const x = tensor(device, [10, 20, 30]).trainable();
    const index = i32([-1, -3, -4, 3, 2147483647, -2147483648, 1]);
    const wanted = [30, 10, NaN, NaN, NaN, NaN, 20];
    for (const y of [x.take(index), x.indexSelect(0, index), x.gather(0, index)]) {
      assert.equal(await read(y), wanted);
      assert.equal(await read(grad(y.sum(), [x])[0]), [1, 1, 1]);
    }
    assert.equal(await read(x.gather(0, u32([2, 3, 4294967295]))), [30, NaN, NaN]);
    assert.equal(await read(i32([10, 20]).take(i32([2, -1]))), [0, 20]);
    // The rows of a matrix: not the next row's memory.
    const rows = tensor(device, [
      [1, 2],
      [3, 4],
    ]);
    assert.equal(
      await read(
        rows.gather(
          1,
          i32([
            [2, 0],
            [1, -3],
          ]),
        ),
      ),
      [NaN, 1, 4, NaN],
    );
  }));

test('f16 reads NaN outside too', () =>
  device.scope(async () => {
    if (!device.adapter.f16) return;
    const x = tensor(
      device,
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      { dtype: 'f16' },
    );
    assert.equal(await read(x.take(i32([1, 2]), { axis: 0 })), [5, 6, 7, 8, NaN, NaN, NaN, NaN]);
    assert.equal(await read(x.gather(1, i32([[4]]))), [NaN]);
  }));

test('lists of numbers are checked on the host', () =>
  device.scope(async () => {
    const x = tensor(device, [
      [1, 2],
      [3, 4],
    ]);
    assert.equal(await read(x.indexSelect(1, [-1, 0])), [2, 1, 4, 3]);
    refuses(() => x.take([2], { axis: 0 }), ShapeError, /take: index 2 is outside an axis of 2 entries/);
    refuses(() => x.indexSelect(0, [-3]), ShapeError, /indexSelect: index -3/);
    refuses(() => x.indexAdd(0, [0.5], x), TensorError, /indexAdd: index is 0.5/);
    refuses(() => x.gather(0, x), DTypeError, /gather: index is f32/);
    refuses(() => x.gather(0, i32([0])), ShapeError, /gather: index \[1\] does not fit x \[2, 2\]/);
    refuses(() => x.gather(0, i32([[0, 0, 0]])), ShapeError, /none longer but axis 0/);
  }));

test('scatters write nothing outside, and of equal indices the last wins and gets the gradient', () =>
  device.scope(async () => {
    const x = tensor(device, [1, 2, 3]).trainable();
    const source = tensor(device, [10, 20, 30, 40, 50]).trainable();
    const index = i32([0, 3, 0, -4, -1]);
    const put = x.scatter(0, index, source);
    assert.equal(await read(put), [30, 2, 50]);
    const weights = tensor(device, [1, 10, 100]);
    const [gx, gs] = grad(put.mul(weights).sum(), [x, source]);
    assert.equal(await read(gx), [0, 10, 0]);
    assert.equal(await read(gs), [0, 0, 1, 0, 100]);
    const added = x.scatterAdd(0, index, source);
    assert.equal(await read(added), [41, 2, 53]);
    assert.equal(await read(grad(added.mul(weights).sum(), [source])[0]), [1, 0, 1, 0, 100]);
    assert.equal(await read(x.detach().indexAdd(0, index, source.detach())), [41, 2, 53]);
    assert.equal(await read(x.scatter(0, index, -1)), [-1, 2, -1]);
  }));

test('scatterReduce combines, and only sums have a gradient', () =>
  device.scope(async () => {
    const x = tensor(device, [2, 5, NaN]);
    const index = u32([0, 1, 0, 2, 9]);
    const source = tensor(device, [3, 4, -1, 7, 8]);
    assert.equal(await read(x.scatterReduce(0, index, source, 'prod')), [-6, 20, NaN]);
    assert.equal(await read(x.scatterReduce(0, index, source, 'amax')), [3, 5, NaN]);
    assert.equal(await read(x.scatterReduce(0, index, source, 'amin')), [-1, 4, NaN]);
    assert.equal(await read(x.scatterReduce(0, index, source, 'sum')), [4, 9, NaN]);
    refuses(() => x.detach().trainable().scatterReduce(0, index, source, 'prod'), TensorError, /no gradient/);
    refuses(() => x.scatterReduce(0, index, source, 'mean' as never), TensorError, /one of 'sum'/);
    refuses(() => x.scatterAdd(0, index, i32([1, 2, 3, 4, 5])), DTypeError, /source is i32/);
    refuses(() => i32([1]).scatter(0, i32([0]), 3e9), TensorError, /the value is 3000000000/);
  }));

test('large results are walked line by line, with the same sums', () =>
  device.scope(async () => {
    const [rows, columns] = [2 ** 18 + 3, 3];
    const places = [5, rows - 1, 5, 7, -1, rows, 5];
    const values = places.flatMap((_, i) => [i + 1, 10 * (i + 1), 100 * (i + 1)]);
    const expected = (combine: (old: number, v: number) => number): Map<number, number> => {
      const sums = new Map<number, number>();
      places.forEach((place, i) => {
        const row = place < 0 ? place + rows : place;
        if (row >= rows) return;
        for (let c = 0; c < columns; c++) {
          const at = row * columns + c;
          sums.set(at, combine(sums.get(at) ?? 0, values[i * columns + c]));
        }
      });
      return sums;
    };
    const x = zeros(device, [rows, columns]);
    const index = i32(places.map((place) => [place, place, place]));
    const source = tensor(device, values, [places.length, columns]);
    for (const [result, combine] of [
      [x.scatterAdd(0, index, source), (a: number, v: number): number => a + v],
      [x.scatter(0, index, source), (_: number, v: number): number => v],
    ] as const) {
      const got = await result.read();
      const wanted = expected(combine);
      got.forEach((v, at) => v !== (wanted.get(at) ?? 0) && assert.unreachable(`element ${at} is ${v}`));
    }
  }));

test('ids of embedding and oneHot outside give zeros', () =>
  device.scope(async () => {
    const table = tensor(device, [
      [1, 2],
      [3, 4],
    ]).trainable();
    const rows = embedding(table, i32([1, -1, 2, 0]));
    assert.equal(await read(rows), [3, 4, 0, 0, 0, 0, 1, 2]);
    assert.equal(await read(grad(rows.sum(), [table])[0]), [1, 1, 1, 1]);
    assert.equal(await read(i32([1, -1, 2]).oneHot(2)), [0, 1, 0, 0, 0, 0]);
    refuses(() => table.oneHot(2), DTypeError, /oneHot: index is f32/);
  }));

test('bincount, searchSorted and bucketize', () =>
  device.scope(async () => {
    assert.equal(await read(bincount(i32([1, 3, 1, -1, 5, 0]), 4)), [1, 2, 0, 1]);
    const sorted = tensor(device, [1, 3, 5, 7, 9]);
    assert.equal(await read(searchSorted(sorted, tensor(device, [3, 6, 9, 10, -1]))), [1, 3, 4, 5, 0]);
    assert.equal(await read(searchSorted(sorted, tensor(device, [3, 6, 9]), { right: true })), [2, 3, 5]);
    assert.equal(
      await read(
        bucketize(
          tensor(device, [
            [3, 6],
            [9, 1],
          ]),
          sorted,
        ),
      ),
      [1, 3, 4, 0],
    );
    refuses(() => searchSorted(sorted, i32([1])), DTypeError, /values are i32/);
  }));

test('maskedFill takes masks of any dtype, and infinities', () =>
  device.scope(async () => {
    const x = tensor(device, [
      [1, 2],
      [3, 4],
    ]);
    assert.equal(await read(x.maskedFill(u32([0, 1]), -Infinity)), [1, -Infinity, 3, -Infinity]);
    assert.equal(await read(x.maskedFill(tensor(device, [[0.5], [0]]), 9)), [9, 9, 3, 4]);
    assert.equal(await read(i32([1, 2]).maskedFill(i32([0, -1]), 7)), [1, 7]);
    refuses(
      () => x.select(0, 0).maskedFill(x, 0),
      ShapeError,
      /the mask \[2, 2\] does not broadcast to x \[2\]/,
    );
  }));

test.run();
