// Where the pictures of a caption file are, and which of them are not there.
import { readdir, realpath, stat } from 'node:fs/promises';
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
  for await (const folder of foldersBelow(root, deepest)) {
    const there = await Promise.all(sample.map((name) => exists(join(folder, name))));
    const found = there.filter(Boolean).length;
    if (found > best.found) best = { folder, found };
    if (found === sample.length) break;
  }
  return best.folder;
}

/** The folder itself first: where the pictures are there, nothing below is listed. */
async function* foldersBelow(folder: string, depth: number): AsyncGenerator<string> {
  yield folder;
  if (depth === 0) return;
  for (const { path, isFolder } of await sortedEntries(folder))
    if (isFolder) yield* foldersBelow(path, depth - 1);
}

/** Entries that are not hidden, by name. */
async function sortedEntries(folder: string): Promise<{ path: string; isFolder: boolean }[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(
    ({ name }) => !name.startsWith('.'),
  );
  const found: { path: string; isFolder: boolean }[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(path)));
    found.push({ path, isFolder });
  }
  return found;
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

/** All files below a folder, by path; a folder that links lead to twice is entered once. */
export async function* walkFiles(folder: string, entered = new Set<string>()): AsyncGenerator<string> {
  const real = await realpath(folder);
  if (entered.has(real)) return;
  entered.add(real);
  for (const { path, isFolder } of await sortedEntries(folder)) {
    if (isFolder) yield* walkFiles(path, entered);
    else yield path;
  }
}
