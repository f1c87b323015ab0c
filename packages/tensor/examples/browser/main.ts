// The page: trains a 2 → 24 → 24 → 2 network on two spirals with WebGPU, and shows loss and result.
//
// Legend: N points, G places of the map's grid, H hidden units.
import {
  AdamW,
  compile,
  crossEntropy,
  describeAdapter,
  linear,
  mlp,
  noGrad,
  openDevice,
  parameter,
  type Tensor,
} from '@foreword/tensor';
import { drawCurve, drawMap } from './draw.ts';
import { grid, spirals } from './spirals.ts';

const [N, side, H] = [96, 24, 24];
const steps = 300;
const stepsPerLook = 20;

const show = (id: string, text: string): void => {
  document.getElementById(id)!.textContent = text;
};

const canvas = (id: string): CanvasRenderingContext2D =>
  (document.getElementById(id) as HTMLCanvasElement).getContext('2d')!;

/** Fixed values without pattern, of magnitude 1/√inputs: every visit trains the same network. */
const initial = (n: number, inputs: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin((i + 1) * (i + 1)) / Math.sqrt(inputs));

async function train(): Promise<void> {
  const device = await openDevice();
  show('adapter', describeAdapter(device.adapter));
  const weights = {
    w0: parameter(device, initial(H * 2, 1), [H, 2]),
    b0: parameter(device, new Float32Array(H), [H]),
    w1: parameter(device, initial(H * H, H), [H, H]),
    b1: parameter(device, new Float32Array(H), [H]),
    w2: parameter(device, initial(2 * H, H), [2, H]),
    b2: parameter(device, new Float32Array(2), [2]),
  };
  const optimiser = new AdamW(weights, { lr: 0.02 });
  const model = (x: Tensor): Tensor =>
    mlp(linear(x, weights.w0, weights.b0, { activation: 'tanh' }), weights, { activation: 'tanh' });

  const { places, arms } = spirals(N);
  const training = await compile(
    device,
    { x: { shape: [N, 2] }, arm: { shape: [N], dtype: 'u32' } },
    ({ x, arm }) => {
      const logits = model(x);
      const loss = crossEntropy(logits, arm);
      optimiser.step(loss);
      return { loss, guess: logits.argmax(-1) };
    },
  );
  const map = await compile(device, { x: { shape: [side * side, 2] } }, ({ x }) => ({
    guess: noGrad(device, () => model(x).argmax(-1)),
  }));
  training.inputs.x.write(places);
  training.inputs.arm.write(arms);
  map.inputs.x.write(grid(side));

  show('status', 'Training …');
  const losses: number[] = [];
  let right = 0;
  for (let step = 1; step <= steps; step++) {
    const { loss, guess } = training.run();
    // Every read waits for the GPU, so the page looks only now and then.
    if (step !== 1 && step % stepsPerLook !== 0) continue;
    losses.push(await loss.item());
    const guesses = await guess.read();
    right = arms.filter((arm, i) => arm === guesses[i]).length / N;
    show('step', String(step));
    show('loss', losses.at(-1)!.toFixed(4));
    show('accuracy', `${Math.round(right * 100)} %`);
    drawCurve(canvas('curve'), losses);
    drawMap(canvas('map'), { guesses: await map.run().guess.read(), side, places, arms });
  }
  const errors = device.takeErrors();
  if (errors.length > 0) throw errors[0];
  Object.assign(document.body.dataset, { firstLoss: losses[0], lastLoss: losses.at(-1), right });
  show(
    'status',
    losses.at(-1)! < losses[0] ? 'Trained: the loss fell.' : 'Trained, but the loss did not fall.',
  );
  for (const owned of [training, map, optimiser]) owned.dispose();
  device.close();
}

try {
  await train();
  document.body.dataset.state = 'done';
} catch (error) {
  show('status', (error as Error).message);
  document.body.dataset.state = 'failed';
}
