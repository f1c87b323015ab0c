// Convolution, pools, interpolation and gridSample against PyTorch's figures, results and gradients.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  gridSample,
  interpolate,
  maxPool2d,
  openDevice,
  pixelShuffle,
  type GridSampleOptions,
  type Shape,
  type Tensor,
} from '../src/node.ts';
import { gridSampleFigures, imageFigures } from './image-figures.ts';
import { assertAsTorch, sines } from './torch-figures.ts';

const device = await openDevice();
const test = suite('images as in PyTorch', { timeLimitSeconds: 120 });
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const of = (shape: Shape, k: number): Tensor => sines(device, shape, k);

/** Inputs of a layout as in PyTorch, [B, C, H, W]; a result's figures, and those of the inputs' gradients. */
const cases = (
  x: () => Tensor,
  s: () => Tensor,
): [name: string, inputs: Tensor[], work: (...inputs: Tensor[]) => Tensor][] => [
  [
    'conv2d',
    [x(), of([4, 3, 3, 2], 0.7), of([4], 0.9)],
    (x, w, b) =>
      conv2d(x, w, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2, layout: 'nchw' }),
  ],
  [
    'conv2d same',
    [x(), of([3, 6, 2, 3], 0.7)],
    (x, w) => conv2d(x, w, undefined, { padding: 'same', dilation: 2, layout: 'nchw' }),
  ],
  [
    'conv2d depthwise',
    [x(), of([6, 1, 3, 3], 0.7)],
    (x, w) => conv2d(x, w, undefined, { padding: 1, groups: 6, layout: 'nchw' }),
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
  ],
  [
    'conv1d',
    [s(), of([3, 4, 3], 0.7), of([3], 0.9)],
    (x, w, b) => conv1d(x, w, b, { stride: 2, padding: 2, dilation: 2, layout: 'ncw' }),
  ],
  [
    'convTranspose1d',
    [s(), of([4, 3, 3], 0.7)],
    (x, w) => convTranspose1d(x, w, undefined, { stride: 2, padding: 1, outputPadding: 1, layout: 'ncw' }),
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
  ],
  [
    'avgPool2d',
    [x()],
    (x) => avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true, layout: 'nchw' }),
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
  ],
  ['adaptiveAvgPool2d', [x()], (x) => adaptiveAvgPool2d(x, [3, 4], { layout: 'nchw' })],
  ['adaptiveMaxPool2d', [x()], (x) => adaptiveMaxPool2d(x, [3, 4], { layout: 'nchw' })],
  ['nearest', [x()], (x) => interpolate(x, { size: [10, 3], layout: 'nchw' })],
  ['nearest-exact', [x()], (x) => interpolate(x, { scale: 1.7, mode: 'nearestExact', layout: 'nchw' })],
  ['bilinear', [x()], (x) => interpolate(x, { size: [11, 3], mode: 'bilinear', layout: 'nchw' })],
  [
    'bilinear corners',
    [x()],
    (x) => interpolate(x, { size: [11, 3], mode: 'bilinear', alignCorners: true, layout: 'nchw' }),
  ],
  ['bilinear scale', [x()], (x) => interpolate(x, { scale: 1.7, mode: 'bilinear', layout: 'nchw' })],
  ['bicubic', [x()], (x) => interpolate(x, { size: [9, 12], mode: 'bicubic', layout: 'nchw' })],
  [
    'bicubic corners',
    [x()],
    (x) => interpolate(x, { size: [9, 4], mode: 'bicubic', alignCorners: true, layout: 'nchw' }),
  ],
  ['linear', [s()], (x) => interpolate(x, { size: 14, mode: 'linear', layout: 'nchw' })],
  ['pixelShuffle', [of([1, 8, 3, 2], 1.3)], (x) => pixelShuffle(x, 2, { layout: 'nchw' })],
];

test('as in PyTorch: results and gradients', () =>
  device.scope(async () => {
    const images = (): Tensor => of([2, 6, 7, 5], 1.3);
    const sequences = (): Tensor => of([2, 4, 9], 1.1);
    for (const [name, inputs, work] of cases(images, sequences))
      await assertAsTorch(device, name, imageFigures[name], inputs, work);
  }));

test('gridSample as in PyTorch', () =>
  device.scope(async () => {
    for (const [name, figures] of Object.entries(gridSampleFigures)) {
      const [mode, paddingMode, corners] = name.split(' ');
      const options = { mode, paddingMode, alignCorners: corners === 'corners' } as GridSampleOptions;
      const inputs = [of([2, 6, 7, 5], 1.3), of([2, 4, 3, 2], 0.77)];
      await assertAsTorch(device, name, figures, inputs, (x, grid) =>
        gridSample(x, grid.mul(1.4), { ...options, layout: 'nchw' }),
      );
    }
  }));

test.run();
