// Puts TensorFlow.js into a folder of its own, outside the workspace's dependencies: 310 MB that nobody but the
// benchmark needs.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { repositoryRoot } from '../report/machine.ts';

/** Exact versions, so that results from different days compare. */
export const tfjsPackages: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs': '4.22.0',
  '@tensorflow/tfjs-backend-webgpu': '4.22.0',
};

export const tfjsFolder = join(repositoryRoot, 'node_modules/.cache/foreword-peers');

/** Whether exactly these versions are there. */
export async function isTfjsInstalled(folder = tfjsFolder): Promise<boolean> {
  const found = await Promise.all(
    Object.entries(tfjsPackages).map(async ([name, version]) => {
      try {
        const text = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
        return (JSON.parse(text) as { version?: string }).version === version;
      } catch {
        return false;
      }
    }),
  );
  return found.every(Boolean);
}

/**
 * Installs it with npm, without running install scripts.
 * @throws CommandError when npm fails
 */
export async function installTfjs(folder = tfjsFolder): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest = { name: 'foreword-peers', private: true, dependencies: tfjsPackages };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const cure = 'check the network, or measure without it: pnpm bench --peers none';
  await new Promise<void>((resolve, reject) => {
    // On Windows npm is a .cmd file, which only a shell can start.
    const child = spawn('npm', args, {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    child.on('error', (cause) => reject(new CommandError('npm could not be started', { cure, cause })));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new CommandError(`npm could not install TensorFlow.js (exit code ${code})`, { cure }));
    });
  });
}
