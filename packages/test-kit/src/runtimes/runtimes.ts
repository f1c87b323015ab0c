// The runtimes: how each is given a script, and where its reports come from.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { servePage } from '../browser/index.ts';
import type { Report } from './run-suites.ts';

/** Runs a script; gives its reports as they come, and throws when it ends badly or is silent for too long. */
export interface Runtime {
  name: string;
  /** Why it cannot run here, in a sentence. */
  missing?: string;
  run(script: string, receive: (report: Report) => void, silenceSeconds: number): Promise<void>;
}

/** Calls `end` when `beat` has not been called for `seconds`. */
function watchSilence(seconds: number, end: () => void) {
  let timer = setTimeout(end, seconds * 1000);
  return {
    beat(): void {
      clearTimeout(timer);
      timer = setTimeout(end, seconds * 1000);
    },
    stop: () => clearTimeout(timer),
  };
}

const silent = (seconds: number): Error => new Error(`no test ended in ${seconds} s`);

const asProcess = (name: string, command: readonly string[]): Runtime => ({
  name,
  async run(script, receive, silenceSeconds) {
    const folder = await mkdtemp(join(tmpdir(), 'foreword-runtime-'));
    const file = join(folder, 'suites.mjs');
    await writeFile(file, script);
    const child = spawn(command[0], [...command.slice(1), file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FOREWORD_TUNING: 'none', NO_COLOR: '1' },
      detached: true,
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    let isSilent = false;
    const watch = watchSilence(silenceSeconds, () => {
      isSilent = true;
      // The group: npm's deno is a script that starts a program.
      process.kill(-child.pid!, 'SIGKILL');
    });
    createInterface(child.stdout).on('line', (line) => {
      watch.beat();
      if (line.startsWith('{')) receive(JSON.parse(line) as Report);
    });
    const ended = await new Promise<string>((resolve) => {
      child.on('error', ({ message }) => resolve(message));
      child.on('close', (code, signal) => resolve(code === 0 ? '' : `it ended with ${signal ?? code}`));
    });
    watch.stop();
    await rm(folder, { recursive: true });
    if (isSilent) throw silent(silenceSeconds);
    if (ended) throw new Error(`${ended}\n${complaints.slice(-2000)}`);
  },
});

export const node = asProcess('Node', [process.execPath]);

/** Its program comes with the npm package; the package's script finds it. */
export const deno = asProcess('Deno', [
  process.execPath,
  createRequire(import.meta.url).resolve('deno/bin.cjs'),
  'run',
  '--unstable-webgpu',
  // uvu's assertions ask whether to colour.
  '--allow-env',
]);

const firefoxPath = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr';

export const firefox: Runtime = {
  name: 'Firefox ESR',
  ...(!existsSync(firefoxPath) && {
    missing: `there is no Firefox at ${firefoxPath}; install Debian's firefox-esr or set FIREFOX_PATH`,
  }),
  async run(script, receive, silenceSeconds) {
    const { launch } = await import('puppeteer-core');
    let isDone!: () => void;
    let hasFailed!: (error: Error) => void;
    const ended = new Promise<void>((resolve, reject) => {
      isDone = resolve;
      hasFailed = reject;
    });
    const watch = watchSilence(silenceSeconds, () => hasFailed(silent(silenceSeconds)));
    const { address, close } = await servePage({
      script,
      receive(body) {
        watch.beat();
        const report = JSON.parse(body) as Report;
        receive(report);
        if ('isDone' in report) isDone();
      },
    });
    const browser = await launch({
      browser: 'firefox',
      executablePath: firefoxPath,
      headless: true,
      // Software adapters are on its list of what is not to be used.
      extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
    });
    try {
      const page = await browser.newPage();
      page.on('pageerror', (error) => hasFailed(error as Error));
      page.on('console', (message) => {
        if (message.type() === 'error') hasFailed(new Error(message.text()));
      });
      browser.on('disconnected', () => hasFailed(new Error('the browser ended')));
      await page.goto(address);
      await ended;
    } finally {
      watch.stop();
      await browser.close();
      close();
    }
  },
};
