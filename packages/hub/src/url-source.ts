// One file behind a URL, kept as a repository of one file whose commit changes with the server's validators.
import type { HubClient } from './hub-client.ts';
import type { CreateHash } from './model-cache.ts';
import { fileOfUrl } from './model-name.ts';
import type { FileFacts, MissingFile, Source } from './source.ts';
import { statusError } from './status-error.ts';

/** The file at `url`, and files beside it: an index of shards names those. */
export function urlSource(
  client: HubClient,
  url: URL,
  { createHash, signal }: { createHash: CreateHash; signal?: AbortSignal },
): Source {
  const digest = (text: string): string => {
    const hash = createHash('sha256');
    hash.update(new TextEncoder().encode(text));
    return hash.digest();
  };
  const named = fileOfUrl(url);
  const urlOf = (file: string): string =>
    file === named ? url.href : new URL(file.split('/').map(encodeURIComponent).join('/'), url).href;
  const look = async (file: string, commit?: string): Promise<FileFacts | MissingFile> => {
    const address = urlOf(file);
    let linked: string | null = null;
    let last: Response | undefined;
    // Either header keeps the length from being that of a compressed answer; pages cannot set the first.
    const identity: Record<string, string> =
      client.options.redirect === 'manual' ? { 'accept-encoding': 'identity' } : { range: 'bytes=0-' };
    for await (const response of client.heads(address, { headers: identity, signal })) {
      linked ??= response.headers.get('x-linked-etag');
      last = response;
    }
    const headers = last?.headers ?? new Headers();
    if (last !== undefined && last.status >= 400 && last.status !== 405 && last.status !== 501) {
      const { endpoint, token } = client.options;
      const error = statusError(last, { what: address, endpoint, hasToken: token !== undefined });
      if (last.status === 404) return { missing: error };
      throw error;
    }
    const etag = headers.get('etag') ?? '';
    const modified = headers.get('last-modified') ?? '';
    const length = last?.ok === true ? headers.get('content-length') : null;
    // A weak ETag says that the meaning is equal, not the bytes; RFC 9110 forbids it in If-Range.
    const ifRange = etag.startsWith('"') ? etag : modified;
    const sha256 = /^"?([0-9a-f]{64})"?$/.exec(linked ?? '')?.[1];
    const state = digest([address, etag, modified, length ?? ''].join('\n'));
    return {
      commit: commit ?? state.slice(0, 40),
      blob: state,
      size: length === null ? undefined : Number(length),
      check: sha256 === undefined ? undefined : { algorithm: 'sha256', hex: sha256 },
      ifRange: ifRange === '' ? undefined : ifRange,
      resumes: ifRange !== '',
    };
  };
  return { name: url.href, folder: `url--${digest(url.href).slice(0, 40)}`, revision: 'main', look, urlOf };
}
