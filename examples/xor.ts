// XOR: the smallest network that has to learn something. Runs in Node and, under Deno, with the engine's browser entry.
import { compile, openDevice } from '@foreword/tensor/node';
import { Activation, AdamW, Linear, seeded, Sequential } from '@foreword/nn';

const device = await openDevice();
const net = new Sequential(seeded(device, { seed: 1 }), [
  (p) => new Linear(p, 2, 8),
  () => new Activation('tanh'),
  (p) => new Linear(p, 8, 1),
]);
const optimizer = new AdamW(net.namedParameters(), { lr: 0.05 });
const plan = await compile(device, { x: { shape: [4, 2] }, y: { shape: [4, 1] } }, ({ x, y }) => {
  const predicted = net.forward(x); // [4, 1]
  const loss = predicted.sub(y).square().mean();
  optimizer.step(loss);
  return { loss, predicted };
});
for (let step = 1; step <= 200; step++) {
  const { loss } = plan.run({ x: [0, 0, 0, 1, 1, 0, 1, 1], y: [0, 1, 1, 0] });
  if (step % 50 === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(5)}`);
}
await plan.outputs.predicted.print();
device.close();
