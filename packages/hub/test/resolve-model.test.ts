// Names, folders and URLs to files, in Node: what is fetched, what is taken from the cache, and where it lies.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveModel, type Model } from '@foreword/hub/node';
import { writeSafetensors } from '@foreword/tensor';
import { commitOf, gitSha1Of, HubSandbox, noise, sha256Of, suite } from '@foreword/test-kit';
import { stateDictFile } from '@foreword/test-kit/torch';
import * as assert from 'uvu/assert';
import { quick, rejection } from './rejection.ts';

const test = suite('resolveModel');
const sandbox = HubSandbox.in(test);
const config = new TextEncoder().encode('{"n_layer": 2}');
const tensors = (name: string, value: number): Uint8Array =>
  writeSafetensors([{ name, dtype: 'F32', shape: [2], data: new Float32Array([value, value + 1]) }]);
const weights = tensors('wte.weight', 1);
const shardIndex = (map: Record<string, string>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ weight_map: map }));

test('a name is fetched once into the layout that huggingface_hub writes, and then taken from there', async () => {
  const { server } = sandbox;
  const { commit } = server.add('openai/clip', {
    'config.json': { bytes: config },
    'model.safetensors': { bytes: weights, large: true },
    'sub/extra.txt': { bytes: noise(10) },
  });
  const files = ['config.json', 'model.safetensors', 'sub/extra.txt'];
  const model = await resolveModel('openai/clip', { files });
  assert.equal(model.files, files);
  assert.is(model.commit, commit);
  assert.equal(await model.json('config.json'), { n_layer: 2 });
  const file = await model.weights();
  assert.equal([...(await file.readAsF32('wte.weight'))], [1, 2]);
  await file.close();

  // As huggingface_hub 2.0.0 leaves it after the same downloads from this server; its lock files apart.
  const blob = (bytes: Uint8Array, large: boolean): string => (large ? sha256Of(bytes) : gitSha1Of(bytes));
  assert.equal(
    await sandbox.tree(sandbox.path('hub', 'models--openai--clip')),
    [
      `blobs/${blob(config, false)} (${config.length})`,
      `blobs/${blob(weights, true)} (${weights.length})`,
      `blobs/${blob(noise(10), false)} (10)`,
      'refs/main (40)',
      `snapshots/${commit}/config.json -> ../../blobs/${blob(config, false)}`,
      `snapshots/${commit}/model.safetensors -> ../../blobs/${blob(weights, true)}`,
      `snapshots/${commit}/sub/extra.txt -> ../../../blobs/${blob(noise(10), false)}`,
    ].sort(),
  );
  assert.is(await readFile(sandbox.path('hub/models--openai--clip/refs/main'), 'utf8'), commit);
  assert.is(model.folder, sandbox.path('hub/models--openai--clip/snapshots', commit));

  const asked = server.seen.length;
  assert.is((await resolveModel('openai/clip', { files })).commit, commit);
  assert.is(server.seen.length, asked, 'the second time makes no request');
});

test('what Python has fetched is used without a request', async () => {
  const commit = commitOf('by python');
  const folder = sandbox.path('hub/models--gpt2');
  for (const part of ['refs', 'blobs', `snapshots/${commit}`])
    await mkdir(join(folder, part), { recursive: true });
  await writeFile(join(folder, 'refs/main'), commit);
  await writeFile(join(folder, 'blobs', gitSha1Of(config)), config);
  await symlink(`../../blobs/${gitSha1Of(config)}`, join(folder, 'snapshots', commit, 'config.json'));
  const model = await resolveModel('gpt2', { files: ['config.json'] });
  assert.equal(await model.json('config.json'), { n_layer: 2 });
  assert.is(sandbox.server.seen.length, 0);
});

test('shards that Python has fetched are used without asking for a single file', async () => {
  const commit = commitOf('by python');
  const folder = sandbox.path('hub/models--big');
  await mkdir(join(folder, 'refs'), { recursive: true });
  await mkdir(join(folder, 'snapshots', commit), { recursive: true });
  await writeFile(join(folder, 'refs/main'), commit);
  const index = 'model.safetensors.index.json';
  await writeFile(join(folder, 'snapshots', commit, index), shardIndex({ a: 'one.safetensors' }));
  await writeFile(join(folder, 'snapshots', commit, 'one.safetensors'), tensors('a', 5));
  const model = await resolveModel('big', { files: ['model.safetensors'] });
  assert.equal(model.files, [index, 'one.safetensors']);
  assert.is(sandbox.server.seen.length, 0);
});

test('a renamed repository is followed; all files come from one commit, even if the branch moves', async () => {
  const { server } = sandbox;
  const repository = server.add('openai-community/gpt2', {
    'config.json': { bytes: config },
    'vocab.json': { bytes: noise(20) },
  });
  server.renamed.set('gpt2', 'openai-community/gpt2');
  const first = await resolveModel('gpt2', { files: ['config.json'] });
  const old = repository.commit;
  repository.commit = commitOf('a later one');
  const second = await resolveModel('gpt2', { files: ['config.json', 'vocab.json'] });
  assert.is(second.commit, first.commit);
  assert.ok(
    server.requests('GET', 'vocab.json')[0].path.includes(old),
    'fetched at the commit of the others',
  );
  const third = await resolveModel('gpt2', { files: ['config.json'], refresh: true });
  assert.is(third.commit, repository.commit);
  assert.is(await readFile(sandbox.path('hub/models--gpt2/refs/main'), 'utf8'), repository.commit);
  const brought = server.downloads('config.json').filter(({ path }) => path.startsWith('/openai-community/'));
  assert.is(brought.length, 1, 'the same blob is not fetched again for another commit');
});

test('revisions: a branch with slashes, a commit', async () => {
  const { server } = sandbox;
  const { commit } = server.add('a/b', { 'x.txt': { bytes: noise(5) } }, { revisions: ['refs/pr/1'] });
  const model = await resolveModel('a/b', { files: ['x.txt'], revision: 'refs/pr/1' });
  assert.is(model.commit, commit);
  assert.is(await readFile(sandbox.path('hub/models--a--b/refs/refs/pr/1'), 'utf8'), commit);
  const asked = server.seen.length;
  await resolveModel('a/b', { files: ['x.txt'], revision: commit });
  assert.is(server.seen.length, asked, 'a commit needs no reference');
  assert.equal(await sandbox.tree(sandbox.path('hub/models--a--b/refs')), ['refs/pr/1 (40)']);
  const error = await rejection(resolveModel('a/b', { files: ['x.txt'], revision: 'v9' }), 'not-found');
  assert.match(error.message, /no revision v9/);
});

test('missing files: optional ones are left out, and the cache knows it', async () => {
  const { server } = sandbox;
  const { commit } = server.add('a/b', { 'config.json': { bytes: config } });
  const options = { files: ['config.json'], optional: ['tokenizer.json'] };
  const model = await resolveModel('a/b', options);
  assert.equal(model.files, ['config.json']);
  assert.not(model.has('tokenizer.json'));
  assert.equal(await sandbox.tree(sandbox.path('hub/models--a--b/.no_exist')), [
    `${commit}/tokenizer.json (0)`,
  ]);
  const asked = server.seen.length;
  await resolveModel('a/b', options);
  assert.is(server.seen.length, asked);
  const error = await rejection(resolveModel('a/b', { files: ['tokenizer.json'] }), 'not-found');
  assert.match(error.message, /a\/b: tokenizer\.json does not exist/);
  assert.match((await rejection(model.open('other.json'), 'not-found')).cure, /files/);
});

test('weights in shards are found by the name of the whole; a single file goes before', async () => {
  const { server } = sandbox;
  const shards = {
    'model.safetensors.index.json': { bytes: shardIndex({ a: 'm-1.safetensors', b: 'm-2.safetensors' }) },
    'm-1.safetensors': { bytes: tensors('a', 10), large: true },
    'm-2.safetensors': { bytes: tensors('b', 20), large: true },
  };
  server.add('big/model', shards);
  const model = await resolveModel('big/model', { files: ['model.safetensors'] });
  assert.equal([...model.files].sort(), Object.keys(shards).sort());
  const file = await model.weights();
  assert.equal([...(await file.readAsF32('a')), ...(await file.readAsF32('b'))], [10, 11, 20, 21]);
  await file.close();
  const asked = server.seen.length;
  await resolveModel('big/model', { files: ['model.safetensors'], offline: true });
  assert.is(server.seen.length, asked);

  server.add('both/model', { ...shards, 'model.safetensors': { bytes: weights, large: true } });
  const both = await resolveModel('both/model', { files: ['model.safetensors'] });
  assert.equal(both.files, ['model.safetensors']);

  server.add('bad/model', { 'model.safetensors.index.json': { bytes: shardIndex({ a: '../../../x' }) } });
  await rejection(resolveModel('bad/model', { files: ['model.safetensors'] }), 'name');
  server.add('no/model', {});
  const error = await rejection(resolveModel('no/model', { files: ['model.safetensors'] }), 'not-found');
  assert.match(error.message, /model\.safetensors does not exist/);
});

test('a folder is used as it is, shards and all', async () => {
  const folder = sandbox.path('model');
  await mkdir(folder);
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'model.safetensors.index.json'), shardIndex({ a: 'one.safetensors' }));
  await writeFile(join(folder, 'one.safetensors'), tensors('a', 3));
  const model = await resolveModel(folder);
  assert.is(model.folder, folder);
  assert.equal(model.files, ['config.json', 'model.safetensors.index.json', 'one.safetensors']);
  const file = await model.weights();
  assert.equal([...(await file.readAsF32('a'))], [3, 4]);
  await file.close();
  assert.is(sandbox.server.seen.length, 0);
  const missing = await rejection(resolveModel(folder, { files: ['vocab.json'] }), 'not-found');
  assert.ok(missing.message.includes(folder));
  await rejection(resolveModel(`${folder}-not`), 'not-found');
});

test('a URL is fetched once, and again when asked for and changed', async () => {
  const { server } = sandbox;
  server.plain.set('/files/a.bin', { bytes: noise(3000), etag: '"one"' });
  const url = `${server.endpoint}/files/a.bin`;
  const read = async (options = {}): Promise<Uint8Array> => {
    const source = await (await resolveModel(url, options)).open('a.bin');
    const bytes = await source.read(0, source.size);
    await source.close?.();
    return bytes;
  };
  assert.equal(await read(), noise(3000));
  server.plain.set('/files/a.bin', { bytes: noise(2000, 2), etag: '"two"' });
  assert.equal(await read(), noise(3000));
  assert.is(server.requests('GET', 'a.bin').length, 1);
  assert.equal(await read({ refresh: true }), noise(2000, 2));
  const places = await sandbox.tree(sandbox.path('assets/foreword/urls'));
  assert.ok(places.some((line) => line.includes('/a.bin -> ')));
  const error = await rejection(resolveModel(`${server.endpoint}/files/none.bin`, quick), 'not-found');
  assert.ok(error.message.includes('/files/none.bin'));
  await rejection(resolveModel(`${server.endpoint}/files/`), 'name');
});

const torchWeights = stateDictFile([['wte.weight', { shape: [2], data: new Float32Array([7, 8]) }]]);

async function firstWeights(model: Model): Promise<number[]> {
  const file = await model.weights();
  const values = await file.readAsF32('wte.weight');
  await file.close();
  return [...values];
}

test('a path that ends like weights is a file, and a URL may be called anything: the bytes tell the format', async () => {
  const path = sandbox.path('ViT-B-32.pt');
  await writeFile(path, torchWeights);
  const model = await resolveModel(path);
  assert.equal(model.files, ['ViT-B-32.pt']);
  assert.equal(await firstWeights(model), [7, 8]);
  const missing = await rejection(resolveModel(sandbox.path('RN50.pt')), 'not-found');
  assert.match(missing.message, 'there is no RN50.pt in');

  const { server } = sandbox;
  server.plain.set('/download', { bytes: torchWeights, etag: '"one"' });
  server.plain.set('/w', { bytes: weights, etag: '"two"' });
  assert.equal(await firstWeights(await resolveModel(`${server.endpoint}/download`)), [7, 8]);
  assert.equal(await firstWeights(await resolveModel(`${server.endpoint}/w`)), [1, 2]);
});

test('a repository without model.safetensors is used by its pytorch_model.bin; what is cached goes first', async () => {
  const { server } = sandbox;
  server.add('old/clip', {
    'config.json': { bytes: config },
    'pytorch_model.bin': { bytes: torchWeights, large: true },
  });
  const model = await resolveModel('old/clip');
  assert.equal(model.files, ['config.json', 'pytorch_model.bin']);
  assert.equal(await firstWeights(model), [7, 8]);
  const asked = server.seen.length;
  await resolveModel('old/clip', { offline: true });
  assert.is(server.seen.length, asked, 'the second time makes no request');

  // Python had fetched the .bin alone: nothing larger is fetched beside it.
  server.add('both/kinds', {
    'config.json': { bytes: config },
    'model.safetensors': { bytes: weights, large: true },
    'pytorch_model.bin': { bytes: torchWeights, large: true },
  });
  await resolveModel('both/kinds', { files: ['pytorch_model.bin'] });
  assert.equal((await resolveModel('both/kinds')).files, ['config.json', 'pytorch_model.bin']);
  server.add('no/weights', { 'config.json': { bytes: config } });
  const error = await rejection(resolveModel('no/weights'), 'not-found');
  assert.match(error.message, 'model.safetensors');
});

test('copies stand in for links where links are refused', async () => {
  const { server } = sandbox;
  const files = { 'config.json': { bytes: config } };
  const repository = server.add('a/b', files);
  process.env.HF_HUB_DISABLE_SYMLINKS = '1';
  await resolveModel('a/b', { files: ['config.json'] });
  assert.equal(await sandbox.tree(sandbox.path('hub/models--a--b')), [
    'refs/main (40)',
    `snapshots/${repository.commit}/config.json (${config.length})`,
  ]);
  const model = await resolveModel('a/b', { files: ['config.json'], offline: true });
  assert.equal(await model.json('config.json'), { n_layer: 2 });
});

test.run();
