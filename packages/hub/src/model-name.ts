// What a model is called: a folder, a file, a repository of the hub, or the URL of one file. The form alone decides.
import { HubError } from './hub-error.ts';

export type ModelPlace =
  | { kind: 'folder'; path: string }
  | { kind: 'file'; folder: string; file: string }
  | { kind: 'repository'; id: string }
  | { kind: 'url'; url: URL };

/** How names of weight files end; no repository is called so. */
export const weightFile = /\.(?:pt|pth|bin|pkl|safetensors)$/i;

/**
 * `coco_prefix-009.pt` and whatever else ends like weights (.pt, .pth, .bin, .pkl, .safetensors) is a file, `./folder`, `../folder`, `/folder`, `~/folder` and `C:\folder` are folders, `http://` and `https://` URLs, `name` and
 * `owner/name` repositories.
 * @throws {HubError} `name` for anything else
 */
export function parseModelName(name: string): ModelPlace {
  if (/^https?:\/\//i.test(name)) return { kind: 'url', url: parseUrl(name) };
  if (!name.includes('\0') && weightFile.test(name)) {
    const cut = Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1;
    return { kind: 'file', folder: name.slice(0, cut) || '.', file: name.slice(cut) };
  }
  if (!name.includes('\0') && /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|~(?:[\\/]|$)|[A-Za-z]:[\\/])/.test(name)) {
    return { kind: 'folder', path: name };
  }
  // The hub's own rule: letters, digits, `_`, `.`, `-`; neither `--` nor `..`; no `-` or `.` at either end.
  const isRepository =
    name.length <= 96 &&
    /^[\w.-]+(?:\/[\w.-]+)?$/.test(name) &&
    !/--|\.\./.test(name) &&
    name.split('/').every((part) => !/^[.-]|[.-]$/.test(part));
  if (isRepository) return { kind: 'repository', id: name };
  throw new HubError(
    `${JSON.stringify(name)} is no model name (name or owner/name), no folder (./folder), no file (x.pt) and no URL`,
    { code: 'name', cure: `a folder is written with ./ in front: ./${name.replace(/^\/+/, '')}` },
  );
}

function parseUrl(name: string): URL {
  try {
    const url = new URL(name);
    if (url.username === '' && url.password === '') {
      url.hash = '';
      return url;
    }
  } catch {
    // Told below.
  }
  throw new HubError(`${JSON.stringify(name)} is no URL that can be fetched`, {
    code: 'name',
    cure: 'write it as https://host/path/file, without a user name or password',
  });
}

/** The file name at the end of a URL. */
export function fileOfUrl(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? '';
  let file = last;
  try {
    file = decodeURIComponent(last);
  } catch {
    // A stray % stays as it is.
  }
  if (file === '' || file.includes('/')) {
    throw new HubError(`${url.href} does not end in the name of a file`, {
      code: 'name',
      cure: 'give the URL of the file itself, or the model by its name (owner/name)',
    });
  }
  return checkFileName(file);
}

/**
 * A file inside a repository, with `/` between folders.
 * @throws {HubError} `name` when it could lie outside
 */
export function checkFileName(file: string): string {
  return checkRelativePath('file name', file);
}

/**
 * A branch, tag, commit or reference such as `refs/pr/1`.
 * @throws {HubError} `name` when it could lie outside the cache's folder of references
 */
export function checkRevision(revision: string): string {
  return checkRelativePath('revision', revision);
}

// These become paths on this machine and parts of URLs, and index files from elsewhere may hold them.
function checkRelativePath(what: string, path: string): string {
  const isBad =
    path === '' ||
    /[\\\0-\u001f\u007f]/.test(path) ||
    /^[A-Za-z]:/.test(path) ||
    path.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (!isBad) return path;
  throw new HubError(`${JSON.stringify(path)} is refused as a ${what}`, {
    code: 'name',
    cure: `a ${what} is a relative path with / between its parts, without "..", backslashes and control characters`,
  });
}

/** A commit's full name. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
