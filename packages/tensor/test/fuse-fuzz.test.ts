// Random graphs of ops, moves and writes in place: a plan, which joins kernels, computes what the ops compute one by one.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { compile, copyInto, openDevice, tensor, where, type Tensor } from '../src/node.ts';
import { uniform } from './op-check.ts';

const device = await openDevice();
const test = suite('random graphs', { timeLimitSeconds: 240 });
test.after.each(failOnGpuErrors(device));
test.after(() => device.close());

/** [4, 4] from two tensors [4, 4]; `state` is memory that outlives the graph. */
type Step = (a: Tensor, b: Tensor, state: Tensor) => Tensor;
const steps: readonly Step[] = [
  (a, b) => a.add(b),
  (a) => a.mul(0.5),
  (a) => a.tanh(),
  (a) => a.flip(0),
  (a) => a.flip(1).add(a),
  (a) => a.transpose(0, 1),
  (a) => a.roll(1, 0).sub(a),
  (a, b) => a.sum({ axis: 1, keepDim: true }).add(b),
  (a, b) => a.slice({ end: 1 }).add(b),
  (a) => a.slice({ start: 1, end: 2 }).expand([4, 4]),
  (a) =>
    a
      .pad([
        [1, 0],
        [0, 0],
      ])
      .slice({ end: 4 }),
  (a, b) => where(a.gt(0), a, b),
  (a, b, state) => copyInto(a.mul(0.9), state).add(b),
];

/** Nine steps drawn from `seed`, and some of their results. */
function graph(seed: number, x: Tensor, weight: Tensor, state: Tensor): Record<string, Tensor> {
  const draw = uniform(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)];
  const pool = [x, x.mul(weight), state.mul(1)];
  for (let k = 0; k < 9; k++) pool.push(pick(steps)(pick(pool), pick(pool), state));
  return { middle: pool[7], last: pool[11] };
}

const values = (n: number, from: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + from));

for (let seed = 1; seed <= 30; seed++) {
  test(`graph ${seed}`, async () => {
    const weight = tensor(device, values(4, seed + 50), [4], { persistent: true });
    const states = [0, 1].map(() => tensor(device, values(16, seed + 9), [4, 4], { persistent: true }));
    const x = values(16, seed);
    const plan = await compile(device, { x: { shape: [4, 4] } }, (given) =>
      graph(seed, given.x, weight, states[0]),
    );
    const replayed = Object.values(plan.run({ x }));
    await device.scope(async () => {
      const eager = Object.values(graph(seed, tensor(device, x, [4, 4]), weight, states[1]));
      for (const [i, t] of [...eager, states[1]].entries()) {
        const [wanted, got] = [await t.read(), await [...replayed, states[0]][i].read()];
        wanted.forEach((want, at) =>
          assert.ok(
            Math.abs(got[at] - want) <= 1e-5 * Math.max(1, Math.abs(want)),
            `result ${i} at ${at}: ${got[at]} ≠ ${want} (${plan.calls.map(({ name }) => name).join(', ')})`,
          ),
        );
      }
    });
    plan.dispose();
    for (const t of [weight, ...states]) t.dispose();
  });
}

test.run();
