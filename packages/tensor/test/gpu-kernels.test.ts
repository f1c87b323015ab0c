// The kernels that GPUs take, on whatever adapter there is: a software adapter is made to pass for a GPU.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice } from '../src/node.ts';
import { matmul, meetChoices, tensor, type Tensor } from '../src/index.ts';
import { runRows } from '../src/kernel/rows.ts';
import type { KernelSpec } from '../src/kernel/kernel.ts';
import { checkBackward, checkForward, checkedOps, deviation, uniform } from './op-check.ts';

const names = ['sum', 'layerNorm', 'softmax', 'crossEntropy', 'l2Normalize', 'topK', 'attention'];

for (const without of [[], ['subgroups']]) {
  const device = await openDevice({ without });
  // Loop counts stay hidden, as a software adapter's compiler needs it.
  device.adapter.kind = 'gpu';
  const test = suite(`kernels for GPUs${without.length > 0 ? ', no subgroups' : ''}`, {
    timeLimitSeconds: 120,
  });
  test.after.each(failOnGpuErrors(device));
  test.after(() => device.close());

  for (const op of checkedOps.filter(({ name }) => names.includes(name))) {
    if (op.name === 'attention' && without.length > 0) continue;
    test(op.name, async () => {
      for (const sample of op.samples) {
        await device.scope(() => checkForward(device, op, sample, false));
        await device.scope(() => checkBackward(device, op, sample));
      }
    });
  }

  if (without.length === 0) {
    test('a product: shares of K and slices give what tiles give', async () => {
      const random = uniform(7);
      const of = (...shape: number[]): Tensor =>
        tensor(
          device,
          Float32Array.from({ length: shape[0] * shape[1] }, () => random() - 0.5),
          shape,
        );
      for (const [rows, wanted] of [
        [20, /^tiles 32.*, K in \d shares$/],
        [3, /^slices/],
      ] as const) {
        await device.scope(async () => {
          const [a, b] = [of(rows, 514), of(514, 36)];
          const product = async (): Promise<ArrayLike<number>> => await matmul(a, b).read();
          const [{ key, variants }] = await meetChoices(device, async () => void (await product()));
          const expected = await product();
          const others = variants.filter((name) => wanted.test(name));
          assert.is(others.length, 3, variants.join());
          for (const name of others) {
            device.choices.table = { [key]: name };
            const { worst } = deviation(await product(), expected);
            assert.ok(worst < 1e-5, `${name}: off by ${worst}`);
          }
          device.choices.table = {};
        });
      }
    });

    test('attention: samples, with every kernel that can take them', async () => {
      const op = checkedOps.find(({ name }) => name === 'attention')!;
      const forward = async (): Promise<void> => {
        for (const sample of op.samples) await device.scope(() => checkForward(device, op, sample, false));
      };
      const sites = await meetChoices(device, forward);
      const names = new Set(sites.flatMap(({ variants }) => variants));
      assert.ok(
        ['keys', 'queries 32', 'queries 64'].every((name) => names.has(name)),
        [...names].join(),
      );
      for (const name of names) {
        device.choices.table = Object.fromEntries(sites.map(({ key }) => [key, name]));
        await forward();
      }
      device.choices.table = {};
    });
  }

  test('rows are summed by subgroups where there are some, else in a tree', () => {
    const found: KernelSpec[] = [];
    const spec = { rows: 2, length: 100, code: 'fn row(r: u32, lane: u32) { }' };
    runRows({ device, run: (kernel) => void found.push(kernel) }, spec);
    const isFixed = device.adapter.subgroups && device.adapter.subgroups.min === device.adapter.subgroups.max;
    assert.is(found[0].code.includes('subgroupAdd'), Boolean(isFixed));
    assert.is(found[0].subgroups, Boolean(isFixed));
  });
  test.run();
}
