// The browser entry in headless Chromium: a page on one origin, the hub on a second, its storage on a third.
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeSafetensors } from '@foreword/tensor';
import { commitOf, HubServer, noise, sha256Of, suite } from '@foreword/test-kit';
import { bundlePage, chromiumFlags, chromiumPath } from '@foreword/test-kit/browser';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import type { Outcome, PageCall } from './browser-page.ts';

const timeLimitSeconds = 60;
const test = suite('browser', { timeLimitSeconds });
const args = [...chromiumFlags, '--disable-gpu'];

let hub: HubServer;
let site: Server;
let browser: Browser;
let context: BrowserContext;
let page: Page;

const siteFiles = new Map<string, string | Uint8Array>();
const address = (): string => `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;

async function newPage(): Promise<Page> {
  const opened = await context.newPage();
  opened.setDefaultTimeout(timeLimitSeconds * 1000);
  await opened.goto(address());
  await opened.waitForSelector('body[data-state=ready]', { state: 'attached' });
  return opened;
}

async function call(name: string, options: PageCall = {}, on = page): Promise<Outcome> {
  const all = { endpoint: hub.endpoint, retryPauseMs: 5, ...options };
  return on.evaluate(([name, options]) => (globalThis as any).hubCall(name, options) as Promise<Outcome>, [
    name,
    all,
  ] as const);
}

const config = new TextEncoder().encode('{"n_layer": 2}');
const weights = writeSafetensors([
  { name: 'w', dtype: 'F32', shape: [3], data: new Float32Array([1, 2, 3]) },
  { name: 'filler', dtype: 'U8', shape: [200_000], data: noise(200_000) },
]);
const startsOf = (file: string): number[] =>
  hub.downloads(file).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));

test.before(async () => {
  hub = await HubServer.start();
  siteFiles.set(
    '/',
    '<!doctype html><meta charset="utf-8"><body><script type="module" src="main.js"></script>',
  );
  siteFiles.set('/main.js', await bundlePage(new URL('browser-page.ts', import.meta.url)));
  site = createServer((request, response) => {
    const found = siteFiles.get(request.url ?? '');
    response.statusCode = found === undefined ? 404 : 200;
    response.setHeader('content-type', request.url === '/main.js' ? 'text/javascript' : 'text/html');
    response.end(found ?? '');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args,
    timeout: timeLimitSeconds * 1000,
  });
});
test.before.each(async () => {
  hub.reset();
  hub.repositories.clear();
  // Each context has an OPFS of its own, empty at first.
  context = await browser.newContext();
  page = await newPage();
});
test.after.each(() => context.close());
test.after(async () => {
  await browser.close();
  await hub.stop();
  site.closeAllConnections();
  site.close();
});

const files = ['config.json', 'model.safetensors'];

async function fetchesOnce(): Promise<void> {
  const { commit } = hub.add('openai/clip', {
    'config.json': { bytes: config },
    'model.safetensors': { bytes: weights, large: true },
  });
  const first = await call('openai/clip', {
    files,
    optional: ['none.json'],
    tensor: 'w',
    token: 'hf_secret',
  });
  assert.equal(first.error, undefined);
  assert.equal(first.files, files);
  assert.is(first.commit, commit);
  assert.equal(first.hashes, [sha256Of(config), sha256Of(weights)]);
  assert.equal(first.tensor, [1, 2, 3]);
  assert.is(first.loaded.at(-1), weights.length);
  const sent = (host: string): (string | undefined)[] => [
    ...new Set(hub.seen.filter((request) => request.host === host).map(({ authorization }) => authorization)),
  ];
  assert.equal(sent('hub'), ['Bearer hf_secret']);
  assert.equal(sent('storage'), [undefined], 'the token does not reach the storage');

  const asked = hub.seen.length;
  assert.equal((await call('openai/clip', { files, optional: ['none.json'] })).hashes, first.hashes);
  const other = await newPage();
  assert.equal((await call('openai/clip', { files, offline: true }, other)).hashes, first.hashes);
  assert.is(hub.seen.length, asked, 'the cache answers, on later pages too');
}

async function resumesAfterCuts(): Promise<void> {
  hub.add('a/b', { 'w.bin': { bytes: weights, large: true } });
  hub.faults.set('w.bin', [{ cutAfter: 50_000 }, { cutAfter: 30_001 }, { cutAfter: 0 }]);
  const { hashes, error } = await call('a/b', { files: ['w.bin'] });
  assert.equal(error, undefined);
  assert.equal(hashes, [sha256Of(weights)]);
  const starts = startsOf('w.bin');
  assert.is(starts.length, 4);
  assert.is(starts[0], 0);
  // How much of a cut answer reaches the page is the browser's affair; nothing is fetched twice.
  assert.ok(starts[1] > 0 && starts[1] <= 50_000, String(starts));
  assert.ok(starts[2] > starts[1] && starts[2] <= starts[1] + 30_001, String(starts));
  assert.is(starts[3], starts[2]);
}

async function resumesAfterClose(): Promise<void> {
  const bytes = noise(20 << 20);
  hub.add('a/b', { 'w.bin': { bytes, large: true } });
  hub.faults.set('w.bin', [{ slowMs: 1 }]);
  const gone = call('a/b', { files: ['w.bin'] }).then(
    () => 'fetched',
    (error: unknown) => String(error),
  );
  await page.waitForFunction((bytes) => Number(document.title) > bytes, 10 << 20);
  await page.close();
  assert.match(await gone, /closed/);
  page = await newPage();
  const { hashes, error } = await call('a/b', { files: ['w.bin'] });
  assert.equal(error, undefined);
  assert.equal(hashes, [sha256Of(bytes)]);
  const starts = startsOf('w.bin');
  assert.is(starts.length, 2);
  assert.ok(starts[1] >= 8 << 20, `resumed at ${starts[1]}`);
}

async function keepsAfterAbort(): Promise<void> {
  hub.add('a/b', { 'w.bin': { bytes: weights, large: true } });
  hub.faults.set('w.bin', [{ slowMs: 10 }]);
  const aborted = await call('a/b', { files: ['w.bin'], abortAt: 60_000 });
  assert.is(aborted.error?.name, 'AbortError');
  const kept = aborted.loaded.at(-1) ?? 0;
  assert.ok(kept >= 60_000 && kept < weights.length);
  assert.equal((await call('a/b', { files: ['w.bin'] })).hashes, [sha256Of(weights)]);
  assert.equal(startsOf('w.bin'), [0, kept]);
}

async function refusesWrongBytes(): Promise<void> {
  hub.add('a/b', { 'w.bin': { bytes: weights, large: true }, 's.txt': { bytes: config } });
  for (const file of ['w.bin', 's.txt']) {
    hub.faults.set(file, [{ corrupt: true }]);
    const { error } = await call('a/b', { files: [file] });
    assert.is(error?.code, 'integrity', error?.message);
    const { error: none, loaded } = await call('a/b', { files: [file] });
    assert.is(none, undefined);
    assert.is(loaded[0], 0, 'the wrong bytes are gone');
  }
  hub.faults.set('w.bin', []);
  hub.add('a/c', { 'w.bin': { bytes: weights, large: true } });
  hub.faults.set('w.bin', [{ cutAfter: 1000 }, { ignoreRange: true }]);
  assert.equal((await call('a/c', { files: ['w.bin'] })).hashes, [sha256Of(weights)]);
}

async function twoPagesFetchOnce(): Promise<void> {
  hub.add('a/b', { 'w.bin': { bytes: weights, large: true } });
  hub.faults.set('w.bin', [{ slowMs: 30 }]);
  const other = await newPage();
  const both = [call('a/b', { files: ['w.bin'] }), call('a/b', { files: ['w.bin'] }, other)];
  for (const { hashes } of await Promise.all(both)) assert.equal(hashes, [sha256Of(weights)]);
  assert.equal(startsOf('w.bin'), [0]);
}

async function tellsErrors(): Promise<void> {
  hub.add('a/b', { 'config.json': { bytes: config } }, { revisions: ['main'] });
  hub.add('meta/gated', {}, { refuse: { status: 403, code: 'GatedRepo' } });
  hub.repositories.get('meta/gated')!.files['w.bin'] = { bytes: config };
  const codeOf = async (name: string, options: PageCall = {}): Promise<string> => {
    const { error } = await call(name, { files: ['w.bin'], tries: 1, ...options });
    return `${error?.code}: ${error?.message} → ${error?.cure}`;
  };
  assert.match(await codeOf('a/b'), /^not-found: a\/b: w\.bin does not exist/);
  assert.match(await codeOf('a/b', { revision: 'v9' }), /^not-found: a\/b: there is no revision v9/);
  assert.match(await codeOf('no/such'), /^access: .*no such public model/);
  assert.match(await codeOf('meta/gated'), /^access: .*restricted.*meta\/gated.*HF_TOKEN/s);
  assert.match(
    await codeOf('a/b', { files: ['config.json'], offline: true }),
    /^offline: .*pnpm models get a\/b/,
  );
  assert.match(await codeOf('a/b', { files: ['../x'] }), /^name: /);
  assert.match(
    await codeOf('a/b', { files: ['config.json'], endpoint: 'http://127.0.0.1:9' }),
    /^network: .*127\.0\.0\.1:9/,
  );
}

async function foldersAndUrls(): Promise<void> {
  siteFiles.set('/model/config.json', config);
  siteFiles.set('/model/model.safetensors', weights);
  const folder = await call('./model', { tensor: 'w' });
  assert.equal(folder.error, undefined);
  assert.equal(folder.files, files);
  assert.equal(folder.hashes, [sha256Of(config), sha256Of(weights)]);
  assert.equal(folder.tensor, [1, 2, 3]);
  assert.is((await call('./model', { files: ['none'] })).error?.code, 'not-found');

  hub.plain.set('/files/u.bin', { bytes: weights, etag: '"v1"' });
  hub.faults.set('u.bin', [{ cutAfter: 40_000 }]);
  const url = `${hub.endpoint}/files/u.bin`;
  assert.equal((await call(url)).hashes, [sha256Of(weights)]);
  const [first, second] = hub.requests('GET', 'u.bin');
  assert.is(first.range, 'bytes=0-');
  assert.match(second.range ?? '', /^bytes=[1-9]\d*-$/);
  assert.is(second.ifRange, '"v1"');
  assert.equal((await call(url, { offline: true })).hashes, [sha256Of(weights)]);
}

async function branchMoves(): Promise<void> {
  const repository = hub.add('a/b', { 'config.json': { bytes: config }, 'x.txt': { bytes: noise(9) } });
  const { commit } = await call('a/b', { files: ['config.json'] });
  repository.commit = commitOf('later');
  assert.is((await call('a/b', { files: ['config.json'] })).commit, commit);
  const later = await call('a/b', { files: ['config.json'], refresh: true });
  assert.is(later.commit, commitOf('later'));
  assert.is(hub.downloads('config.json').length, 1, 'the same bytes are not fetched again');
}

const tests: Record<string, () => Promise<void>> = {
  'fetches into OPFS once, checked, without showing the token to the storage': fetchesOnce,
  'goes on where a connection was cut': resumesAfterCuts,
  'goes on where a closed page was': resumesAfterClose,
  'keeps what has come when aborted': keepsAfterAbort,
  'deletes wrong bytes; starts over where Range is ignored': refusesWrongBytes,
  'two pages fetch the same file once': twoPagesFetchOnce,
  'tells errors with their cures': tellsErrors,
  'folders of the site, and URLs': foldersAndUrls,
  'follows a branch when asked to': branchMoves,
};
const isThere = existsSync(chromiumPath);
if (!isThere) console.log(`browser: skipped, there is no Chromium at ${chromiumPath}; set CHROMIUM_PATH`);
for (const [title, body] of Object.entries(tests)) {
  if (isThere) test(title, body);
  else test.skip(title);
}

test.run();
