// Folders for the tests: written from a list, removed at the end.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];

/** A new folder with these files; objects become JSON, empty texts stand for pictures. */
export async function folderWith(files: Readonly<Record<string, unknown>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'foreword-caption-data-'));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    const isPlain = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(join(root, path), isPlain ? content : JSON.stringify(content));
  }
  return root;
}

export async function removeFolders(): Promise<void> {
  await Promise.all(made.splice(0).map((root) => rm(root, { recursive: true })));
}

/** Pictures for `folderWith`. */
export const pictures = (...paths: string[]): Record<string, string> =>
  Object.fromEntries(paths.map((path) => [path, '']));

/** What went wrong, as `message | cure`; that nothing went wrong is an error. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = (await work.then(
    () => new Error('it was taken'),
    (e: unknown) => e,
  )) as Error & { cure?: string };
  return `${error.message} | ${error.cure}`;
}
