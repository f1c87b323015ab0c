// The checks of all ops, in whatever runtime this is.
import type { OpenRuntimeSuite } from '@foreword/test-kit/runtimes';
import { describeAdapter, openDevice } from '@foreword/tensor/node';
import { checkedOps } from '../op-check.ts';
import { narrowOptions, opTests } from '../op-tests.ts';

export const open: OpenRuntimeSuite = async (selection) => {
  const device = await openDevice();
  const narrow = await openDevice(narrowOptions);
  return {
    title: `ops on ${describeAdapter(device.adapter)}`,
    devices: [device, narrow],
    tests: checkedOps.flatMap((op) =>
      [...opTests(op, { device, narrow }, { isQuick: selection === 'quick' })].map(({ name, run }) => ({
        name: `${op.name}: ${name}`,
        run,
      })),
    ),
    close() {
      device.close();
      narrow.close();
    },
  };
};
