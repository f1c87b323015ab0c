// A small product on each subgroup-matrix configuration in use, compared with whole numbers: drivers have listed
// configurations that they compute wrongly or refuse to compile.
import { describeMatrix } from '../../core/adapter.ts';
import type { Device } from '../../core/device.ts';
import { emptyTensor, tensor } from '../../tensor.ts';
import { wholePiece } from './gemm.ts';
import { configsInUse, matrixForms, tileSides, type FloatMatrix, type MatrixForm } from './matrix-forms.ts';
import { matrixKernel } from './matrix-kernel.ts';

/**
 * Leaves in `device.adapter.subgroupMatrices` no configuration in use that computes wrongly, and says of those it takes
 * out what was wrong with them (`subgroupMatrixFaults`). One pipeline per configuration; no error is left behind.
 */
export async function probeMatrices(device: Device): Promise<void> {
  const { adapter } = device;
  const right = new Set<FloatMatrix>();
  for (;;) {
    // Without the largest configuration of a kind the next one comes into use.
    const config = configsInUse(adapter).find((c) => !right.has(c));
    const form = config && matrixForms(adapter).findLast((f) => f.config === config && !f.direct);
    if (!config) return;
    const fault = form && (await faultOf(device, form));
    right.add(config);
    if (fault === undefined) continue;
    adapter.subgroupMatrices = adapter.subgroupMatrices.filter((c) => c !== config);
    adapter.subgroupMatrixFaults.push(`${describeMatrix(config)}: ${fault}`);
  }
}

/** What is wrong with the product of one tile; undefined where it is right. */
async function faultOf(device: Device, form: MatrixForm): Promise<string | undefined> {
  const { M, N } = tileSides(form);
  const K = 2 * form.depth;
  // Products and sums are exact in f32, and no pattern repeats with a fragment's sides. Factors that are whole fit f16;
  // those of f32 have bits that rounding to f16 or TF32 would lose.
  const shift = form.config.component === 'f32' ? 1 / 4096 : 0;
  const a = Float32Array.from({ length: M * K }, (_, i) => ((i * 7) % 17) - 8 + shift);
  const b = Float32Array.from({ length: K * N }, (_, i) => ((i * 5) % 13) - 6);
  const { gpu } = device;
  gpu.pushErrorScope('internal');
  gpu.pushErrorScope('validation');
  const dtype = form.config.component;
  const out = device.scope(() => {
    const [left, right] = [tensor(device, a, [M, K], { dtype }), tensor(device, b, [K, N], { dtype })];
    const sums = emptyTensor(device, [M, N]);
    device.run('probe', matrixKernel(wholePiece({ a: left, b: right, out: sums, M, N, K }, 0, 1), form));
    device.flush();
    return sums;
  });
  const errors = await Promise.all([gpu.popErrorScope(), gpu.popErrorScope()]);
  const error = errors.find((found) => found !== null);
  const sums = error ? undefined : await out.read();
  out.dispose();
  device.trim();
  if (!sums) return error!.message.trim().split('\n')[0];
  for (const [i, sum] of sums.entries()) {
    let wanted = 0;
    for (let k = 0; k < K; k++) wanted += a[Math.floor(i / N) * K + k] * b[k * N + (i % N)];
    if (sum !== wanted) return `a sum was ${sum} and should have been ${wanted}`;
  }
  return undefined;
}
