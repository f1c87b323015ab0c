// Convolution, pools and interpolation: NaN, ties, the kernels that GPUs take, and what is refused.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  adaptiveAvgPool2d,
  avgPool2d,
  conv2d,
  convTranspose2d,
  grad,
  interpolate,
  maxPool2d,
  maxPool2dWithIndices,
  meetChoices,
  openDevice,
  pixelShuffle,
  tensor,
  type Shape,
  type Tensor,
} from '../src/node.ts';
import { deviation } from './op-check.ts';
import { sines } from './torch-figures.ts';

const device = await openDevice();
const test = suite('images', { timeLimitSeconds: 120 });
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const of = (shape: Shape, k: number): Tensor => sines(device, shape, k);

test('gradients of convolution and pool reach the weights before them (E3)', () =>
  device.scope(async () => {
    const x = of([1, 4, 4, 2], 0.3).detach();
    const [first, second] = [of([3, 3, 2, 4], 0.7), of([2, 2, 4, 1], 0.9)];
    const y = conv2d(avgPool2d(conv2d(x, first, undefined, { padding: 1 }), { kernelSize: 2 }), second);
    for (const g of grad(y.sum(), [first, second]))
      assert.ok((await g.read()).some((v) => Math.abs(v) > 1e-3));
  }));

test('the gradient of the weight: tiles, shares of K and lanes as the default of this adapter', () =>
  device.scope(async () => {
    const [x, w] = [of([2, 18, 18, 3], 1.3), of([3, 3, 3, 20], 0.7)];
    const work = async (): Promise<ArrayLike<number>> => {
      const y = conv2d(x, w, undefined, { padding: 1, stride: 1 });
      return await grad(y.square().sum(), [w])[0].read();
    };
    const expected = await work();
    const { kind } = device.adapter;
    device.adapter.kind = 'gpu';
    try {
      const sites = await meetChoices(device, async () => void (await work()));
      const { key, variants } = sites.find((site) => site.key.includes('TN'))!;
      assert.match(variants[0], /K in 32 shares/);
      for (const form of [/32 shares/, /^tiles 32 .* 4$/, /^lanes/]) {
        device.choices.table = { [key]: variants.find((name) => form.test(name))! };
        const { worst } = deviation(await work(), expected);
        assert.ok(worst < 1e-5, `${device.choices.table[key]}: off by ${worst}`);
      }
    } finally {
      device.adapter.kind = kind;
      device.choices.table = {};
    }
  }));

test('maxPool2d: NaN stays, padding is −∞, indices count pixels row by row', () =>
  device.scope(async () => {
    const image = [-5, -1, -2, -4, NaN, -3, -9, -8, -7];
    const x = tensor(device, image, [1, 3, 3, 1]);
    const [y, indices] = maxPool2dWithIndices(x, { kernelSize: 2, stride: 1 });
    assert.equal([...(await y.read())], [NaN, NaN, NaN, NaN]);
    assert.equal([...(await indices.read())], [4, 4, 4, 4]);
    const padded = maxPool2d(x, { kernelSize: 2, padding: 1 });
    assert.equal([...(await padded.read())], [-5, -1, -4, NaN]);
    assert.equal([...(await avgPool2d(x, { kernelSize: [1, 3] }).read())].map(Math.round), [-3, NaN, -8]);
  }));

test('of equal maxima the first gets the gradient', () =>
  device.scope(async () => {
    const x = tensor(device, [1, 1, 1, 1], [1, 2, 2, 1]).trainable();
    assert.equal([...(await grad(maxPool2d(x, { kernelSize: 2 }).sum(), [x])[0].read())], [1, 0, 0, 0]);
  }));

test('arguments that do not fit are refused by name (E15)', () => {
  device.scope(() => {
    const [x, w] = [of([1, 5, 5, 4], 1), of([3, 3, 4, 6], 1)];
    const refused: [work: () => unknown, text: RegExp][] = [
      [
        () => conv2d(x, of([3, 3, 2, 6], 1)),
        /conv2d: x \[1, 5, 5, 4\] has 4 channels, but weight \[3, 3, 2, 6\] takes 2/,
      ],
      [
        () => conv2d(x, of([3, 3, 2, 5], 1), undefined, { groups: 2 }),
        /groups is 2, which does not divide the 5 channels/,
      ],
      [() => conv2d(x, w, undefined, { stride: 0 }), /conv2d: stride is 0, but a whole number of at least 1/],
      [() => conv2d(x, w, undefined, { padding: [1, 2, 3] as never }), /padding is the array \[1, 2, 3\]/],
      [() => conv2d(x, w, undefined, { pading: 1 } as never), /there is no option 'pading'/],
      [() => conv2d(x, w, undefined, { dilation: 3 }), /a window of 7 rows is larger than the 5/],
      [() => conv2d(x, w, undefined, { layout: 'nwhc' as never }), /layout is the text 'nwhc'/],
      [() => conv2d(x, w, of([5], 1)), /bias \[5\] is 5, but 6 is wanted/],
      [() => convTranspose2d(x, w, undefined, {}), /takes 6/],
      [() => convTranspose2d(x, of([3, 3, 2, 4], 1), undefined, { outputPadding: 1 }), /outputPadding is 1/],
      [() => maxPool2d(x, { size: 2 } as never), /there is no option 'size'/],
      [() => avgPool2d(x, { kernelSize: 2.5 }), /kernelSize is 2.5/],
      [() => adaptiveAvgPool2d(x, 0), /size is 0/],
      [() => interpolate(x, {}), /either size or scale/],
      [() => interpolate(x, { size: 3, mode: 'linear' }), /mode 'linear' is for 3 axes/],
      [() => interpolate(x, { size: 3, alignCorners: true }), /alignCorners is not for mode 'nearest'/],
      [() => pixelShuffle(x, 3), /cannot be parted by a factor of 3/],
    ];
    for (const [work, text] of refused)
      assert.throws(work, (error: Error) => {
        assert.match(error.message, text);
        return true;
      });
  });
});

test.run();
