// The adapter: how it is chosen, what is asked of it, what is recorded, and what is said when there is none.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { fixedSubgroup } from '../src/core/adapter.ts';
import { noAdapterCure } from '../src/core/no-adapter-cure.node.ts';
import { openDevice as openDeviceOn } from '../src/core/open-device.ts';
import {
  adapterRemarks,
  compile,
  describeAdapter,
  describeMatrix,
  FeatureError,
  NoAdapterError,
  openDevice,
  type AdapterSummary,
  type Device,
} from '../src/node.ts';
import { rejects } from './rejects.ts';

const test = suite('adapter');
let device: Device;

test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const everyFeature = ['shader-f16', 'subgroups', 'timestamp-query', 'chromium-experimental-subgroup-matrix'];
const gpuInfo = {
  vendor: 'acme',
  architecture: 'a1',
  device: 'Acme A1',
  description: 'driver 7',
  isFallbackAdapter: false,
};

/** A `gpu` with one made-up adapter, and the descriptors with which devices were asked of it. */
function made(features: readonly string[], info: object = {}, limits: Record<string, number> = {}) {
  const asked: GPUDeviceDescriptor[] = [];
  const adapter = {
    features: new Set(features),
    limits,
    info: { ...gpuInfo, ...info },
    requestDevice: (descriptor: GPUDeviceDescriptor) => {
      asked.push(descriptor);
      const granted = new Set(descriptor.requiredFeatures);
      return Promise.resolve({
        features: granted,
        limits,
        addEventListener() {},
        lost: new Promise(() => {}),
      });
    },
  };
  const gpu = { requestAdapter: () => Promise.resolve(adapter as unknown as GPUAdapter) };
  return { gpu, asked };
}

const summaryOf = async (features: readonly string[], info?: object): Promise<AdapterSummary> =>
  (await openDeviceOn({ gpu: made(features, info).gpu })).adapter;

test('all limits are asked for, and the features the engine can use', async () => {
  const limits = {
    maxBufferSize: 5e9,
    maxStorageBufferBindingSize: 3e9,
    maxComputeWorkgroupsPerDimension: 7,
  };
  const { gpu, asked } = made([...everyFeature, 'texture-compression-bc'], {}, limits);
  const own = await openDeviceOn({ gpu });
  assert.equal(asked[0].requiredLimits, limits);
  assert.equal([...(asked[0].requiredFeatures ?? [])].sort(), [...everyFeature].sort());
  assert.is(own.bindingLimit, 3e9);
  assert.is(own.kernelLimits.workgroupsPerDimension, 7);
  const bare = made([], {}, limits);
  await openDeviceOn({ gpu: bare.gpu });
  assert.equal([...(bare.asked[0].requiredFeatures ?? [])], []);
});

test('subgroups are recorded with the sizes the adapter states', async () => {
  for (const [min, max, fixed] of [
    [4, 4, 4],
    [8, 8, 8],
    [32, 32, 32],
    [16, 32, 0],
  ]) {
    const adapter = await summaryOf(everyFeature, { subgroupMinSize: min, subgroupMaxSize: max });
    assert.equal(adapter.subgroups, { min, max });
    assert.is(fixedSubgroup(adapter), fixed);
    assert.match(describeAdapter(adapter), `subgroups ${min === max ? min : `${min}–${max}`}`);
  }
  const without = await summaryOf(['shader-f16'], { subgroupMinSize: 32, subgroupMaxSize: 32 });
  assert.is(without.subgroups, undefined);
  assert.is(fixedSubgroup(without), 0);
});

test('a kernel’s subgroups have a recorded size', async () => {
  const { subgroups } = device.adapter;
  if (!subgroups) return console.log('  skipped: this adapter has no subgroups');
  const size = await measuredSubgroup(device.gpu);
  assert.ok(size >= subgroups.min && size <= subgroups.max, `${size}, recorded ${JSON.stringify(subgroups)}`);
});

/** `subgroup_size` as a shader sees it. */
async function measuredSubgroup(gpu: GPUDevice): Promise<number> {
  const code = `enable subgroups;
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(subgroup_size) size: u32) { out[0] = size; }`;
  const module = gpu.createShaderModule({ code });
  const pipeline = gpu.createComputePipeline({ layout: 'auto', compute: { module } });
  const out = gpu.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const host = gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer: out } }];
  pass.setBindGroup(0, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(out, 0, host, 0, 4);
  gpu.queue.submit([encoder.finish()]);
  await host.mapAsync(GPUMapMode.READ);
  return new Uint32Array(host.getMappedRange())[0];
}

test('subgroup matrices are recorded', async () => {
  const subgroupMatrixConfigs = [
    { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 8 },
    { componentType: 'f32', resultComponentType: 'f32', M: 8, N: 8, K: 8 },
  ];
  const adapter = await summaryOf(everyFeature, { subgroupMatrixConfigs });
  assert.equal(adapter.subgroupMatrices.map(describeMatrix), ['f16→f32 16×16×8', 'f32→f32 8×8×8']);
  assert.match(describeAdapter(adapter), '2 subgroup-matrix forms');
  assert.equal((await summaryOf(everyFeature)).subgroupMatrices, []);
  assert.equal((await summaryOf(['subgroups'], { subgroupMatrixConfigs })).subgroupMatrices, []);
});

test('f16, timestamps and the kind of machine are recorded', async () => {
  const full = await summaryOf(everyFeature);
  assert.equal([full.f16, full.timestamps, full.kind], [true, true, 'gpu']);
  const bare = await summaryOf([]);
  assert.equal([bare.f16, bare.timestamps], [false, false]);
  assert.match(describeAdapter(bare), 'GPU; no f16, no subgroups, no timestamps');
  for (const info of [
    { device: 'llvmpipe-llvm-15' },
    { device: 'SwiftShader Device (LLVM)' },
    { device: 'Microsoft Basic Render Driver' },
    { isFallbackAdapter: true },
  ]) {
    assert.is((await summaryOf([], info)).kind, 'software', JSON.stringify(info));
  }
});

test('a feature left out is not used', async () => {
  const own = await openDevice({ without: ['shader-f16', 'subgroups', 'timestamp-query'] });
  assert.equal([own.adapter.f16, own.adapter.subgroups, own.adapter.timestamps], [false, undefined, false]);
  assert.is(own.kernelLimits.hasF16, false);
  const plan = await compile(own, { x: { shape: [2] } }, ({ x }) => ({ y: x.tanh() }));
  await rejects(() => plan.profile(), FeatureError, 'no timestamp queries');
  own.close();
});

test('a profile times every kernel of a plan', async () => {
  if (!device.adapter.timestamps) return console.log('  skipped: this adapter has no timestamps');
  const plan = await compile(device, { x: { shape: [64, 64] } }, ({ x }) => ({ y: x.matmul(x).sum() }));
  const rows = await plan.profile();
  assert.equal(
    rows.map((row) => row.name),
    plan.calls.map((call) => call.name),
  );
  assert.ok(
    rows.every((row) => row.ms > 0 && row.ms < 60_000),
    JSON.stringify(rows),
  );
  assert.is(Math.max(...rows.map((row) => row.flops)), 2 * 64 ** 3);
  plan.dispose();
});

test('each missing thing is remarked on, with its cure; nothing where nothing is missing', () => {
  const everything: AdapterSummary = {
    ...gpuInfo,
    kind: 'gpu',
    f16: true,
    timestamps: true,
    subgroups: { min: 32, max: 32 },
    subgroupMatrices: [{ component: 'f16', result: 'f32', M: 16, N: 16, K: 16 }],
    subgroupMatrixFaults: [],
    workgroupBytes: 16_384,
  };
  const remarks = (changes: Partial<AdapterSummary>, bindingLimit = 2 ** 31): string[] =>
    adapterRemarks({ adapter: { ...everything, ...changes }, bindingLimit });
  assert.equal(remarks({}), []);
  const missing: [start: string, changes: Partial<AdapterSummary>, bindingLimit?: number][] = [
    ['software adapter: ', { kind: 'software' }],
    ['no f16: ', { f16: false }],
    ['no subgroups: ', { subgroups: undefined }],
    ['no subgroup matrices: ', { subgroupMatrices: [] }],
    ['subgroup matrices failed ', { subgroupMatrixFaults: ['f16→f32 8×8×8: off'], subgroupMatrices: [] }],
    ['subgroup matrices are not used: ', { subgroups: { min: 16, max: 32 } }],
    ['no timestamps: ', { timestamps: false }],
    ['bindings of at most 128 MiB: ', {}, 2 ** 27],
  ];
  for (const [start, changes, bindingLimit] of missing) {
    const lines = remarks(changes, bindingLimit);
    assert.is(lines.length, 1, start);
    assert.ok(lines[0].startsWith(start), lines[0]);
    assert.match(lines[0], /\. Cure: .+\.$/);
  }
  assert.is(remarks({ kind: 'software', f16: false, subgroups: undefined }).length, 3);
});

test('without an adapter the error names the cure of this system and exit code 3', async () => {
  const cures = {
    linux: /setup\.sh.*mesa-vulkan-drivers/,
    darwin: /macOS 13 .* Metal/,
    win32: /graphics driver/,
    aix: /no known driver for aix/,
  };
  for (const [platform, cure] of Object.entries(cures)) assert.match(noAdapterCure(platform), cure);
  for (const gpu of [undefined, { requestAdapter: () => Promise.resolve(null) }]) {
    const error = await openDeviceOn({ gpu }).catch((thrown: unknown) => thrown);
    assert.instance(error, NoAdapterError);
    assert.is((error as NoAdapterError).exitCode, 3);
    assert.match((error as Error).message, /No WebGPU adapter answers here; use a browser with WebGPU/);
  }
});

test('an adapter is chosen by part of its name, and an unknown name is no silent default', async () => {
  const name = device.adapter.device.slice(0, 4);
  const before = process.env.FOREWORD_ADAPTER;
  try {
    process.env.FOREWORD_ADAPTER = 'no such adapter';
    const own = await openDevice({ adapter: name });
    assert.is(own.adapter.device, device.adapter.device, 'the option goes before the variable');
    own.close();
    const wanted = ['"no such adapter"', 'FOREWORD_ADAPTER or --adapter', `one of: "${name}`];
    await rejects(() => openDevice(), NoAdapterError, ...wanted);
    delete process.env.FOREWORD_ADAPTER;
    await rejects(() => openDevice({ adapter: 'no such adapter' }), NoAdapterError, ...wanted);
  } finally {
    if (before === undefined) delete process.env.FOREWORD_ADAPTER;
    else process.env.FOREWORD_ADAPTER = before;
  }
});

test.run();
