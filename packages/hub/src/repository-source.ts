// A repository of the hub: what its headers, or where redirects are hidden its listing, say about a file.
import type { HubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import { hubFacts } from './hub-facts.ts';
import { isCommit } from './model-name.ts';
import { listRepository } from './repository-listing.ts';
import type { FileFacts, MissingFile, Source } from './source.ts';
import { statusError, type AskedFor } from './status-error.ts';

/** `models--org--name`, as Python's huggingface_hub names it. */
export function repositoryFolder(id: string): string {
  return `models--${id.replaceAll('/', '--')}`;
}

/** The files of `id` at `revision`. */
export function repositorySource(
  client: HubClient,
  id: string,
  { revision, signal }: { revision: string; signal?: AbortSignal },
): Source {
  const { endpoint, token, redirect } = client.options;
  const page = `${endpoint}/${id}`;
  const asked = (file: string): AskedFor => ({
    what: `${id}: ${file}`,
    endpoint,
    page,
    revision,
    hasToken: token !== undefined,
  });
  const urlOf = (file: string, at: string): string =>
    `${page}/resolve/${encodeURIComponent(at)}/${file.split('/').map(encodeURIComponent).join('/')}`;
  const heads = async (file: string, commit?: string): Promise<FileFacts | MissingFile> =>
    headFacts(client, urlOf(file, commit ?? revision), asked(file), signal);
  const listings = new Map<string, ReturnType<typeof listRepository>>();
  const listed = async (file: string, commit?: string): Promise<FileFacts | MissingFile> => {
    const at = commit ?? revision;
    let listing = listings.get(at);
    listing ??= listRepository(client, id, { revision: at, asked: asked(file), signal });
    listings.set(at, listing);
    try {
      return (await listing)(file, asked(file));
    } catch (error) {
      listings.delete(at);
      throw error;
    }
  };
  const look = redirect === 'manual' ? heads : listed;
  return { name: id, folder: repositoryFolder(id), revision, page, urlOf, look };
}

/**
 * What the answers to HEAD say, from the hub's own (`X-Repo-Commit`; `X-Linked-Etag` and `X-Linked-Size` of large files,
 * beside a redirect to their storage) to the last.
 */
async function headFacts(
  client: HubClient,
  url: string,
  asked: AskedFor,
  signal?: AbortSignal,
): Promise<FileFacts | MissingFile> {
  let commit: string | undefined;
  let etag: string | undefined;
  let size: number | undefined;
  for await (const response of client.heads(url, { headers: { 'accept-encoding': 'identity' }, signal })) {
    const { headers } = response;
    commit ??= headers.get('x-repo-commit') ?? undefined;
    if (response.status >= 400) {
      const error = statusError(response, asked);
      const isMissing = response.status === 404 && headers.get('x-error-code') !== 'RevisionNotFound';
      if (!isMissing) throw error;
      return { commit: commit !== undefined && isCommit(commit) ? commit : undefined, missing: error };
    }
    etag = headers.get('x-linked-etag') ?? undefined;
    if (etag !== undefined) {
      size = sizeOf(headers.get('x-linked-size'));
      break;
    }
    if (response.ok) {
      etag = headers.get('etag') ?? undefined;
      size = sizeOf(headers.get('content-length'));
    }
  }
  if (commit === undefined || !isCommit(commit) || etag === undefined) {
    throw new HubError(
      `${asked.what}: the server names no commit and no ETag, so it is no Hugging Face hub`,
      {
        code: 'not-found',
        cure: `check HF_ENDPOINT (now ${client.endpoint})`,
      },
    );
  }
  return hubFacts(asked, { commit, etag: etag.replace(/^W\//, '').replaceAll('"', ''), size });
}

function sizeOf(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}
