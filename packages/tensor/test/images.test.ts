// Convolution, pools and interpolation: against PyTorch's figures, on the kernels that GPUs take, and what they refuse.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  grad,
  gridSample,
  interpolate,
  maxPool2d,
  maxPool2dWithIndices,
  meetChoices,
  openDevice,
  pixelShuffle,
  tensor,
  type GridSampleOptions,
  type Shape,
  type Tensor,
} from '../src/node.ts';
import { deviation } from './op-check.ts';
import { assertAsTorch, sines, type Figures } from './torch-figures.ts';

const device = await openDevice();
const test = suite('images', { timeLimitSeconds: 120 });
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const of = (shape: Shape, k: number): Tensor => sines(device, shape, k);

/** Inputs of a layout as in PyTorch, [B, C, H, W]; a result's figures, and those of the inputs' gradients. */
const cases = (
  x: () => Tensor,
  s: () => Tensor,
): [name: string, inputs: Tensor[], work: (...inputs: Tensor[]) => Tensor, figures: Figures][] => [
  [
    'conv2d',
    [x(), of([4, 3, 3, 2], 0.7), of([4], 0.9)],
    (x, w, b) =>
      conv2d(x, w, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2, layout: 'nchw' }),
    [
      [5.306848, 0.891291, -0.267162, 0.609859],
      [-4.769791, 1.412242, 0.348152, -0.142557],
      [-6.233426, -0.952125, 0.014664, -0.353722],
      [1.321198, 5.463522, -4.737559, 3.898722],
    ],
  ],
  [
    'conv2d same',
    [x(), of([3, 6, 2, 3], 0.7)],
    (x, w) => conv2d(x, w, undefined, { padding: 'same', dilation: 2, layout: 'nchw' }),
    [
      [-4.730357, -0.552918, 0.697359, 0.71129],
      [21.218053, 0.916348, -0.718013, 2.46984],
      [-8.619813, -1.914371, -0.44725, 1.32079],
    ],
  ],
  [
    'conv2d depthwise',
    [x(), of([6, 1, 3, 3], 0.7)],
    (x, w) => conv2d(x, w, undefined, { padding: 1, groups: 6, layout: 'nchw' }),
    [
      [-2.912631, -1.179692, 0.8847, -0.723444],
      [-7.649601, 0.887647, 0.750741, 1.471163],
      [-2.971419, 0.214643, 0.544844, -0.535194],
    ],
  ],
  [
    'convTranspose2d',
    [x(), of([6, 2, 3, 2], 0.7), of([4], 0.9)],
    (x, w, b) =>
      convTranspose2d(x, w, b, {
        stride: [2, 3],
        padding: [1, 0],
        outputPadding: [1, 2],
        dilation: [2, 1],
        groups: 2,
        layout: 'nchw',
      }),
    [
      [-8.520943, 0.0, 0.0, 0.42738],
      [0.180977, -1.782501, -1.70777, -0.784659],
      [-6.221941, 0.177718, 2.125319, -0.282267],
      [2.992113, -1.925571, 3.349872, -2.669118],
    ],
  ],
  [
    'conv1d',
    [s(), of([3, 4, 3], 0.7), of([3], 0.9)],
    (x, w, b) => conv1d(x, w, b, { stride: 2, padding: 2, dilation: 2, layout: 'ncw' }),
    [
      [-8.595945, -0.182814, 0.336276, 0.754126],
      [-2.241521, -0.370945, -2.291702, -1.342828],
      [1.079739, -0.113275, -0.276408, 0.241266],
      [2.132775, 2.495363, -5.04125, 5.873651],
    ],
  ],
  [
    'convTranspose1d',
    [s(), of([4, 3, 3], 0.7)],
    (x, w) => convTranspose1d(x, w, undefined, { stride: 2, padding: 1, outputPadding: 1, layout: 'ncw' }),
    [
      [5.614409, -0.430578, 0.471273, 0.223562],
      [0.838163, 0.612589, -1.069719, 2.01165],
      [2.37959, 7.537886, 6.853971, -7.532523],
    ],
  ],
  [
    'maxPool2d',
    [x()],
    (x) =>
      maxPool2d(x, {
        kernelSize: [3, 2],
        stride: 2,
        padding: 1,
        dilation: [2, 1],
        ceilMode: true,
        layout: 'nchw',
      }),
    [
      [3.271825, 0.60554, 0.101571, 0.678687],
      [0.851035, 0.0, 0.0, 0.0],
    ],
  ],
  [
    'avgPool2d',
    [x()],
    (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true, layout: 'nchw' }),
    [
      [0.577117, 0.241914, -0.14977, -0.151746],
      [-2.40612, 0.093497, 0.002321, -0.110527],
    ],
  ],
  [
    'avgPool2d without padding',
    [x()],
    (x) =>
      avgPool2d(x, {
        kernelSize: [3, 2],
        stride: 2,
        padding: 1,
        ceilMode: true,
        countIncludePad: false,
        layout: 'nchw',
      }),
    [
      [-0.155212, 0.10756, 0.207385, -0.341428],
      [-5.072344, 0.420735, 0.010443, -0.248686],
    ],
  ],
  [
    'adaptiveAvgPool2d',
    [x()],
    (x) => adaptiveAvgPool2d(x, [3, 4], { layout: 'nchw' }),
    [
      [1.294491, 0.59736, -0.408441, -0.259608],
      [-3.944002, 0.140245, 0.003481, -0.165791],
    ],
  ],
  [
    'adaptiveMaxPool2d',
    [x()],
    (x) => adaptiveMaxPool2d(x, [3, 4], { layout: 'nchw' }),
    [
      [1.807819, 0.998543, 0.3132, 0.504807],
      [19.205409, 0.0, 0.020887, 0.0],
    ],
  ],
  [
    'nearest',
    [x()],
    (x) => interpolate(x, { size: [10, 3], layout: 'nchw' }),
    [
      [0.748707, 0.0, 0.3132, 0.095384],
      [-1.902584, 1.415643, -0.910315, 0.0],
    ],
  ],
  [
    'nearest-exact',
    [x()],
    (x) => interpolate(x, { scale: 1.7, mode: 'nearestExact', layout: 'nchw' }),
    [
      [1.867331, 0.0, 0.3132, -0.93365],
      [0.539025, 0.267444, -1.184745, -0.964604],
    ],
  ],
  [
    'bilinear',
    [x()],
    (x) => interpolate(x, { size: [11, 3], mode: 'bilinear', layout: 'nchw' }),
    [
      [0.529106, 0.321186, -0.068299, -0.590639],
      [4.004006, 0.769771, 0.720583, 0.60413],
    ],
  ],
  [
    'bilinear corners',
    [x()],
    (x) => interpolate(x, { size: [11, 3], mode: 'bilinear', alignCorners: true, layout: 'nchw' }),
    [
      [-0.29152, 0.0, 0.3132, -0.93365],
      [2.885468, 1.07114, 1.057333, 0.92677],
    ],
  ],
  [
    'bilinear scale',
    [x()],
    (x) => interpolate(x, { scale: 1.7, mode: 'bilinear', layout: 'nchw' }),
    [
      [0.700349, 0.0, 0.3132, -0.807626],
      [-0.665537, 0.663707, -0.407699, -0.733557],
    ],
  ],
  [
    'bicubic',
    [x()],
    (x) => interpolate(x, { size: [9, 12], mode: 'bicubic', layout: 'nchw' }),
    [
      [6.11232, -0.121221, 0.453555, -1.052287],
      [2.263996, 2.872238, -2.787754, 2.930281],
    ],
  ],
  [
    'bicubic corners',
    [x()],
    (x) => interpolate(x, { size: [9, 4], mode: 'bicubic', alignCorners: true, layout: 'nchw' }),
    [
      [0.59086, 0.0, 0.3132, -0.93365],
      [1.907615, 0.844371, -0.888802, 0.561106],
    ],
  ],
  [
    'linear',
    [s()],
    (x) => interpolate(x, { size: 14, mode: 'linear', layout: 'nchw' }),
    [
      [-0.094028, 0.0, 0.946013, 0.425773],
      [0.508783, 1.376196, -1.481852, 1.153625],
    ],
  ],
  [
    'pixelShuffle',
    [of([1, 8, 3, 2], 1.3)],
    (x) => pixelShuffle(x, 2, { layout: 'nchw' }),
    [
      [1.150378, 0.0, -0.214253, -0.987058],
      [0.023906, 0.841471, 0.623827, -0.162024],
    ],
  ],
];

test('as in PyTorch: results and gradients', () =>
  device.scope(async () => {
    const images = (): Tensor => of([2, 6, 7, 5], 1.3);
    const sequences = (): Tensor => of([2, 4, 9], 1.1);
    for (const [name, inputs, work, figures] of cases(images, sequences))
      await assertAsTorch(device, name, figures, inputs, work);
  }));

const sampled: [GridSampleOptions['mode'], GridSampleOptions['paddingMode'], boolean, Figures][] = [
  [
    'bilinear',
    'zeros',
    false,
    [
      [-3.494007, -0.405431, -0.831968, 0.0],
      [7.130945, 0.0, 0.0, 0.0],
      [9.883044, 0.832915, -0.935801, 0.0],
    ],
  ],
  [
    'bilinear',
    'zeros',
    true,
    [
      [-0.805043, -0.675287, -0.906507, 0.0],
      [8.423534, -0.002641, 0.0, -0.009917],
      [4.230849, 1.094626, -0.659883, 0.0],
    ],
  ],
  [
    'bilinear',
    'border',
    false,
    [
      [-0.20837, -0.688411, -0.831968, -0.834248],
      [7.975305, -0.09468, -0.041543, 0.09403],
      [8.55682, 1.414267, -0.935801, 0.0],
    ],
  ],
  [
    'bilinear',
    'border',
    true,
    [
      [1.348038, -0.675287, -0.906507, -0.834248],
      [7.569448, -0.09468, -0.041543, 0.09403],
      [6.946691, 1.094626, -0.659883, 0.0],
    ],
  ],
  [
    'bilinear',
    'reflection',
    false,
    [
      [-1.729957, -0.688411, -0.831968, -0.9225],
      [7.366948, -0.060916, 0.140524, 0.058743],
      [17.579649, 1.414267, -0.935801, -1.062087],
    ],
  ],
  [
    'bilinear',
    'reflection',
    true,
    [
      [-0.485217, -0.675287, -0.906507, -0.895366],
      [10.941573, -0.002641, 0.0, -0.009917],
      [16.608696, 1.094626, -0.659883, -0.647139],
    ],
  ],
  [
    'nearest',
    'zeros',
    false,
    [
      [-2.623201, -0.688411, -0.880103, 0.0],
      [10.193622, 0.0, 0.0, 0.0],
    ],
  ],
  [
    'nearest',
    'zeros',
    true,
    [
      [1.980844, -0.688411, -0.880103, 0.0],
      [11.76398, 0.0, 0.0, 0.0],
    ],
  ],
  [
    'nearest',
    'border',
    false,
    [
      [0.09943, -0.688411, -0.880103, -0.834248],
      [9.533697, -0.09468, -0.041543, 0.09403],
    ],
  ],
  [
    'nearest',
    'border',
    true,
    [
      [4.703475, -0.688411, -0.880103, -0.834248],
      [11.104056, -0.09468, -0.041543, 0.09403],
    ],
  ],
  [
    'nearest',
    'reflection',
    false,
    [
      [0.244378, -0.688411, -0.880103, -0.933331],
      [9.942867, -0.09468, 0.0, 0.0],
    ],
  ],
  [
    'nearest',
    'reflection',
    true,
    [
      [3.574274, -0.688411, -0.880103, -0.933331],
      [19.474727, 0.0, 0.0, 0.0],
    ],
  ],
];

test('gridSample as in PyTorch', () =>
  device.scope(async () => {
    for (const [mode, paddingMode, alignCorners, figures] of sampled) {
      const name = `${mode} ${paddingMode} ${alignCorners}`;
      const inputs = [of([2, 6, 7, 5], 1.3), of([2, 4, 3, 2], 0.77)];
      await assertAsTorch(device, name, figures, inputs, (x, grid) =>
        gridSample(x, grid.mul(1.4), { mode, paddingMode, alignCorners, layout: 'nchw' }),
      );
    }
  }));

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
