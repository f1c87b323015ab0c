// A convolutional network that learns to read drawn digits (draw-digits.ts), and is tested on digits it has not seen.
import { compile, crossEntropy, maxPool2d, noGrad, openDevice, type Tensor } from '@foreword/tensor/node';
import { AdamW, Conv2d, Linear, Module, oneCycle, seeded, type Parameters } from '@foreword/nn';
import { drawDigits, side } from './draw-digits.ts';

const [B, steps, testCount] = [32, 300, 500];

class Reader extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly fc: Linear;

  constructor(p: Parameters) {
    super();
    this.conv1 = new Conv2d(p.at('conv1'), 1, 8, 3, { padding: 1, activation: 'relu' });
    this.conv2 = new Conv2d(p.at('conv2'), 8, 16, 3, { padding: 1, activation: 'relu' });
    this.fc = new Linear(p.at('fc'), 16 * (side / 4) ** 2, 10);
  }

  forward(images: Tensor): Tensor {
    const small = maxPool2d(this.conv1.forward(images), { kernelSize: 2 }); // [B, 10, 10, 8]
    const smaller = maxPool2d(this.conv2.forward(small), { kernelSize: 2 }); // [B, 5, 5, 16]
    return this.fc.forward(smaller.flatten(1)); // [B, 10]
  }
}

const device = await openDevice();
const model = new Reader(seeded(device, { seed: 1 }));
const lr = oneCycle({ peak: 0.01, steps });
const optimizer = new AdamW(model.namedParameters(), { lr: lr(0) });
const images = { shape: [B, side, side, 1] };
const train = await compile(
  device,
  { images, digits: { shape: [B], dtype: 'i32' } },
  ({ images, digits }) => {
    const loss = crossEntropy(model.forward(images), digits);
    optimizer.step(loss);
    return { loss };
  },
);
for (let step = 0; step < steps; step++) {
  const { pixels, digits } = drawDigits(B, { seed: step });
  optimizer.lr = lr(step);
  const { loss } = train.run({ images: pixels, digits });
  if (step % 50 === 49) console.log(`step ${step + 1}: loss ${(await loss.item()).toFixed(3)}`);
}

const { pixels, digits } = drawDigits(testCount, { seed: 1_000_000 });
const test = await compile(device, { images: { shape: [testCount, side, side, 1] } }, ({ images }) => ({
  read: noGrad(device, () => model.forward(images).argmax(-1)),
}));
const read = await test.run({ images: pixels }).read.read();
const right = digits.filter((digit, i) => digit === read[i]).length;
console.log(`${((100 * right) / testCount).toFixed(1)} % of ${testCount} digits read rightly`);
device.close();
