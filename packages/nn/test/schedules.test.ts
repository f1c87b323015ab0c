// Schedules against the rates of torch.optim.lr_scheduler (PyTorch 1.13).
import { relativeError, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  oneCycle,
  warmUp,
  type Schedule,
} from '../src/index.ts';

const test = suite('schedules');

const figures: Record<string, [Schedule, number[]]> = {
  'LinearLR up': [linearSchedule({ from: 0.1, to: 0.4, steps: 4 }), [0.1, 0.175, 0.25, 0.325, 0.4, 0.4, 0.4]],
  'LinearLR down': [
    linearSchedule({ from: 0.4, to: 0.04, steps: 5 }),
    [0.4, 0.328, 0.256, 0.184, 0.112, 0.04, 0.04],
  ],
  CosineAnnealingLR: [
    cosineSchedule({ peak: 0.4, low: 0.05, steps: 6 }),
    [0.4, 0.376554446, 0.3125, 0.225, 0.1375, 0.0734455543, 0.05],
  ],
  OneCycleLR: [
    oneCycle({ peak: 1, steps: 10 }),
    [0.04, 0.52, 1, 0.950484632, 0.811745654, 0.611262022, 0.388741978, 0.188258346, 0.049519368, 4e-6],
  ],
  'OneCycleLR, linear': [
    oneCycle({ peak: 1, steps: 10, rise: 0.4, anneal: 'linear', divFactor: 10, finalDivFactor: 100 }),
    [0.1, 0.4, 0.7, 1, 0.8335, 0.667, 0.5005, 0.334, 0.1675, 0.001],
  ],
  'OneCycleLR, three phases': [
    oneCycle({ peak: 1, steps: 12, rise: 0.4, threePhase: true }),
    [
      0.04, 0.194904846, 0.559638086, 0.898787445, 0.993453426, 0.782535116, 0.402166966, 0.0978525994,
      0.0386495796, 0.0254747125, 0.00795051254, 4e-6,
    ],
  ],
};

for (const [what, [schedule, wanted]] of Object.entries(figures)) {
  test(what, () => {
    const got = wanted.map((_, step) => schedule(step));
    assert.ok(relativeError(got, wanted) < 1e-8, got.join());
  });
}

test('the cosine stays low behind its end', () => {
  assert.is(cosineSchedule({ peak: 1, low: 0.1, steps: 3 })(50), 0.1);
});

test('a warm-up leads to what follows it', () => {
  const lr = warmUp(4, linearSchedule({ from: 1, to: 0, steps: 2 }));
  assert.equal([0, 1, 2, 3, 4, 5, 6, 7].map(lr), [0, 0.25, 0.5, 0.75, 1, 0.5, 0, 0]);
  assert.equal([0, 9].map(warmUp(0, constantSchedule(3))), [3, 3]);
});

test('steps that make no sense are refused', () => {
  assert.throws(() => linearSchedule({ from: 0, to: 1, steps: 0 }), /linearSchedule: steps is 0/);
  assert.throws(() => oneCycle({ peak: 1, steps: 5 })(5), /oneCycle: step 5 is not within its 5 steps/);
  assert.throws(() => oneCycle({ peak: 1, steps: 5, rise: 1 }), /oneCycle: rise is 1/);
  assert.throws(() => warmUp(-1, constantSchedule(1)), /warmUp: steps is -1/);
});

test.run();
