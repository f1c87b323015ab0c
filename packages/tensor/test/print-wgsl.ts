// Command behind `pnpm wgsl softmax 4x8`: prints the kernels that an op makes for these shapes on the adapter that answers.
//   pnpm wgsl OP [SHAPE …] [--attrs JSON] [--dtype f16] [--backward]
// Shapes, attributes and types that are left out are those of the first sample in the op's check.
import { parseArgs } from 'node:util';
import { Trace } from '../src/plan/trace.ts';
import { grad, openDevice, Tensor, type DType } from '../src/node.ts';
import { applyOp } from '../src/op.ts';
import { sizeOf } from '../src/core/shape.ts';
import { Storage } from '../src/core/storage.ts';
import { checkedOps } from './op-check.ts';

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
  options: {
    attrs: { type: 'string', default: '{}' },
    dtype: { type: 'string' },
    backward: { type: 'boolean', default: false },
  },
});
const [name, ...shapes] = positionals;
const found = checkedOps.find((op) => op.name === name);

if (found) await print();
else {
  console.error(
    `wgsl: there is no op '${name ?? ''}'; there are ${checkedOps.map((op) => op.name).join(', ')}`,
  );
  process.exitCode = 2;
}

async function print(): Promise<void> {
  const { op, samples } = found!;
  const [sample] = samples;
  const device = await openDevice();
  const trace = new Trace();
  device.trace = trace;
  const inputs = sample.inputs.map((input, i) => {
    if (!input) return undefined;
    const shape = shapes[i] === undefined ? input.shape : shapes[i].split('x').filter(Boolean).map(Number);
    const isFloat = (input.dtype ?? 'f32') === 'f32';
    const dtype = isFloat ? ((values.dtype as DType | undefined) ?? 'f32') : input.dtype!;
    const storage = new Storage(trace, Math.max(4, sizeOf(shape) * 4), `input ${i}`, { isVirtual: true });
    return new Tensor(device, shape, dtype, { storage }).trainable(isFloat && values.backward);
  });
  const attrs = { ...(sample.attrs as object), ...(JSON.parse(values.attrs) as object) };
  const [result] = applyOp(op, inputs, attrs, device);
  if (values.backward) {
    const wanted = inputs.filter((t): t is Tensor => t?.requiresGrad ?? false);
    grad(result, wanted, {
      seed: new Tensor(device, result.shape, result.dtype, { storage: result.storage }),
    });
  }
  device.trace = undefined;
  for (const call of trace.calls) {
    console.log(
      `// ${call.name}: ${call.grid.join(' × ')} workgroups${call.sizes.length ? `, sizes ${call.sizes.join(', ')}` : ''}`,
    );
    console.log(`${call.code}\n`);
  }
  console.error(`${trace.calls.length} kernels of ${name}, result ${result.toString()}`);
  device.close();
}
