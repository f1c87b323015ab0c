// Where the pictures of a caption file are, and which of them are not there.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const samples = 256;
const deepest = 2;

/**
 * The folder that the names are relative to: `root`, or one up to two levels below it, whichever holds most of them
 * (a sample is looked at). `root` itself when none holds any.
 */
export async function findPictureRoot(root: string, names: readonly string[]): Promise<string> {
  const every = Math.max(1, Math.floor(names.length / samples));
  const sample = names.filter((_, i) => i % every === 0);
  let best = { folder: root, found: 0 };
  for (const folder of await foldersBelow(root, deepest)) {
    const there = await Promise.all(sample.map((name) => exists(join(folder, name))));
    const found = there.filter(Boolean).length;
    if (found > best.found) best = { folder, found };
    if (found === sample.length) break;
  }
  return best.folder;
}

async function foldersBelow(root: string, depth: number): Promise<string[]> {
  if (depth === 0) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const inner: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(root, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(path)));
    if (isFolder && !entry.name.startsWith('.')) inner.push(...(await foldersBelow(path, depth - 1)));
  }
  return [root, ...inner];
}

const exists = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );
const isDirectory = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

/** Those of the paths that do not exist. Each folder is listed once: a network disk answers that in one go. */
export async function missingFiles(paths: Iterable<string>): Promise<Set<string>> {
  const folders = new Map<string, Set<string>>();
  const missing = new Set<string>();
  for (const path of paths) {
    const folder = dirname(path);
    let names = folders.get(folder);
    if (!names) folders.set(folder, (names = new Set(await readdir(folder).catch(() => []))));
    // A listing may spell a name otherwise than the caption file (letter case, composed letters): the disk decides.
    if (!names.has(basename(path)) && !(names.size > 0 && (await exists(path)))) missing.add(path);
  }
  return missing;
}

/** All files below a folder, by path. */
export async function* walkFiles(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(path)))) yield* walkFiles(path);
    else yield path;
  }
}
