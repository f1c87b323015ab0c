// Modules: names by path, providers, state, freezing, memory.
import { failOnGpuErrors, suite } from '@foreword/test-kit';
import { openDevice } from '@foreword/tensor/node';
import { parameter, type Device, type Tensor } from '@foreword/tensor';
import * as assert from 'uvu/assert';
import {
  Activation,
  CheckpointError,
  Embedding,
  given,
  LayerNorm,
  Linear,
  Module,
  ModuleError,
  seeded,
  Sequential,
  shapesOf,
  type Parameters,
} from '../src/index.ts';

const test = suite('module');
let device: Device;
test.before(async () => {
  device = await openDevice();
});
test.after.each(failOnGpuErrors(() => device));
test.after(() => device.close());

/** All that a module may hold: tensors, modules, lists of both, a buffer, a tied weight, and what is not walked. */
class Model extends Module {
  readonly scale: Tensor;
  readonly mean: Tensor;
  readonly table: Embedding;
  readonly blocks: readonly Linear[];
  readonly rows: readonly Tensor[];
  readonly head: Linear;
  readonly tied: Tensor;
  readonly config = { width: 4 };
  readonly #hidden: Linear;

  constructor(p: Parameters) {
    super();
    const zeros = (values: Float32Array): void => void values.fill(0);
    this.scale = p.get('scale', [], (values) => void values.fill(2));
    this.mean = p.buffer('mean', [4], zeros);
    this.table = new Embedding(p.at('table'), 5, 4);
    this.blocks = [0, 1].map((i) => new Linear(p.at('blocks').at(i), 4, 4));
    this.rows = [p.get('rows.0', [3], zeros)];
    this.head = new Linear(p.at('head'), 4, 2, { bias: false });
    this.tied = this.table.weight;
    this.#hidden = this.head;
  }

  protected override get bufferFields(): readonly string[] {
    return ['mean'];
  }

  hiddenInputs(): number {
    return this.#hidden.weight.dim(1);
  }
}

const parameterNames = [
  'scale',
  'table.weight',
  'blocks.0.weight',
  'blocks.0.bias',
  'blocks.1.weight',
  'blocks.1.bias',
  'rows.0',
  'head.weight',
];

test('parameters are named by their fields, each once; buffers apart', () => {
  const model = new Model(seeded(device, { seed: 1 }));
  assert.equal([...model.namedParameters().keys()], parameterNames);
  assert.equal([...model.namedBuffers().keys()], ['mean']);
  assert.equal([...model.namedModules().keys()], ['', 'table', 'blocks.0', 'blocks.1', 'head']);
  assert.is(model.count(), 1 + 20 + 2 * 20 + 3 + 8);
  assert.is(model.hiddenInputs(), 4);
  model.dispose();
});

test('paths that constructors ask for are the paths of the fields, and need no device', () => {
  const shapes = shapesOf((p) => new Model(p));
  assert.equal([...shapes.keys()].sort(), [...parameterNames, 'mean'].sort());
  assert.equal(shapes.get('head.weight'), [2, 4]);
  const bare = shapesOf((p) => {
    const model = new Linear(p, 3, 2);
    assert.is(model.count(), 8);
    assert.throws(() => model.weight.add(1), /made with shapesOnly\(\): it has shapes, but no device/);
  });
  assert.equal(
    [...bare],
    [
      ['weight', [2, 3]],
      ['bias', [2]],
    ],
  );
});

test('parameters are trainable, buffers never; freezing is for all', () => {
  const model = new Model(seeded(device, { seed: 1 }));
  assert.ok(model.parameters().every((p) => p.requiresGrad));
  assert.not.ok(model.mean.requiresGrad);
  assert.not.ok(
    model
      .trainable(false)
      .parameters()
      .some((p) => p.requiresGrad),
  );
  model.trainable();
  assert.not.ok(model.mean.requiresGrad);
  model.dispose();
});

test('training mode reaches every module', () => {
  const model = new Model(seeded(device, { seed: 1 }));
  assert.ok(model.blocks[1].training);
  model.eval();
  assert.not.ok(model.training || model.blocks[1].training);
  assert.ok(model.train().blocks[1].training);
  model.dispose();
});

test('initial values depend on seed and name only', async () => {
  const first = new Linear(seeded(device, { seed: 3 }).at('a'), 4, 4);
  const again = new Sequential(seeded(device, { seed: 3 }).at('x'), [(p) => new Linear(p, 2, 2)]);
  const same = new Linear(seeded(device, { seed: 3 }).at('a'), 4, 4);
  const other = new Linear(seeded(device, { seed: 4 }).at('a'), 4, 4);
  const values = await first.weight.read();
  assert.equal(await same.weight.read(), values);
  assert.not.equal(await other.weight.read(), values);
  assert.not.equal(Array.from(await first.bias!.read()), Array.from(values.subarray(0, 4)));
  for (const m of [first, again, same, other]) m.dispose();
});

test('matrices are f16 where that is asked for, vectors f32', () => {
  if (!device.kernelLimits.hasF16) return;
  const model = new Model(seeded(device, { seed: 1, dtype: 'f16' }));
  assert.is(model.head.weight.dtype, 'f16');
  assert.is(model.blocks[0].bias!.dtype, 'f32');
  assert.is(model.mean.dtype, 'f32');
  model.dispose();
});

test('a state goes from one model into another, or nothing of it', async () => {
  const [a, b] = [1, 2].map((seed) => new Model(seeded(device, { seed })));
  const state = new Map<string, { shape: readonly number[]; data: ArrayLike<number> }>();
  for (const [name, t] of a.stateDict()) state.set(name, { shape: t.shape, data: await t.read() });
  b.loadStateDict(state);
  assert.equal(await b.head.weight.read(), await a.head.weight.read());
  const before = await b.table.weight.read();
  state.set('table.weight', { shape: [5, 4], data: new Float32Array(20) });
  state.set('head.weight', { shape: [4, 2], data: new Float32Array(8) });
  state.set('extra', { shape: [1], data: [0] });
  state.delete('scale');
  try {
    b.loadStateDict(state);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CheckpointError);
    const { missing, unexpected, shapes } = error as CheckpointError;
    assert.equal(missing, [{ name: 'scale', shape: [] }]);
    assert.equal(unexpected, ['extra']);
    assert.equal(shapes, [{ name: 'head.weight', place: 'head.weight', wanted: [2, 4], got: [4, 2] }]);
  }
  assert.equal(await b.table.weight.read(), before);
  a.dispose();
  b.dispose();
});

test('dispose gives all memory back', async () => {
  const before = device.stats.liveBytes;
  const model = new Model(seeded(device, { seed: 1 }));
  assert.ok(device.stats.liveBytes > before);
  model.dispose();
  assert.is(device.stats.liveBytes, before);
});

test('a name asked for twice, and given parameters that do not fit, are refused', () => {
  assert.throws(
    () => shapesOf((p) => [new LayerNorm(p.at('n'), 2), new LayerNorm(p.at('n'), 2)]),
    /Parameters: n\.weight is asked for twice/,
  );
  const weight = parameter(device, [1, 2], [2]);
  const tensors = new Map([['weight', weight]]);
  assert.throws(() => new LayerNorm(given(tensors), 2), /bias \[2\] is not given/);
  assert.throws(() => new LayerNorm(given(tensors), 3), /weight is given as \[2\], but \[3\] is needed/);
  assert.throws(
    () => new LayerNorm(given(tensors), 3),
    (error: unknown) => error instanceof ModuleError,
  );
  weight.dispose();
});

test('Sequential names its layers 0, 1, 2 and runs them in order', async () => {
  const net = new Sequential(seeded(device, { seed: 1 }), [
    (p) => new Linear(p, 2, 3),
    () => new Activation('relu'),
    (p) => new Linear(p, 3, 1),
  ]);
  assert.equal([...net.namedParameters().keys()], ['0.weight', '0.bias', '2.weight', '2.bias']);
  net.loadStateDict({
    '0.weight': { shape: [3, 2], data: [1, 0, 0, 1, -1, -1] },
    '0.bias': { shape: [3], data: [0, 0, 1] },
    '2.weight': { shape: [1, 3], data: [1, 10, 100] },
    '2.bias': { shape: [1], data: [0.5] },
  });
  const x = parameter(device, [2, -3, -1, -1], [2, 2]);
  const y = net.forward(x);
  // relu([2, −3, 2]) and relu([−1, −1, 3]).
  assert.equal(Array.from(await y.read()), [202.5, 300.5]);
  for (const t of [x, y]) t.dispose();
  net.dispose();
});

test.run();
