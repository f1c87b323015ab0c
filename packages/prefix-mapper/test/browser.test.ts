// `loadCaptioner` in headless Chromium: models by their names from a hub on another origin, into OPFS, onto WebGPU.
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDevice } from '@foreword/tensor/node';
import { HubServer, suite } from '@foreword/test-kit';
import { bundlePage, chromiumFlags, chromiumPath, servePage, webGpuFlags } from '@foreword/test-kit/browser';
import { stateDictFile } from '@foreword/test-kit/torch';
import { chromium } from 'playwright-core';
import * as assert from 'uvu/assert';
import { checkpointEntries } from '../src/index.ts';
import { loadCaptioner } from '../src/node.ts';
import type { PageCaption } from './browser-page.ts';
import { disposeModels, tinyModels, writeRun } from './tiny-run.ts';

const timeLimitSeconds = 240;
const args = [...chromiumFlags, ...webGpuFlags];
const maxTokens = 5;
const feature = Array.from({ length: 16 }, (_, i) => 8 * Math.sin(i + 1));

/** Puts tiny models on the hub, and gives the checkpoint's URL and what Node writes with the same files. */
async function serveModels(hub: HubServer): Promise<{ mapper: string; expected: number[] }> {
  const device = await openDevice();
  const models = tinyModels(device);
  const run = await writeRun(models);
  const folder = dirname(run);
  for (const [name, id] of [
    ['clip', 'openai/clip-vit-base-patch32'],
    ['gpt2', 'gpt2'],
  ]) {
    const files: Record<string, { bytes: Uint8Array }> = {};
    for (const file of ['config.json', 'model.safetensors', 'tokenizer.json']) {
      const path = join(folder, name, file);
      if (existsSync(path)) files[file] = { bytes: await readFile(path) };
    }
    hub.add(id, files);
  }
  const entries = await checkpointEntries(models.mapper);
  const tensors = entries.map(
    ({ name, shape, data }) => [name, { shape, data: data as Float32Array }] as const,
  );
  hub.plain.set('/coco_prefix-009.pt', { bytes: stateDictFile(tensors), etag: '"1"' });
  const captioner = await loadCaptioner(device, run);
  const [{ ids }] = await captioner.captionFeatures([Float32Array.from(feature)], { maxTokens });
  captioner.dispose();
  disposeModels(models);
  device.close();
  await rm(folder, { recursive: true });
  return { mapper: `${hub.endpoint}/coco_prefix-009.pt`, expected: ids };
}

const test = suite('captioner in a browser', { timeLimitSeconds });

async function captionsInChromium(): Promise<void> {
  const hub = await HubServer.start();
  const script = await bundlePage(new URL('browser-page.ts', import.meta.url));
  const { address, close } = await servePage({ script });
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args,
    timeout: timeLimitSeconds * 1000,
  });
  try {
    const { mapper, expected } = await serveModels(hub);
    const page = await browser.newPage();
    page.setDefaultTimeout(timeLimitSeconds * 1000);
    await page.goto(address);
    await page.waitForSelector('body[data-state=ready]', { state: 'attached' });
    const caption = (options: object): Promise<PageCaption> =>
      page.evaluate(
        ([names, values, given]) => (globalThis as any).caption(names, values, given) as Promise<PageCaption>,
        [{ mapper }, feature, { maxTokens, endpoint: hub.endpoint, ...options }] as const,
      );
    const first = await caption({});
    assert.equal(first.ids, expected);
    assert.ok(first.fetchedBytes > 100_000, `${first.fetchedBytes} bytes`);
    const asked = hub.seen.length;
    const second = await caption({ offline: true });
    assert.equal(second, { ...first, fetchedBytes: 0 });
    assert.is(hub.seen.length, asked, 'the second time makes no request');
  } finally {
    await browser.close();
    await hub.stop();
    close();
  }
}

if (existsSync(chromiumPath)) test('captions from names, then from the cache offline', captionsInChromium);
else {
  console.log(`browser: skipped, there is no Chromium at ${chromiumPath}; set CHROMIUM_PATH`);
  test.skip('captions from names, then from the cache offline');
}

test.run();
