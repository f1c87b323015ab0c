// A repository's list of files from the hub's API. Browsers need it: fetch hides the redirects that carry the hashes.
import type { HubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import { hubFacts } from './hub-facts.ts';
import { isCommit } from './model-name.ts';
import type { FileFacts, MissingFile } from './source.ts';
import { statusError, type AskedFor } from './status-error.ts';

interface ListedFile {
  rfilename: string;
  size?: number;
  /** git's sha1 */
  blobId?: string;
  lfs?: { sha256?: string; size?: number };
}

/** Fetches the list once; the answer is looked up in it. */
export async function listRepository(
  client: HubClient,
  id: string,
  { revision, asked, signal }: { revision: string; asked: AskedFor; signal?: AbortSignal },
): Promise<(file: string, asked: AskedFor) => FileFacts | MissingFile> {
  const url = `${client.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const { response, json } = await client.getJson(url, { signal });
  if (!response.ok) throw statusError(response, { ...asked, what: id });
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== 'string' || !isCommit(sha) || !Array.isArray(siblings)) {
    throw new HubError(`${id}: ${url} lists no files, so it is no Hugging Face hub`, {
      code: 'not-found',
      cure: `check the endpoint (now ${client.endpoint})`,
    });
  }
  const files = new Map((siblings as ListedFile[]).map((entry) => [entry.rfilename, entry]));
  return (file, asked) => {
    const entry = files.get(file);
    const etag = entry?.lfs?.sha256 ?? entry?.blobId;
    if (entry !== undefined && etag !== undefined) {
      return hubFacts(asked, { commit: sha, etag, size: entry.lfs?.size ?? entry.size });
    }
    const headers = { 'x-error-code': 'EntryNotFound', 'x-error-message': 'not in the list of files' };
    return { commit: sha, missing: statusError(new Response(null, { status: 404, headers }), asked) };
  };
}
