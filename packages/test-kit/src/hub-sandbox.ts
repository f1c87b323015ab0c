// A hub and an empty Hugging Face home for one test file; the environment of the machine has no say.
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubServer } from './hub-server.ts';
import type { Suite } from './suite.ts';

const variable = /^(HF_|HUGGING_?FACE_|TRANSFORMERS_OFFLINE$|XDG_CACHE_HOME$)/;

export class HubSandbox {
  server!: HubServer;
  /** HF_HOME, empty at the start of each test. */
  home!: string;

  /** Registers the hooks that start and stop it. */
  static in(test: Suite): HubSandbox {
    const sandbox = new HubSandbox();
    test.before(async () => {
      sandbox.server = await HubServer.start();
    });
    test.before.each(async () => {
      for (const name of Object.keys(process.env)) if (variable.test(name)) delete process.env[name];
      sandbox.home = await mkdtemp(join(tmpdir(), 'foreword-hub-'));
      process.env.HF_HOME = sandbox.home;
      process.env.HF_ENDPOINT = sandbox.server.endpoint;
      sandbox.server.reset();
      sandbox.server.repositories.clear();
      sandbox.server.plain.clear();
    });
    test.after.each(() => rm(sandbox.home, { recursive: true, force: true }));
    test.after(() => sandbox.server.stop());
    return sandbox;
  }

  path(...parts: string[]): string {
    return join(this.home, ...parts);
  }

  /** All files below HF_HOME: `path`, `path -> target` for links, `path (size)` for files. */
  async tree(below = this.home): Promise<string[]> {
    const lines: string[] = [];
    for (const entry of await readdir(below, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const shown = path.slice(below.length + 1);
      if (entry.isSymbolicLink()) lines.push(`${shown} -> ${await readlink(path)}`);
      else if (entry.isFile()) lines.push(`${shown} (${(await readFile(path)).length})`);
    }
    return lines.sort();
  }
}
