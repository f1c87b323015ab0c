// What stands around and between the tensors: nested dicts, TorchScript modules, plain values.
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { suite } from '@foreword/test-kit';
import { openTorchFile, readPickle, TorchTensor, type TorchScriptObject } from '../src/index.ts';
import {
  float,
  legacyFile,
  named,
  type Node,
  ordered,
  persistent,
  pickle,
  reduced,
  scriptObject,
  storageOf,
  tensorOf,
  torchArchive,
  torchScriptArchive,
  tuple,
} from '@foreword/test-kit/torch';
import { refuses } from './refuses.ts';

const test = suite('nested values');

const open = (bytes: Uint8Array, within?: string) => openTorchFile(bytesSource(bytes, 'x.pt'), { within });

test('a checkpoint of nested dicts: dotted names, one dict alone, and the rest as plain data', async () => {
  const bytes = torchArchive((storages) => {
    const weight = storages.tensor(tensorOf(Float32Array.of(5)));
    return new Map<Node, Node>([
      ['model', ordered([['a.weight', weight]])],
      [
        'optimizer',
        new Map<Node, Node>([['state', new Map<Node, Node>([[0, new Map([['exp_avg', weight]])]])]]),
      ],
      ['epoch', 9],
      ['loss', float(1.25)],
      [
        'args',
        new Map<Node, Node>([
          ['lr', float(2e-5)],
          ['name', 'côco'],
          ['sizes', tuple(1, 2, 3, 4)],
        ]),
      ],
      ['parts', [weight, null, true]],
      ['device', reduced(named('torch', 'device'), 'cuda', 1)],
      ['size', reduced(named('torch', 'Size'), tuple(2, 3))],
    ]);
  });
  const file = await open(bytes);
  assert.equal(file.names(), ['model.a.weight', 'optimizer.state.0.exp_avg', 'parts.0']);
  const data = file.data as Map<string, unknown>;
  assert.is(data.get('epoch'), 9);
  assert.is(data.get('loss'), 1.25);
  assert.equal(
    data.get('args'),
    new Map<string, unknown>([
      ['lr', 2e-5],
      ['name', 'côco'],
      ['sizes', [1, 2, 3, 4]],
    ]),
  );
  assert.is(data.get('device'), 'cuda:1');
  assert.equal(data.get('size'), [2, 3]);
  assert.instance((data.get('parts') as unknown[])[0], TorchTensor);

  const inside = await open(bytes, 'model');
  assert.equal(inside.names(), ['a.weight']);
  assert.equal([...(await inside.readAsF32('a.weight'))], [5]);
  assert.equal((await open(bytes, 'optimizer.state')).names(), ['0.exp_avg']);
  await refuses(
    () => open(bytes, 'ema'),
    /^x\.pt: there is no tensor within "ema"; tensors lie within: model, optimizer, parts$/,
  );
});

test('a tensor, and nothing, as the whole file', async () => {
  const lone = await open(torchArchive((storages) => storages.tensor(tensorOf(Int32Array.of(4)))));
  assert.equal(lone.names(), ['tensor']);
  assert.equal([...(await lone.readAsI32('tensor'))], [4]);
  const none = await open(legacyFile(() => null));
  assert.equal(none.names(), []);
  assert.is(none.data, null);
});

test('names that would fall together are refused, not lost', async () => {
  const weight = tensorOf(Float32Array.of(5));
  const bytes = torchArchive((s) =>
    ordered([
      ['a.b', s.tensor(weight)],
      ['a', ordered([['b', s.tensor(weight)]])],
    ]),
  );
  await refuses(() => open(bytes), /tensor "a\.b": two tensors have this name/);
});

test('TorchScript: attributes of modules are a state dict, half-precision storages of a GPU are read', async () => {
  const weight = tensorOf(Uint16Array.of(0x3c00, 0x4000), [1, 2]);
  const bytes = torchScriptArchive((storages) => {
    const block = (i: number): Node =>
      scriptObject(`clip.Block___torch_mangle_${i}`, [
        ['training', false],
        [
          'ln_1',
          scriptObject('torch.nn.LayerNorm', [
            ['weight', storages.tensor(weight)],
            ['eps', float(1e-5)],
          ]),
        ],
        ['heads', reduced(named('torch.jit._pickle', 'build_intlist'), [8, 12])],
      ]);
    return scriptObject('Multimodal', [
      [
        'visual',
        scriptObject('clip.VisualTransformer', [
          [
            'resblocks',
            scriptObject('Sequential', [
              ['0', block(0)],
              ['1', block(1)],
            ]),
          ],
        ]),
      ],
      ['logit_scale', storages.tensor(tensorOf(Uint16Array.of(0x3800), []))],
    ]);
  });
  const file = await open(bytes);
  assert.is(file.layout, 'torchscript');
  assert.equal(file.names(), [
    'visual.resblocks.0.ln_1.weight',
    'visual.resblocks.1.ln_1.weight',
    'logit_scale',
  ]);
  assert.equal([...(await file.readAsF32('visual.resblocks.1.ln_1.weight'))], [1, 2]);
  assert.equal([...(await file.readAsF32('logit_scale'))], [0.5]);
  const root = file.data as TorchScriptObject;
  assert.is(root.className, '__torch__.Multimodal');
  const visual = root.attributes.get('visual') as TorchScriptObject;
  const blocks = visual.attributes.get('resblocks') as TorchScriptObject;
  const block = blocks.attributes.get('0') as TorchScriptObject;
  assert.equal(block.attributes.get('heads'), [8, 12]);
  assert.is(block.attributes.get('training'), false);
});

test('a legacy view of a storage is read at its place', async () => {
  const whole = storageOf(Float32Array.of(1, 2, 3, 4));
  const bytes = legacyFile((storages) => {
    const id = tuple(
      'storage',
      named('torch', 'FloatStorage'),
      storages.keyOf(whole),
      'cpu',
      4,
      tuple('part', 2, 2),
    );
    const part = persistent(id);
    return ordered([['w', storages.tensor({ storage: whole, shape: [2] }, part)]]);
  });
  assert.equal([...(await (await open(bytes)).readAsF32('w'))], [3, 4]);
});

test('readPickle gives the object itself', async () => {
  const value = await readPickle(bytesSource(pickle([1, 'a', new Uint8Array([7, 8])], 3)));
  assert.ok(Array.isArray(value));
  assert.equal(value.slice(0, 2), [1, 'a']);
  assert.equal([...(await (value[2] as { read(): Promise<Uint8Array> }).read())], [7, 8]);
});

test.run();
