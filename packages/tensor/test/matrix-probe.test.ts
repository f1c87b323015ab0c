// Subgroup-matrix configurations that compute wrongly or not at all are found when a device is opened.
import { suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { openDevice as openDeviceOn } from '../src/core/open-device.ts';
import { openDevice, type Device, type SubgroupMatrix } from '../src/node.ts';
import { dawnInstance } from '../src/node-dawn.ts';
import { matrixForms } from '../src/ops/product/matrix-forms.ts';
import { probeMatrices } from '../src/ops/product/probe-matrices.ts';
import { matrix, nullGpu, nvidia } from './matrix-machines.ts';

const test = suite('matrix probe');
const device = await openDevice();
test.after(() => device.close());

const [ownForm] = matrixForms(device.adapter);
const onMatrices = (title: string, body: () => Promise<void>): void =>
  test(title, async () => {
    if (!ownForm) return console.log('  skipped: this adapter has no subgroup matrices');
    await body();
  });

/** A `gpu` whose adapter tells something else of itself. */
function disguised(gpu: Pick<GPU, 'requestAdapter'>, info: object, onDevice?: (gpu: GPUDevice) => void) {
  const requestAdapter = async (): Promise<GPUAdapter> => {
    const adapter = (await gpu.requestAdapter())!;
    const real = adapter.info as unknown as Record<string, unknown>;
    const told = {
      vendor: 'acme',
      architecture: '',
      device: 'Acme A1',
      description: '',
      isFallbackAdapter: false,
      subgroupMinSize: real.subgroupMinSize,
      subgroupMaxSize: real.subgroupMaxSize,
      subgroupMatrixConfigs: real.subgroupMatrixConfigs,
      ...info,
    };
    const requestDevice = async (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const opened = await adapter.requestDevice(descriptor);
      onDevice?.(opened);
      return opened;
    };
    return {
      info: told,
      features: adapter.features,
      limits: adapter.limits,
      requestDevice,
    } as unknown as GPUAdapter;
  };
  return { requestAdapter };
}

const listed = (...configs: SubgroupMatrix[]) =>
  configs.map(({ component, result, ...sides }) => ({
    componentType: component,
    resultComponentType: result,
    ...sides,
  }));

test('configurations that compute nothing are dropped one after the other, and no error is left', async () => {
  const info = {
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrixConfigs: listed(...nvidia.subgroupMatrices),
  };
  const own = await openDeviceOn({ gpu: disguised(await nullGpu(), info) });
  assert.is(own.adapter.kind, 'gpu');
  assert.equal(matrixForms(own.adapter), []);
  assert.is(own.adapter.subgroupMatrixFaults.length, 3);
  assert.match(
    own.adapter.subgroupMatrixFaults[0],
    /^f16→f32 16×16×16: a sum was .+ and should have been -?\d+$/,
  );
  assert.is(own.adapter.subgroupMatrices.length, 2, 'those not in use are not tried');
  assert.equal(own.takeErrors(), []);
  assert.equal([own.stats.dispatches, own.stats.liveBytes, own.stats.pooledBytes], [0, 0, 0]);
  own.close();
});

test('a driver that loses the device over the check is opened without subgroup matrices', async () => {
  const info = {
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrixConfigs: listed(...nvidia.subgroupMatrices),
  };
  let opened = 0;
  const losesFirst = (gpu: GPUDevice): void => {
    if (opened++ === 0) gpu.destroy();
  };
  const own = await openDeviceOn({ gpu: disguised(await nullGpu(), info, losesFirst) });
  assert.is(opened, 2);
  assert.equal(own.adapter.subgroupMatrices, []);
  assert.is(own.adapter.subgroupMatrixFaults.length, 1);
  assert.ok(own.adapter.subgroupMatrixFaults[0].length > 10, own.adapter.subgroupMatrixFaults[0]);
  await own.finish();
  own.close();
});

onMatrices('a right configuration passes its check', async () => {
  const before = device.adapter.subgroupMatrices;
  await probeMatrices(device);
  assert.is(device.adapter.subgroupMatrices, before);
  assert.equal(device.adapter.subgroupMatrixFaults, []);
});

const dawnFlags = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];

/** Dawn's adapter as it is, but for its name: software adapters are not checked when a device is opened. */
const openDisguised = async (info: object, onDevice?: (gpu: GPUDevice) => void): Promise<Device> => {
  const own = await openDeviceOn({ gpu: disguised(await dawnInstance(dawnFlags), info, onDevice) });
  assert.is(own.adapter.kind, 'gpu');
  assert.equal(own.takeErrors(), []);
  return own;
};

onMatrices('opening a device drops a configuration that the driver refuses, and keeps the next', async () => {
  const refused = matrix('f16', 'f32', 32, 32, 32);
  const own = await openDisguised({ subgroupMatrixConfigs: listed(refused, ownForm.config) });
  assert.equal(own.adapter.subgroupMatrices, [ownForm.config]);
  assert.is(own.adapter.subgroupMatrixFaults.length, 1);
  assert.match(own.adapter.subgroupMatrixFaults[0], /^f16→f32 32×32×32: .+/);
  own.close();
});

onMatrices('opening a device drops a configuration that adds nothing up', async () => {
  const own = await openDisguised({}, (gpu) => {
    const createShaderModule = gpu.createShaderModule.bind(gpu);
    gpu.createShaderModule = ({ code, ...rest }) =>
      createShaderModule({
        ...rest,
        code: code.replace(/subgroupMatrixMultiplyAccumulate\(\w+, \w+, (\w+)\)/g, '$1'),
      });
  });
  assert.equal(matrixForms(own.adapter), []);
  assert.match(own.adapter.subgroupMatrixFaults[0], /a sum was 0 and should have been -?\d+$/);
  own.close();
});

test.run();
