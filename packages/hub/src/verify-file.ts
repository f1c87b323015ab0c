// Compares a file's bytes, as they lie in the cache, with the hash that the hub announced.
import { HubError } from './hub-error.ts';
import type { CreateHash, Unfinished } from './model-cache.ts';
import type { FileFacts } from './source.ts';
import type { AskedFor } from './status-error.ts';

/** @throws {HubError} `integrity` when they differ; nothing when the server announced no hash */
export async function verifyFile(
  unfinished: Unfinished,
  {
    facts,
    asked,
    createHash,
    signal,
  }: {
    facts: FileFacts;
    asked: AskedFor;
    createHash: CreateHash;
    signal?: AbortSignal;
  },
): Promise<void> {
  const { check } = facts;
  if (check === undefined) return;
  const hash = createHash(check.algorithm === 'sha256' ? 'sha256' : 'sha1');
  // git hashes a header before the bytes.
  if (check.algorithm === 'git-sha1') hash.update(new TextEncoder().encode(`blob ${unfinished.size}\0`));
  for await (const bytes of unfinished.stored()) {
    signal?.throwIfAborted();
    hash.update(bytes);
  }
  const found = hash.digest();
  if (found === check.hex) return;
  throw new HubError(
    `${asked.what}: the bytes that came are not the file: their ${check.algorithm} is ${found}, not ${check.hex}; they were deleted`,
    { code: 'integrity', cure: 'try again, or set HF_ENDPOINT to another mirror' },
  );
}
