// Reports of steps come late, but all of them, in order, and a diverged one stops the training.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { StepMetrics } from '../src/run/metrics.ts';
import { StepLog } from '../src/train/step-log.ts';
import type { StepReport } from '../src/train/step-plans.ts';

const test = suite('step log');

const isSettled = async (work: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  // A few turns of the queue of promises, so that what could go on has gone on.
  for (let i = 0; i < 20; i++) await Promise.resolve();
  return (await Promise.race([work, Promise.resolve(pending)])) !== pending;
};

const sent = (step: number, report: Promise<StepReport>) => ({
  step,
  epoch: 1,
  lr: 0.5,
  tokenCount: 10,
  report,
});

const quiet = { onRow: () => {}, onWarning: () => {} };

test('four steps may be under way; a fifth waits for the first', async () => {
  const seen: number[] = [];
  const log = new StepLog({ ...quiet, onRow: ({ step }) => void seen.push(step) });
  let arrive!: (report: StepReport) => void;
  const first = new Promise<StepReport>((resolve) => (arrive = resolve));
  const rest = Promise.resolve({ loss: 2, gradNorm: 1 });
  await log.add(sent(1, first));
  for (const step of [2, 3, 4]) await log.add(sent(step, rest));
  assert.equal(seen, []);
  const fifth = log.add(sent(5, rest));
  assert.not.ok(await isSettled(fifth));
  arrive({ loss: 3, gradNorm: 1 });
  await fifth;
  assert.equal(seen, [1]);
  await log.settle();
  assert.equal(seen, [1, 2, 3, 4, 5]);
  assert.equal(
    log.rows.map(({ step, loss }) => [step, loss]),
    [
      [1, 3],
      [2, 2],
      [3, 2],
      [4, 2],
      [5, 2],
    ],
  );
  assert.ok(log.rows.every(({ stepMs, tokensPerSecond }) => stepMs >= 0 && tokensPerSecond > 0));
});

test('rows of before stay in front', async () => {
  const before = { step: 1, loss: 9 } as StepMetrics;
  const log = new StepLog({ ...quiet, rows: [before] });
  await log.add(sent(2, Promise.resolve({ loss: 8, gradNorm: 1 })));
  await log.settle();
  assert.equal(
    log.rows.map(({ loss }) => loss),
    [9, 8],
  );
});

test('a loss that is no number is told with its step, and no later step is logged', async () => {
  const log = new StepLog(quiet);
  await log.add(sent(1, Promise.resolve({ loss: 1, gradNorm: 1 })));
  await log.add(sent(2, Promise.resolve({ loss: NaN, gradNorm: 1 })));
  await log.add(sent(3, Promise.reject(new Error('the device is gone'))));
  await log.settle().then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /^the loss of step 2 is NaN: the training has diverged$/),
  );
  assert.is(log.rows.length, 1);
});

test('a gradient norm that is no number is told, though losses look healthy', async () => {
  for (const gradNorm of [NaN, Infinity]) {
    const log = new StepLog(quiet);
    await log.add(sent(1, Promise.resolve({ loss: 1, gradNorm: 1 })));
    await log.add(sent(2, Promise.resolve({ loss: 1, gradNorm })));
    await log.settle().then(
      () => assert.unreachable(),
      (error: Error) =>
        assert.is(error.message, `the gradient norm of step 2 is ${gradNorm}: the training has diverged`),
    );
  }
});

test('no gradient for five steps and a loss far beyond a guess are warned about, once each', async () => {
  const warnings: string[] = [];
  const log = new StepLog({ ...quiet, usualLoss: 11, onWarning: (line) => void warnings.push(line) });
  const norms = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const [i, gradNorm] of norms.entries())
    await log.add(sent(i + 1, Promise.resolve({ loss: 3, gradNorm })));
  await log.settle();
  assert.equal(warnings, ['warning: no gradient since step 6: nothing is learned; a smaller --lr may help']);
  for (const step of [12, 13]) await log.add(sent(step, Promise.resolve({ loss: 12.34, gradNorm: 1 })));
  await log.settle();
  assert.equal(warnings.slice(1), [
    'warning: the loss of step 12 is 12.3, far beyond a guess; a smaller --lr may help',
  ]);
});

test.run();
