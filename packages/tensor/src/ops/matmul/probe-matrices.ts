// Subgroup matrices are an experiment of Dawn's: whether they multiply rightly here is tried before they are relied on.
import { describeMatrix } from '../../core/adapter.ts';
import type { Device } from '../../core/device.ts';
import { emptyTensor, tensor } from '../../tensor.ts';
import { wholePiece } from './gemm.ts';
import { configsInUse, matrixForms, tileSides, type FloatMatrix } from './matrix-forms.ts';
import { matrixKernel } from './matrix-kernel.ts';

/** Of the largest magnitude. The factors are sixteenths and the sums small, so f16 and f32 hold all of them exactly. */
const tolerance = 1e-3;

/** Multiplies once with each configuration in use; those that fail are taken off the adapter's list, with the reason. */
export async function probeMatrices(device: Device): Promise<void> {
  const { adapter } = device;
  for (const config of configsInUse(adapter)) {
    const fault = await faultOf(device, config);
    if (fault === undefined) continue;
    adapter.subgroupMatrices = adapter.subgroupMatrices.filter((listed) => listed !== config);
    adapter.subgroupMatrixFaults.push(`${describeMatrix(config)}: ${fault}`);
  }
}

const sixteenths = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => (((i * step) % 31) - 15) / 16);

/** What is wrong with the configuration here, if anything. */
async function faultOf(device: Device, config: FloatMatrix): Promise<string | undefined> {
  const form = matrixForms(device.adapter).findLast((it) => it.config === config && !it.direct);
  if (!form) return undefined;
  const sides = tileSides(form);
  // One whole tile and parts of others each way.
  const [M, N, K] = [sides.M + 3, sides.N + 4, form.depth + 5];
  const [aValues, bValues] = [sixteenths(M * K, 7), sixteenths(K * N, 5)];
  const scopes = ['validation', 'internal'] as const;
  for (const scope of scopes) device.gpu.pushErrorScope(scope);
  const results = await device.scope(async () => {
    const a = tensor(device, aValues, [M, K], { dtype: config.component });
    const b = tensor(device, bValues, [K, N], { dtype: config.component });
    const out = emptyTensor(device, [M, N]);
    device.run('matmul', matrixKernel(wholePiece({ a, b, out, M, N, K }, 0, 1), form));
    device.flush();
    const errors = await Promise.all(scopes.map(() => device.gpu.popErrorScope()));
    const error = errors.find((found) => found !== null);
    return error ? error.message : await out.read();
  });
  if (typeof results === 'string') return results.split('\n')[0];
  let [off, largest] = [0, 0];
  for (let at = 0; at < results.length; at++) {
    const [m, n] = [Math.floor(at / N), at % N];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += aValues[m * K + k] * bValues[k * N + n];
    const apart = Math.abs(results[at] - sum);
    off = Number.isNaN(apart) ? Infinity : Math.max(off, apart);
    largest = Math.max(largest, Math.abs(sum));
  }
  return off <= tolerance * largest ? undefined : `a product is off by ${(off / largest).toExponential(1)}`;
}
