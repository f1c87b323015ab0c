// Checkpoints: what is saved is what is loaded; renamed, turned and stacked tensors; all faults at once.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice } from '@foreword/tensor/node';
import {
  bytesSource,
  openSafetensors,
  writeSafetensors,
  type Device,
  type SafetensorsEntry,
  type TensorFile,
} from '@foreword/tensor';
import * as assert from 'uvu/assert';
import {
  CheckpointError,
  init,
  Linear,
  loadInto,
  loadModule,
  memoryTensors,
  Mlp,
  Module,
  saveModule,
  seeded,
  stacked,
  transposed,
  shapesOf,
  type Parameters,
} from '../src/index.ts';

const test = suite('checkpoint');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

const fileOf = (shapes: Record<string, number[]>): Promise<TensorFile> =>
  openSafetensors(
    bytesSource(
      writeSafetensors(
        Object.entries(shapes).map(([name, shape]): SafetensorsEntry => {
          const size = shape.reduce((a, b) => a * b, 1);
          return { name, dtype: 'F32', shape, data: Float32Array.from({ length: size }, (_, i) => i) };
        }),
      ),
    ),
  );
const construct = (p: Parameters): Linear => new Linear(p, 3, 2);

test('a saved model is loaded, made anew and into another one', async () => {
  const make = (p: Parameters): Mlp => new Mlp(p, 3, { hidden: 5 });
  const model = make(seeded(device, { seed: 1 }));
  const other = make(seeded(device, { seed: 2 }));
  const bytes = await saveModule(model, { metadata: { step: '7' } });
  const file = await openSafetensors(bytesSource(bytes));
  assert.equal(file.metadata, { step: '7' });
  const loaded = await loadModule(file, make, { device });
  await loadInto(other, file);
  for (const [name, t] of model.stateDict()) {
    const values = await t.read();
    assert.equal(await loaded.stateDict().get(name)!.read(), values, name);
    assert.equal(await other.stateDict().get(name)!.read(), values, name);
  }
  assert.not.ok(loaded.fc1.weight.requiresGrad);
  for (const m of [model, other, loaded]) m.dispose();
});

test('renamed, turned and stacked tensors', async () => {
  const file = await fileOf({ 'net.kernel': [3, 2], 'net.a': [1], 'net.b': [1], 'head.weight': [9] });
  const loaded = await loadModule(file, construct, {
    device,
    rename: (name) => (name.startsWith('net.') ? name.slice(4) : undefined),
    sourceOf: (name) => (name === 'weight' ? transposed('kernel') : stacked('a', 'b')),
  });
  assert.equal(Array.from(await loaded.weight.read()), [0, 2, 4, 1, 3, 5]);
  assert.equal(Array.from(await loaded.bias!.read()), [0, 0]);
  loaded.dispose();
});

test('all faults are listed, with both sides, and nothing stays on the GPU', async () => {
  const before = device.stats.liveBytes;
  const file = await fileOf({ weight: [3, 2], stranger: [1], other: [2] });
  let caught: unknown;
  try {
    await loadModule(file, construct, { device, ignore: (name) => name === 'other' });
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, CheckpointError);
  const { message, missing, unexpected, shapes } = caught as CheckpointError;
  assert.equal(missing, [{ name: 'bias', shape: [2] }]);
  assert.equal(unexpected, ['stranger']);
  assert.equal(shapes, [{ name: 'weight', place: 'weight', wanted: [2, 3], got: [3, 2] }]);
  assert.match(message, /missing in the file: bias \[2\]/);
  assert.match(message, /unknown to the model: stranger/);
  assert.match(message, /other shape: weight is \[3, 2\] in the file, but \[2, 3\] in the model/);
  assert.is(device.stats.liveBytes, before);
});

async function failure(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

test('combined tensors of another shape, lacking pieces, and two names for one parameter', async () => {
  const before = device.stats.liveBytes;
  const file = await fileOf({ weight: [2, 3], a: [1], b: [2], 'module.a': [1] });
  const rename = (name: string): string | undefined => (name.startsWith('module.') ? undefined : name);
  const load = (options: object): Promise<string> =>
    failure(() => loadModule(file, construct, { device, rename, ...options }));
  const folded = (names: string[]) => (name: string) => (name === 'bias' ? stacked(...names) : undefined);
  assert.match(
    await load({ sourceOf: folded(['a', 'b']) }),
    /bias \(a \+ b\) is \[3\] in the file, but \[2\]/,
  );
  assert.match(await load({ sourceOf: folded(['a', 'c']), ignore: true }), /c \(a part of bias\)/);
  assert.match(
    await load({ rename: (name: string) => name.replace('module.', '') }),
    /"a" and "module\.a" are both the parameter a|"module\.a" and "a" are both the parameter a/,
  );
  assert.is(device.stats.liveBytes, before);
});

test('tensors in memory load like a file; a scalar may have axes of size 1', async () => {
  const make = (p: Parameters): Scaled => new Scaled(p);
  const tensors = new Map([
    ['factor', { shape: [1], data: [3] }],
    ['table', { shape: [2, 2], data: [1, 2, 3, 4.0001] }],
    ['matrix', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4.0001) }],
  ]);
  const dtype = device.adapter.f16 ? 'f16' : 'f32';
  const loaded = await loadModule(memoryTensors(tensors), make, { device, dtype });
  assert.is(await loaded.factor.item(), 3);
  assert.is((await loaded.table.read())[3], Math.fround(4.0001));
  assert.is((await loaded.matrix.read())[3], dtype === 'f16' ? 4 : Math.fround(4.0001));
  assert.equal(
    (await loaded.entries()).map((entry) => entry.dtype),
    ['F32', 'F32', dtype.toUpperCase()],
  );
  loaded.dispose();
  tensors.delete('table');
  assert.match(
    await failure(() => loadModule(memoryTensors(tensors), make, { device })),
    /^the tensors in memory: .*\n {2}missing in the file: table \[2, 2\]$/,
  );
});

/** A scalar, a table that stays f32, and a matrix that need not. */
class Scaled extends Module {
  readonly factor;
  readonly table;
  readonly matrix;

  constructor(p: Parameters) {
    super();
    this.factor = p.get('factor', [], init.ones);
    this.table = p.get('table', [2, 2], init.zeros, { keepF32: true });
    this.matrix = p.get('matrix', [2, 2], init.zeros);
  }
}

test('of many faults the message names some, the error all', async () => {
  const many = (p: Parameters): Linear[] => Array.from({ length: 20 }, (_, i) => construct(p.at(i)));
  assert.is(shapesOf(many).size, 40);
  class Many extends Module {
    readonly all: Linear[];
    constructor(p: Parameters) {
      super();
      this.all = many(p.at('all'));
    }
  }
  const error = (await loadModule(memoryTensors(new Map()), (p) => new Many(p), { device }).catch(
    (e: unknown) => e,
  )) as CheckpointError;
  assert.is(error.missing.length, 40);
  assert.match(error.message, /all\.3\.bias \[2\], … and 32 more$/);
});

test('loadInto writes nothing where something does not fit', async () => {
  const model = construct(seeded(device, { seed: 1 }));
  const before = await model.weight.read();
  const file = await fileOf({ weight: [2, 3] });
  assert.match(await failure(() => loadInto(model, file)), /missing in the file: bias \[2\]/);
  assert.equal(await model.weight.read(), before);
  model.dispose();
});

test.run();
