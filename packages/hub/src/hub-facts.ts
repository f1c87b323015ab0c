// The hub's ETags are hashes; this reads them as such.
import { HubError } from './hub-error.ts';
import type { FileFacts } from './source.ts';
import type { AskedFor } from './status-error.ts';

/** Facts of a file whose blob the hub calls `etag`: a sha256 for large files, git's own sha1 for the others. */
export function hubFacts(
  asked: AskedFor,
  { commit, etag, size }: { commit: string; etag: string; size?: number },
): FileFacts {
  const facts = { commit, blob: etag, size, resumes: true };
  if (/^[0-9a-f]{64}$/.test(etag)) return { ...facts, check: { algorithm: 'sha256', hex: etag } };
  if (/^[0-9a-f]{40}$/.test(etag)) return { ...facts, check: { algorithm: 'git-sha1', hex: etag } };
  throw new HubError(`${asked.what}: the server's ETag ${JSON.stringify(etag)} is no hash of a hub`, {
    code: 'not-found',
    cure: `check HF_ENDPOINT (now ${asked.endpoint})`,
  });
}
