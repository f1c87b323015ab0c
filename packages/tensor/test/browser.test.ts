// The browser example in a real browser: bundled, served, opened in headless Chromium, trained to the end.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { suite } from '@foreword/test-kit';
import { bundlePage, chromiumFlags, chromiumPath, servePage, webGpuFlags } from '@foreword/test-kit/browser';
import { chromium } from 'playwright-core';
import * as assert from 'uvu/assert';

const example = new URL('../examples/browser/', import.meta.url);
const timeLimitSeconds = 240;

const args = [...chromiumFlags, ...webGpuFlags];

const test = suite('browser example', { timeLimitSeconds });

async function trainsInChromium(): Promise<void> {
  const { address, close } = await servePage({
    html: await readFile(new URL('index.html', example), 'utf8'),
    script: await bundlePage(new URL('main.ts', example)),
  });
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args,
    timeout: timeLimitSeconds * 1000,
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(address, { timeout: timeLimitSeconds * 1000 });
    await page.waitForSelector('body[data-state]', { timeout: timeLimitSeconds * 1000 });
    const status = await page.textContent('#status');
    const read = async (key: string): Promise<number> =>
      Number(await page.getAttribute('body', `data-${key}`));
    const [first, last, right] = [await read('first-loss'), await read('last-loss'), await read('right')];
    assert.is(status, 'Trained: the loss fell.', complaints.join('\n'));
    assert.ok(last > 0 && last < first / 4, `the loss went from ${first} to ${last}`);
    assert.ok(right > 0.9, `${right} of the points are told apart`);
    assert.equal(complaints, []);
  } finally {
    await browser.close();
    close();
  }
}

if (existsSync(chromiumPath)) test('trains on WebGPU in Chromium', trainsInChromium);
else {
  console.log(`browser example: skipped, there is no Chromium at ${chromiumPath}; set CHROMIUM_PATH`);
  test.skip('trains on WebGPU in Chromium');
}

test.run();
