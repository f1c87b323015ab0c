// Started by spec-floor.test.ts: every op's first sample, forward and backward, on the adapter that its environment
// gives, without the features named on the command line.
import { openDevice } from '../src/node.ts';
import { checkBackward, checkForward, checkedOps } from './op-check.ts';

const device = await openDevice({ without: process.argv.slice(2) });
const failures: string[] = [];

// WGSL lets cos be off by 2⁻¹¹ (§ Concrete Floating Point Accuracy), and SwiftShader uses some of that.
const toleranceOf: Record<string, number> = { randomNormal: 2 ** -11 };

for (const op of checkedOps) {
  try {
    const [first] = op.samples;
    const sample = { ...first, tolerance: toleranceOf[op.name] ?? first.tolerance };
    await device.scope(() => checkForward(device, op, sample, false));
    await device.scope(() => checkBackward(device, op, sample));
    for (const error of device.takeErrors()) failures.push(`${op.name}: ${error.message}`);
  } catch (error) {
    failures.push(`${op.name}: ${(error as Error).message}`);
  }
}
const { description, device: name, kind, f16, subgroups } = device.adapter;
const invocations = device.gpu.limits.maxComputeInvocationsPerWorkgroup;
console.log(
  JSON.stringify({
    adapter: `${name} ${description}`,
    kind,
    f16,
    subgroups,
    invocations,
    checked: checkedOps.length,
    failures,
  }),
);
device.close();
