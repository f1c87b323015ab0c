// Which kernels software adapters take by the size of their subgroups: 16 is that of Mesa's with 512-bit vectors.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import type { AdapterSummary } from '../src/node.ts';
import { buildCall } from '../src/kernel/kernel.ts';
import { backwardVariants, forwardVariants } from '../src/ops/attention/attention-variants.ts';
import { attentionSizes } from '../src/ops/attention/layout.ts';
import { laneForms, laneKernel } from '../src/ops/product/lane-kernel.ts';
import { machine, openNullDevice, pieceOn } from './matrix-machines.ts';

const test = suite('subgroups of software adapters');
const device = await openNullDevice();
test.after(() => device.close());

const software = (size?: number): AdapterSummary =>
  machine([], { kind: 'software', subgroups: size === undefined ? undefined : { min: size, max: size } });
const shape = [2, 32, 256];
const sizes = attentionSizes([{ shape }, { shape }, { shape }], { heads: 4, causal: true, packing: 'none' });

for (const [size, lanes, isHanded] of [
  [8, 8, true],
  [16, 16, true],
  [32, 8, false],
  [undefined, 8, false],
] as const) {
  const adapter = software(size);
  test(`a product on subgroups of ${size}: ${lanes} lanes, A ${isHanded ? 'handed round' : 'loaded by each'}`, () => {
    for (const transB of [false, true]) {
      const piece = pieceOn(device, [256, 256, 256], { transB }, ['f32', 'f32']);
      const [form] = laneForms(piece, adapter);
      const spec = laneKernel(piece, adapter);
      assert.is(spec.workgroupSize, lanes);
      assert.is(spec.subgroups, isHanded);
      assert.is(spec.code.includes('subgroupBroadcast'), isHanded);
      // What is not handed round is loaded by each lane and makes compiling slow: half as many rows.
      assert.is(form.rows, isHanded ? 16 : 8);
      assert.is(spec.groups, (256 / form.rows) * (256 / 4 / (lanes * form.units)));
    }
  });
}

test('attention shares channels on subgroups of 4, 8 and 16, and gives each invocation a query on others', () => {
  for (const size of [4, 8, 16]) {
    assert.is(forwardVariants(software(size), sizes)[0].name, 'channels');
    assert.is(backwardVariants(software(size), sizes)[0].name, 'channels');
  }
  for (const size of [32, undefined]) {
    assert.equal(
      forwardVariants(software(size), sizes).map(({ name }) => name),
      ['queries 8'],
    );
    assert.equal(
      backwardVariants(software(size), sizes).map(({ name }) => name),
      ['queries 8'],
    );
  }
});

test('what a product loads in its text does not grow with the subgroup', () => {
  const loads = (size: number): number => {
    const piece = pieceOn(device, [256, 256, 256], {}, ['f32', 'f32']);
    const { code } = buildCall('matmul', laneKernel(piece, software(size)), device.kernelLimits)!;
    return [...code.matchAll(/\b[ab]\[/g)].length;
  };
  assert.ok(loads(16) <= loads(8), `${loads(16)} loads for 16 lanes, ${loads(8)} for 8`);
});

test.run();
