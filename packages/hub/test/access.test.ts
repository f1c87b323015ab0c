// Who may have what: the token and where it goes, refusals and their cures, offline mode, the HF_* variables.
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseModelName, readEnvironment, resolveModel } from '@foreword/hub/node';
import { HubSandbox, noise, suite } from '@foreword/test-kit';
import * as assert from 'uvu/assert';
import { checkFileName, checkRevision } from '../src/model-name.ts';
import { quick, rejection } from './rejection.ts';

const test = suite('access');
const sandbox = HubSandbox.in(test);
const files = ['w.bin'];
const once = { ...quick, tries: 1, files };

test.before.each(() => {
  sandbox.server.add('a/b', { 'w.bin': { bytes: noise(1000), large: true } });
});

test('the token goes to the hub and never to the storage or to another host', async () => {
  const { server } = sandbox;
  process.env.HF_TOKEN = 'hf_secret';
  await resolveModel('a/b', { files });
  const byHost = (host: string): (string | undefined)[] =>
    server.seen.filter((request) => request.host === host).map(({ authorization }) => authorization);
  assert.equal(byHost('hub'), ['Bearer hf_secret', 'Bearer hf_secret']);
  assert.equal(byHost('storage'), [undefined]);
  server.reset();
  server.plain.set('/x.bin', { bytes: noise(9), etag: '"x"' });
  const here = server.endpoint;
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  await resolveModel(`${here}/x.bin`);
  assert.equal(byHost('hub'), [undefined, undefined]);
});

test('the token comes from the option, HF_TOKEN, or the token file', async () => {
  const { server } = sandbox;
  const sent = async (options = {}): Promise<string | undefined> => {
    server.reset();
    await resolveModel('a/b', { files, refresh: true, ...options });
    return server.seen[0].authorization;
  };
  assert.is(await sent(), undefined);
  await writeFile(sandbox.path('token'), 'hf_file\n');
  assert.is(await sent(), 'Bearer hf_file');
  await writeFile(sandbox.path('elsewhere'), 'hf_elsewhere');
  process.env.HF_TOKEN_PATH = sandbox.path('elsewhere');
  assert.is(await sent(), 'Bearer hf_elsewhere');
  process.env.HF_TOKEN = 'hf_variable';
  assert.is(await sent(), 'Bearer hf_variable');
  assert.is(await sent({ token: 'hf_option' }), 'Bearer hf_option');
  const error = await rejection(sent({ token: 'hf_\u00e4 b' }), 'name');
  assert.not.match(error.message + error.cure, /hf_\u00e4/);
});

test('restricted models: the page to visit, and HF_TOKEN', async () => {
  const { server } = sandbox;
  server.add(
    'meta/gated',
    {},
    { refuse: { status: 403, code: 'GatedRepo', message: 'Access is restricted' } },
  );
  const error = await rejection(resolveModel('meta/gated', once), 'access');
  assert.match(error.message, /meta\/gated: w\.bin.*restricted.*403/);
  assert.ok(error.cure.includes(`${server.endpoint}/meta/gated`));
  assert.match(error.cure, /set HF_TOKEN/);
  const with401 = { status: 401, code: 'GatedRepo' };
  server.add('meta/gated', {}, { refuse: with401 });
  assert.match((await rejection(resolveModel('meta/gated', once), 'access')).cure, /set HF_TOKEN/);
  const again = await rejection(resolveModel('meta/gated', { ...once, token: 'hf_x' }), 'access');
  assert.match(again.cure, /account that HF_TOKEN belongs to/);
});

test('401, 404, 5xx: name, cause and cure', async () => {
  const { server } = sandbox;
  const none = await rejection(resolveModel('no/such', once), 'access');
  assert.match(none.message, /no\/such: w\.bin.*401.*no such public model/);
  assert.match(none.cure, /private model set HF_TOKEN/);
  const stale = await rejection(resolveModel('no/such', { ...once, token: 'hf_old' }), 'access');
  assert.match(stale.cure, /HF_TOKEN, which may be out of date/);

  const missing = await rejection(resolveModel('a/b', { ...once, files: ['x.bin'] }), 'not-found');
  assert.match(missing.message, /a\/b: x\.bin does not exist \(HTTP 404/);
  assert.ok(missing.cure.includes(`${server.endpoint}/a/b/tree/main`));

  server.headStatuses.set('w.bin', [500, 503, 502]);
  assert.is(
    (await resolveModel('a/b', { ...quick, files })).files.length,
    1,
    'three failures, then an answer',
  );
  server.add('a/c', {}, { refuse: { status: 500 } });
  server.reset();
  const broken = await rejection(resolveModel('a/c', { ...once, tries: 3 }), 'server');
  assert.match(broken.message, /HTTP 500/);
  assert.is(server.seen.length, 3);
});

test('no network: the host, the cause, and what can be done', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${port}`;
  const error = await rejection(resolveModel('a/b', once), 'network');
  assert.ok(error.message.includes(`127.0.0.1:${port}`));
  assert.match(error.message, /ECONNREFUSED/);
  assert.match(error.cure, /HF_ENDPOINT.*HF_HUB_OFFLINE/);
  await rejection(resolveModel('a/b', { ...once, endpoint: 'ftp://x' }), 'name');
});

test('a server that is no hub is told so', async () => {
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const error = await rejection(resolveModel('a/b', { ...once, endpoint }), 'not-found');
  assert.match(error.message, /no Hugging Face hub/);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test('offline: no request, the missing file and the command that fetches it', async () => {
  const { server } = sandbox;
  for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) {
    process.env[name] = '1';
    const error = await rejection(resolveModel('a/b', { files }), 'offline');
    assert.match(error.message, /a\/b: w\.bin is not in the cache/);
    assert.ok(error.message.includes(sandbox.path('hub')));
    assert.match(error.cure, /pnpm models get a\/b$/);
    delete process.env[name];
  }
  await rejection(resolveModel('a/b', { files, offline: true }), 'offline');
  await rejection(resolveModel(`${server.endpoint}/x.bin`, { offline: true }), 'offline');
  assert.is(server.seen.length, 0);
  await resolveModel('a/b', { files });
  const asked = server.seen.length;
  process.env.HF_HUB_OFFLINE = 'true';
  assert.equal((await resolveModel('a/b', { files, refresh: true })).files, files);
  await rejection(resolveModel('a/b', { files: ['other'] }), 'offline');
  assert.is(server.seen.length, asked);
});

test('HF_HUB_CACHE and the option cacheFolder say where', async () => {
  process.env.HF_HUB_CACHE = sandbox.path('elsewhere');
  const model = await resolveModel('a/b', { files });
  assert.ok(model.folder?.startsWith(sandbox.path('elsewhere', 'models--a--b')));
  const other = await resolveModel('a/b', { files, cacheFolder: sandbox.path('third') });
  assert.ok(other.folder?.startsWith(sandbox.path('third', 'models--a--b')));
});

test('the environment as huggingface_hub reads it', () => {
  const read = (variables: Record<string, string>) => readEnvironment(variables, '/h');
  assert.is(read({}).hubCache, resolve('/h/.cache/huggingface/hub'));
  assert.is(read({ XDG_CACHE_HOME: '/x' }).hubCache, resolve('/x/huggingface/hub'));
  assert.is(read({ XDG_CACHE_HOME: '/x', HF_HOME: '/y' }).hubCache, resolve('/y/hub'));
  assert.is(read({ HF_HOME: '/y' }).tokenFile, resolve('/y/token'));
  assert.is(read({ HF_HOME: '/y' }).assetsCache, resolve('/y/assets'));
  assert.is(read({ HF_HOME: '~/y' }).hubCache, resolve('/h/y/hub'));
  assert.is(read({ HF_HOME: '$DATA/y', DATA: '/d' }).hubCache, resolve('/d/y/hub'));
  assert.is(read({ HF_HUB_CACHE: '${DATA}/z', DATA: '/d' }).hubCache, resolve('/d/z'));
  assert.is(read({ HUGGINGFACE_HUB_CACHE: '/old' }).hubCache, resolve('/old'));
  assert.is(read({ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }).hubCache, resolve('/new'));
  for (const yes of ['1', 'true', 'YES', 'on']) assert.ok(read({ HF_HUB_OFFLINE: yes }).offline, yes);
  for (const no of ['', '0', 'false', 'no']) assert.not.ok(read({ HF_HUB_OFFLINE: no }).offline, no);
  assert.is(readEnvironment({}).hubCache, join(homedir(), '.cache/huggingface/hub'));
});

test('names: folders, repositories, URLs, and what is none of them', async () => {
  const kind = (name: string): string => parseModelName(name).kind;
  for (const name of ['./x', '../x', '.', '..', '/x/y', '~/x', 'C:\\x', 'C:/x', '.\\x']) {
    assert.is(kind(name), 'folder', name);
  }
  for (const name of ['gpt2', 'openai/clip-vit-base-patch32', 'a/B_c.d'])
    assert.is(kind(name), 'repository', name);
  for (const name of ['http://h/x', 'HTTPS://h/x']) assert.is(kind(name), 'url', name);
  const bad = [
    '',
    'a/b/c',
    'a//b',
    '/\0x',
    'a/..',
    'a/../b',
    'a--b',
    '-a',
    'a.',
    'a b',
    'a\\b',
    'a/b?x',
    'ä',
    'x'.repeat(97),
  ];
  for (const name of [...bad, 'https://user:secret@h/x', 'http://']) {
    await rejection((async () => parseModelName(name))(), 'name');
  }
});

test('file names and revisions that could lead outside are refused before any request', async () => {
  const bad = [
    '..',
    '../x',
    'a/../b',
    'a/..',
    '/etc/passwd',
    'a\\b',
    '..\\x',
    'a\0b',
    '',
    'a//b',
    'a/',
    './a',
    'C:/x',
    'c:x',
    'a\nb',
  ];
  for (const path of bad) {
    await rejection((async () => checkFileName(path))(), 'name');
    await rejection((async () => checkRevision(path))(), 'name');
    await rejection(resolveModel('a/b', { files: [path] }), 'name');
    await rejection(resolveModel('a/b', { files, revision: path }), 'name');
    await rejection(resolveModel(sandbox.home, { files: [path] }), 'name');
  }
  assert.is(sandbox.server.seen.length, 0);
  assert.equal(await sandbox.tree(), []);
  for (const path of ['a', 'a/b.c', '..a', 'a..b', '.gitattributes', 'refs/pr/1', 'ä b%2e']) {
    assert.is(checkFileName(path), path);
  }
});

test('special characters in file names reach the server as they are', async () => {
  const name = 'sub dir/ä#?%2e&+.txt';
  sandbox.server.add('a/c', { [name]: { bytes: noise(12) } });
  const model = await resolveModel('a/c', { files: [name] });
  assert.equal(model.files, [name]);
});

test('a commit or a hash that is none never becomes a path', async () => {
  const { server } = sandbox;
  server.add('evil/a', { 'w.bin': { bytes: noise(3) } }, { commit: '../../../evil' });
  await rejection(resolveModel('evil/a', once), 'not-found');
  await mkdir(sandbox.path('hub/models--evil--b/refs'), { recursive: true });
  await writeFile(sandbox.path('hub/models--evil--b/refs/main'), '../../..');
  await rejection(resolveModel('evil/b', { ...once, offline: true }), 'offline');
  const endpoint = await etagServer('../../../evil');
  await rejection(
    resolveModel('a/b', { ...once, endpoint: endpoint.address, cacheFolder: sandbox.path('c') }),
    'not-found',
  );
  await endpoint.stop();
  assert.equal(
    (await sandbox.tree()).filter((line) => line.startsWith('evil') || line.startsWith('c/')),
    [],
  );
});

/** A hub whose ETag is `etag`. */
async function etagServer(etag: string): Promise<{ address: string; stop(): Promise<void> }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'x-repo-commit': '0'.repeat(40), etag: `"${etag}"`, 'content-length': 3 });
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

test.run();
