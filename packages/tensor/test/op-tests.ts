// The tests of an op: its samples × the checks of op-check.ts. Node runs them, and so do other runtimes.
import type { Device } from '../src/core/device.ts';
import { checkBackward, checkForward, checkReplay, hasHalves, type CheckedOp } from './op-check.ts';

export interface OpTest {
  name: string;
  run(): Promise<void>;
}

export interface OpDevices {
  device: Device;
  /** Opened with {@link narrowOptions}. */
  narrow: Device;
}

/** Sends every kernel through the two-dimensional split of the grid that more than 65,535 workgroups need. */
export const narrowOptions = { workgroupLimit: 3 };

/** `isQuick`: the first sample's values, gradients and halves alone. */
export function* opTests(
  op: CheckedOp,
  { device, narrow }: OpDevices,
  { isQuick = false } = {},
): Generator<OpTest> {
  for (const [i, sample] of op.samples.slice(0, isQuick ? 1 : undefined).entries()) {
    const shapes = sample.inputs.map((s) => (s ? `[${s.shape.join()}]` : '–')).join(' ');
    const test = (check: string, run: () => Promise<void>, on = device): OpTest => ({
      name: `${sample.name ?? `sample ${i}`} ${shapes}: ${check}`,
      run: () => on.scope(run),
    });
    yield test('forward', () => checkForward(device, op, sample, false));
    yield test('backward', () => checkBackward(device, op, sample));
    if (i < 3 && !isQuick) yield test('replay', () => checkReplay(device, op, sample));
    if (device.adapter.f16 && hasHalves(op, sample))
      yield test('f16', () => checkForward(device, op, sample, true));
    if (i === 0 && !isQuick) yield test('split grid', () => checkForward(narrow, op, sample, false), narrow);
  }
}
