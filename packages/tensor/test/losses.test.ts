// Losses: against PyTorch's figures; NaN, ignored rows and classes that there are not; what they refuse.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  cosineSimilarity,
  crossEntropy,
  grad,
  hingeEmbeddingLoss,
  huberLoss,
  klDiv,
  l1Loss,
  linearCrossEntropy,
  mseLoss,
  nllLoss,
  openDevice,
  smoothL1Loss,
  tensor,
  type Tensor,
} from '../src/node.ts';
import { assertAsTorch, sines, type Figures } from './torch-figures.ts';

const device = await openDevice();
const test = suite('losses', { timeLimitSeconds: 60 });
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

const a = (): Tensor => sines(device, [3, 5], 1.3);
const b = (): Tensor => sines(device, [3, 5], 0.4);
const positive = (least: number): Tensor =>
  tensor(
    device,
    Array.from({ length: 15 }, (_, i) => Math.abs(Math.sin(i * 0.4)) + least),
    [3, 5],
  ).trainable();
const five = (...values: number[]): Tensor => tensor(device, values, [5]);
const classes = (): Tensor => tensor(device, [4, 0, 2], [3], { dtype: 'i32' });
const labels = (): Tensor =>
  tensor(
    device,
    Array.from({ length: 15 }, (_, i) => [1, -1, 1, -1, -1][i % 5]),
    [3, 5],
  );

const cases = (): [
  name: string,
  inputs: Tensor[],
  work: (...inputs: Tensor[]) => Tensor,
  figures: Figures,
][] => [
  [
    'mseLoss',
    [a(), b()],
    (x, y) => mseLoss(x, y),
    [
      [0.945636, 0.945636, 0.945636, 0.945636],
      [-0.210217, 0.0, -0.001783, 0.002966],
      [0.210217, 0.0, 0.001783, -0.002966],
    ],
  ],
  [
    'l1Loss',
    [a(), b()],
    (x, y) => l1Loss(x, y, { reduction: 'sum' }),
    [
      [10.692256, 10.692256, 10.692256, 10.692256],
      [0.659858, 0.0, -0.841471, 0.841471],
      [-0.659858, -0.0, 0.841471, -0.841471],
    ],
  ],
  [
    'huberLoss',
    [a(), b()],
    (x, y) => huberLoss(x, y, { delta: 0.6 }),
    [
      [0.302758, 0.302758, 0.302758, 0.302758],
      [-0.003913, 0.0, -0.000891, 0.001483],
      [0.003913, 0.0, 0.000891, -0.001483],
    ],
  ],
  [
    'smoothL1Loss',
    [a(), b()],
    (x, y) => smoothL1Loss(x, y, { beta: 0.6, reduction: 'none' }),
    [
      [-1.636261, 0.0, 0.00021, 0.000582],
      [-0.94873, 0.0, 0.026215, 0.042267],
      [0.94873, 0.0, -0.026215, -0.042267],
    ],
  ],
  [
    'binaryCrossEntropyWithLogits',
    [a(), positive(0)],
    (x, y) =>
      binaryCrossEntropyWithLogits(x.mul(9), y, {
        weight: five(1, 2, 3, 0.5, 1),
        posWeight: five(1, 2, 3, 0.5, 4),
      }),
    [
      [6.215107, 6.215107, 6.215107, 6.215107],
      [0.457446, 0.252441, 0.87178, -1.268571],
      [-0.50615, 0.0, -0.464793, 1.222204],
    ],
  ],
  [
    'binaryCrossEntropy',
    [a()],
    (x) => binaryCrossEntropy(x.sigmoid(), positive(0).detach()),
    [
      [0.747885, 0.747885, 0.747885, 0.747885],
      [0.020071, 0.028049, 0.013694, -0.015597],
    ],
  ],
  [
    'klDiv',
    [a(), positive(0.1)],
    (x, y) => klDiv(x, y, { reduction: 'batchMean' }),
    [
      [-0.654276, -0.654276, -0.654276, -0.654276],
      [0.368493, -0.028049, -0.12201, -0.205113],
      [-0.485016, -0.365363, -0.042504, 0.362353],
    ],
  ],
  [
    'klDiv log',
    [a(), b()],
    (x, y) => klDiv(x, y, { logTarget: true }),
    [
      [0.608973, 0.608973, 0.608973, 0.608973],
      [-0.010938, -0.056098, -0.078421, -0.02984],
      [0.112183, 0.056098, 0.079667, 0.029051],
    ],
  ],
  [
    'nllLoss',
    [a()],
    (x) => nllLoss(x, classes(), { weight: five(1, 2, 3, 0.5, 4), ignoreIndex: 0 }),
    [
      [0.458651, 0.458651, 0.458651, 0.458651],
      [0.053423, 0.0, 0.0, 0.0],
    ],
  ],
  [
    'crossEntropy weight',
    [a()],
    (x) => crossEntropy(x, classes(), { weight: five(1, 2, 3, 0.5, 4), ignoreIndex: 0 }),
    [
      [2.288364, 2.288364, 2.288364, 2.288364],
      [0.268095, 0.077411, 0.0, 0.031466],
    ],
  ],
  [
    'crossEntropy soft',
    [a(), b()],
    (x, y) => crossEntropy(x, y, { weight: five(1, 2, 3, 0.5, 4), labelSmoothing: 0.1 }),
    [
      [0.307001, 0.307001, 0.307001, 0.307001],
      [1.216114, 0.30442, -0.175849, 0.43037],
      [-2.01873, 0.461061, 1.144251, 2.462768],
    ],
  ],
  [
    'cosineSimilarity',
    [a(), b()],
    (x, y) => cosineSimilarity(x, y),
    [
      [0.294623, -0.312817, 0.694885, -0.054735],
      [0.46817, 0.0, 0.078736, -0.204971],
      [0.569782, 0.0, 0.016725, -0.192966],
    ],
  ],
  [
    'cosineEmbeddingLoss',
    [a(), b()],
    (x, y) => cosineEmbeddingLoss(x, y, tensor(device, [1, -1, -1], [3]), { margin: 0.1 }),
    [
      [0.635901, 0.635901, 0.635901, 0.635901],
      [-0.304895, -0.0, 0.022126, -0.0],
      [-0.003882, -0.0, 0.0047, -0.0],
    ],
  ],
  [
    'hingeEmbeddingLoss',
    [a()],
    (x) => hingeEmbeddingLoss(x, labels(), { margin: 0.7 }),
    [
      [0.698175, 0.698175, 0.698175, 0.698175],
      [0.021114, 0.056098, 0.056098, -0.056098],
    ],
  ],
];

test('as in PyTorch: results and gradients', () =>
  device.scope(async () => {
    for (const [name, inputs, work, figures] of cases())
      await assertAsTorch(device, name, figures, inputs, work);
  }));

test('binary cross-entropy far out keeps its digits', () =>
  device.scope(async () => {
    const [x, y] = [tensor(device, [-30, 30, -200, 200], [4]), tensor(device, [0, 1, 1, 0], [4])];
    const losses = await binaryCrossEntropyWithLogits(x, y, { reduction: 'none' }).read();
    [9.3576e-14, 9.3576e-14, 200, 200].forEach((wanted, i) =>
      assert.ok(Math.abs(losses[i] / wanted - 1) < 1e-4, `${losses[i]}`),
    );
    const edges = await binaryCrossEntropy(tensor(device, [0, 1, 0, -1], [4]), y, {
      reduction: 'none',
    }).read();
    assert.equal([...edges], [0, 0, 100, NaN]);
  }));

test('NaN in a loss of two tensors is NaN', () =>
  device.scope(async () => {
    const [x, y] = [tensor(device, [NaN, 0.5], [2]), tensor(device, [1, 0.5], [2])];
    for (const loss of [
      binaryCrossEntropyWithLogits,
      klDiv,
      mseLoss,
      l1Loss,
      huberLoss,
      smoothL1Loss,
      binaryCrossEntropy,
      hingeEmbeddingLoss,
    ])
      assert.ok(Number.isNaN(await loss(x, y).item()), loss.definition.name);
  }));

test('an ignored row that holds NaN counts for nothing (E14)', () =>
  device.scope(async () => {
    const rows = [1, 2, 0.5, NaN, NaN, NaN, 0.2, -1, 3, Infinity, NaN, 1];
    const targets = tensor(device, [1, -100, 2, -100], [4], { dtype: 'i32' });
    for (const reduction of ['mean', 'sum', 'none'] as const) {
      const x = tensor(device, rows, [4, 3]).trainable();
      const options = { ignoreIndex: -100, reduction };
      const loss = crossEntropy(x, targets, options);
      const kept = crossEntropy(
        tensor(device, [1, 2, 0.5, 0.2, -1, 3], [2, 3]),
        tensor(device, [1, 2], [2], { dtype: 'i32' }),
        { reduction },
      );
      const [got, wanted] = [await loss.read(), await kept.read()];
      assert.equal([...got], reduction === 'none' ? [wanted[0], 0, wanted[1], 0] : [...wanted]);
      const g = await grad(loss.sum(), [x])[0].read();
      assert.equal([...g.slice(3, 6), ...g.slice(9)], [0, 0, 0, 0, 0, 0]);
      assert.ok(g.slice(0, 3).every((v) => Math.abs(v) > 1e-3));
    }
  }));

test('in linearCrossEntropy too: loss, and the gradient of its row', () =>
  device.scope(async () => {
    const x = tensor(device, [1, 2, NaN, NaN, 0.5, -1], [3, 2]).trainable();
    const w = tensor(device, [1, 0, 0, 1, 1, 1], [3, 2]);
    const targets = tensor(device, [1, 7, 2], [3], { dtype: 'u32' });
    const loss = linearCrossEntropy(x, w, targets, { ignoreIndex: 7 });
    assert.ok(Number.isFinite(await loss.item()));
    const g = await grad(loss, [x])[0].read();
    assert.equal([g[2], g[3]], [0, 0]);
    assert.ok(g.every(Number.isFinite) && Math.abs(g[0]) > 1e-3);
  }));

test('NaN or ∞ in a row that counts makes the loss NaN (E1)', () =>
  device.scope(async () => {
    const targets = tensor(device, [1, -100], [2], { dtype: 'i32' });
    for (const value of [NaN, Infinity]) {
      const x = tensor(device, [value, 1, 2, 1, 2, 3], [2, 3]).trainable();
      const loss = crossEntropy(x, targets, { ignoreIndex: -100 });
      assert.ok(Number.isNaN(await loss.item()));
      const g = await grad(loss, [x])[0].read();
      assert.ok(g.slice(0, 3).every(Number.isNaN) && g.slice(3).every((v) => v === 0), g.join());
      const w = tensor(device, [1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
      assert.ok(Number.isNaN(await linearCrossEntropy(x, w, targets, { ignoreIndex: -100 }).item()));
    }
  }));

test('a class that there is not makes the loss NaN and gives no gradient, even beside NaN', () =>
  device.scope(async () => {
    const x = tensor(device, [1, 2, NaN, 4], [2, 2]).trainable();
    const targets = tensor(device, [2, -1], [2], { dtype: 'i32' });
    for (const loss of [crossEntropy, nllLoss]) {
      const losses = loss(x, targets, { reduction: 'none' });
      assert.equal([...(await losses.read())], [NaN, NaN]);
      assert.equal([...(await grad(losses.sum(), [x])[0].read())], [0, 0, 0, 0]);
      assert.ok(Number.isNaN(await loss(x, targets).item()));
    }
  }));

test('arguments that do not fit are refused by name (E15)', () => {
  device.scope(() => {
    const refused: [work: () => unknown, text: RegExp][] = [
      [() => mseLoss(a(), five(1, 2, 3, 4, 5)), /mseLoss: input \[3, 5\] and target \[5\] differ in shape/],
      [() => mseLoss(a(), 3 as never), /mseLoss: target is 3, but a tensor is wanted/],
      [() => mseLoss(a(), classes()), /mseLoss: target is i32, but floats/],
      [() => mseLoss(a(), b(), { reduction: 'avg' as never }), /reduction is the text 'avg'/],
      [() => mseLoss(a(), b(), 'sum' as never), /the options argument is the text 'sum'/],
      [() => huberLoss(a(), b(), { beta: 1 } as never), /huberLoss: there is no option 'beta'/],
      [() => huberLoss(a(), b(), { delta: 0 }), /delta is 0/],
      [() => crossEntropy(a(), b(), { ignoreIndex: 1 }), /ignoreIndex is for class numbers/],
      [() => crossEntropy(a(), classes(), { reduction: 'avg' as never }), /reduction is the text 'avg'/],
      [() => crossEntropy(a(), tensor(device, [1, 2], [2], { dtype: 'u32' })), /targets \[2\]/],
      [
        () => nllLoss(a(), classes(), { weight: tensor(device, [1, 2], [2]) }),
        /weight \[2\] is 2, but 5 is wanted/,
      ],
    ];
    for (const [work, text] of refused)
      assert.throws(work, (error: Error) => {
        assert.match(error.message, text);
        return true;
      });
  });
});

test.run();
