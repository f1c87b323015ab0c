// What somebody outside the workspace might write first: a tiny program per published package, run by plain Node.
// Each asserts something that only a working package gets right; `assert` is node:assert/strict.

export const packedPrograms: Readonly<Record<string, string>> = {
  tensor: `
    import { grad, mul, openDevice, parameter, sum } from '@foreword/tensor/node';
    import { ShapeError } from '@foreword/tensor';
    const device = await openDevice();
    const x = parameter(device, [1, 2, 3, 4], [2, 2]);
    const square = mul(x, x);
    const [dx] = grad(sum(square), [x]);
    assert.deepEqual([...(await square.read())], [1, 4, 9, 16]);
    assert.deepEqual([...(await dx.read())], [2, 4, 6, 8]);
    assert.throws(() => parameter(device, [1], [2]), ShapeError);
    device.close();
  `,
  nn: `
    import { openDevice, tensor } from '@foreword/tensor/node';
    import { AdamW, Linear, ModuleError, seeded, shapesOf } from '@foreword/nn';
    assert.deepEqual(shapesOf((p) => new Linear(p, 3, 2)), new Map([['weight', [2, 3]], ['bias', [2]]]));
    const device = await openDevice();
    const layer = new Linear(seeded(device, { seed: 1 }), 1, 1);
    const optimizer = new AdamW(layer.namedParameters(), { lr: 0.1 });
    const lossOf = () => layer.forward(tensor(device, [1], [1, 1])).sub(3).square().sum();
    const first = await device.scope(lossOf).item();
    for (let step = 0; step < 20; step++) device.scope(() => void optimizer.step(lossOf()));
    assert.ok((await device.scope(lossOf).item()) < first / 2);
    assert.throws(() => { const p = seeded(device, { seed: 1 }); p.get('x', [1], () => {}); p.get('x', [1], () => {}); }, ModuleError);
    device.close();
  `,
  image: `
    import { decodeImage, resizeBicubic } from '@foreword/image';
    import * as node from '@foreword/image/node';
    assert.ok(Object.keys(node).length > 0);
    const grey = { width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 200, 0, 200) };
    const small = resizeBicubic(grey, { width: 1, height: 1 });
    assert.deepEqual([...small.data], [100]);
    await assert.rejects(async () => decodeImage(Uint8Array.of(1, 2, 3)));
  `,
  tokenizer: `
    import { loadTokenizer, trainBpe } from '@foreword/tokenizer';
    const texts = ['a red circle', 'a red square'];
    const tokenizer = loadTokenizer(trainBpe({ texts, vocabSize: 265, flavour: 'gpt2' }));
    const ids = tokenizer.encode('a red circle, a blue one');
    assert.ok(ids.length > 0 && ids.length < 24);
    assert.equal(tokenizer.decode(ids), 'a red circle, a blue one');
  `,
  'torch-file': `
    import { bytesSource } from '@foreword/tensor';
    import { openTorchFile, readPickle, TorchFileError } from '@foreword/torch-file';
    const source = (hex) => bytesSource(Uint8Array.from(Buffer.from(hex, 'hex')), 'x.pkl');
    assert.deepEqual(await readPickle(source('80025d284b014b02652e')), [1, 2]);
    const { data } = await openTorchFile(source('80027d4b0188732e'));
    assert.deepEqual([...data], [[1, true]]);
    await assert.rejects(readPickle(source('8002636f730a73797374656d0a292e')), TorchFileError);
  `,
  hub: `
    import { mkdtempSync, writeFileSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { HubError, parseModelName, resolveModel } from '@foreword/hub/node';
    import { defaultWeights } from '@foreword/hub';
    assert.deepEqual(defaultWeights, ['model.safetensors', 'pytorch_model.bin']);
    assert.equal(parseModelName('openai/clip-vit-base-patch32').kind, 'repository');
    const folder = mkdtempSync(join(tmpdir(), 'foreword-packed-hub-'));
    writeFileSync(join(folder, 'config.json'), '{"n_layer": 2}');
    const model = await resolveModel(folder, { files: ['config.json'] });
    assert.deepEqual(await model.json('config.json'), { n_layer: 2 });
    await assert.rejects(resolveModel(folder), HubError);
    await assert.rejects(resolveModel('gpt2', { offline: true, cacheFolder: folder }), { code: 'offline' });
  `,
  clip: `
    import { openDevice } from '@foreword/tensor/node';
    import { Clip, clipParameterShapes, vitB32 } from '@foreword/clip';
    import { load } from '@foreword/clip/node';
    assert.deepEqual(clipParameterShapes(vitB32).get('visual.proj'), [768, 512]);
    const tower = { width: 64, layers: 1, heads: 1 };
    const config = {
      ...vitB32,
      embedDim: 8,
      vision: { ...vitB32.vision, ...tower, imageSize: 8, patchSize: 4 },
      text: { ...vitB32.text, ...tower, contextLength: 6, vocabSize: 20 },
    };
    const device = await openDevice();
    const clip = Clip.random(device, config, 1);
    const projection = await clip.namedParameters().get('visual.proj').read();
    assert.equal(projection.length, 64 * 8);
    assert.ok(projection.some((value) => value !== 0));
    await assert.rejects(load(device, 'RN50'), /RN50\\.pt/);
    device.close();
  `,
  gpt2: `
    import { openDevice, tensor } from '@foreword/tensor/node';
    import { Gpt2, Gpt2Generator, parseGpt2Config } from '@foreword/gpt2';
    import { load } from '@foreword/gpt2/node';
    const config = parseGpt2Config({
      model_type: 'gpt2', vocab_size: 20, n_positions: 16, n_embd: 64, n_layer: 1, n_head: 1, bos_token_id: 0, eos_token_id: 0,
    });
    const device = await openDevice();
    const model = Gpt2.random(device, config, 1);
    const prefix = tensor(device, new Float32Array(2 * 64).fill(0.1), [1, 2, 64]);
    const [{ ids }] = await new Gpt2Generator(model).generate({ prefix, stop: [], maxTokens: 3 });
    assert.equal(ids.length, 3);
    assert.ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id < 20));
    await assert.rejects(load(device, './no-such-folder'), { code: 'not-found' });
    device.close();
  `,
  'prefix-mapper': `
    import { openDevice, tensor } from '@foreword/tensor/node';
    import { Gpt2, parseGpt2Config } from '@foreword/gpt2';
    import { captionLoss, createMapper, checkpointEntries, MapperError } from '@foreword/prefix-mapper';
    import { loadCaptioner } from '@foreword/prefix-mapper/node';
    const config = parseGpt2Config({
      model_type: 'gpt2', vocab_size: 20, n_positions: 16, n_embd: 64, n_layer: 1, n_head: 1, bos_token_id: 0, eos_token_id: 0,
    });
    const device = await openDevice();
    const gpt2 = Gpt2.random(device, config, 1);
    const mapper = createMapper(device, { type: 'mlp', prefixLength: 2, featureSize: 4, embeddingSize: 64 }, { seed: 1 });
    const features = tensor(device, [1, 0, 0, -1], [1, 4]);
    const tokens = tensor(device, [5, 6, 0], [1, 3], { dtype: 'i32' });
    const loss = await captionLoss(gpt2, mapper, { features, tokens }).item();
    assert.ok(Math.abs(loss - Math.log(20)) < 0.5, 'the loss of an untrained model is ln V, not ' + loss);
    const names = (await checkpointEntries(mapper)).map(({ name }) => name);
    assert.equal(names[0], 'clip_project.model.0.weight');
    await assert.rejects(loadCaptioner(device, 'no-such-run'), MapperError);
    device.close();
  `,
};
