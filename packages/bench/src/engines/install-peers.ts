// Makes peers ready to run. Packages go into a folder of their own, outside the workspace's dependencies: several hundred
// megabytes that nobody but the benchmark needs. A Python is looked for and left as it is.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { repositoryRoot } from '../report/machine.ts';
import { findPython } from './find-python.ts';
import { newerNodeVersion, type Peer } from './peers.ts';

export const peersFolder = join(repositoryRoot, 'node_modules/.cache/foreword-peers');

type Versions = Readonly<Record<string, string>>;

interface Running {
  /** Major version of this Node. */
  node: number;
  platform: string;
  arch: string;
}

const running: Running = {
  node: Number(process.versions.node.split('.')[0]),
  platform: process.platform,
  arch: process.arch,
};

/** The npm package that holds Node for this platform. */
const nodePackage = ({ platform, arch }: Running): string =>
  `node-${platform === 'win32' ? 'win' : platform}-${arch}`;

const needsNewerNode = ({ node = 0 }: Peer, on: Running): boolean => on.node < node;

/** Packages a peer needs here, with versions: its own, and Node where the running one is too old. */
export const packagesOf = (peer: Peer, on = running): Versions => ({
  ...peer.packages,
  ...(needsNewerNode(peer, on) && { [nodePackage(on)]: newerNodeVersion }),
});

/** The Node to run a peer of npm packages with. */
export function nodeOf(peer: Peer, { folder = peersFolder, on = running } = {}): string {
  if (!needsNewerNode(peer, on)) return process.execPath;
  return join(folder, 'node_modules', nodePackage(on), 'bin', on.platform === 'win32' ? 'node.exe' : 'node');
}

/** A peer that can be started. */
export interface ReadyPeer extends Peer {
  /** The words in front of its script. */
  interpreter: readonly string[];
}

/**
 * Installs what is missing for a peer, or finds the Python it needs (`python` names one).
 * @throws CommandError when npm fails, or no Python has the peer's module
 */
export async function preparePeer(peer: Peer, { python }: { python?: string } = {}): Promise<ReadyPeer> {
  if (peer.module !== undefined)
    return { ...peer, interpreter: [await findPython(peer.module, { wanted: python })] };
  await installPeer(peer);
  // The child needs the loader that this process runs under.
  return { ...peer, interpreter: [nodeOf(peer), ...process.execArgv] };
}

/** Whether exactly these versions are there. */
export async function areInstalled(packages: Versions, folder = peersFolder): Promise<boolean> {
  const found = await Promise.all(
    Object.entries(packages).map(async ([name, version]) => {
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
 * Installs what is missing for a peer with npm, without running install scripts; what is there for others stays.
 * @throws CommandError when npm fails
 */
async function installPeer(peer: Peer, folder = peersFolder): Promise<void> {
  const packages = packagesOf(peer);
  if (await areInstalled(packages, folder)) return;
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'package.json');
  const before = await installedBefore(path);
  await writeManifest(path, { ...before, ...packages });
  try {
    await npmInstall(folder, peer.id);
  } catch (error) {
    // What cannot be had must not stand in the way of the next peer.
    await writeManifest(path, before);
    throw error;
  }
}

const writeManifest = (path: string, dependencies: Versions): Promise<void> =>
  writeFile(path, `${JSON.stringify({ name: 'foreword-peers', private: true, dependencies }, null, 2)}\n`);

async function npmInstall(folder: string, what: string): Promise<void> {
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  const cure = 'check the network; --peers NAMES measures beside others only';
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
      else reject(new CommandError(`npm could not install ${what} (exit code ${code})`, { cure }));
    });
  });
}

async function installedBefore(path: string): Promise<Versions> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as { dependencies?: Versions }).dependencies ?? {};
  } catch {
    return {};
  }
}
