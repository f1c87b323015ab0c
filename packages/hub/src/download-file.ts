// Fetches the rest of a file: resumes where it was cut, starts over where the server cannot, checks the whole.
import type { HubClient } from './hub-client.ts';
import { HubError, isPassing } from './hub-error.ts';
import type { CreateHash, Unfinished } from './model-cache.ts';
import { retry, type RetryPlan } from './retry.ts';
import type { FileFacts } from './source.ts';
import { statusError, type AskedFor } from './status-error.ts';
import { verifyFile } from './verify-file.ts';

/** Bytes of a file that have come so far, with those of earlier tries. */
export interface DownloadProgress {
  file: string;
  /** in bytes */
  loaded: number;
  /** in bytes; undefined when the server does not tell */
  total: number | undefined;
}

export interface Download {
  client: HubClient;
  url: string;
  file: string;
  facts: FileFacts;
  asked: AskedFor;
  createHash: CreateHash;
  plan: RetryPlan;
  progress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

/**
 * Completes `unfinished` and checks size and hash. Bytes of an earlier process that turn out to be damaged are fetched
 * once more from the start.
 * @throws {HubError} with the bytes kept for resuming, except for `integrity`: then they are gone
 */
export async function downloadFile(unfinished: Unfinished, download: Download): Promise<void> {
  const { facts, file, progress, signal, plan } = download;
  if (!facts.resumes || (facts.size !== undefined && unfinished.size > facts.size)) await unfinished.clear();
  const resumed = unfinished.size > 0;
  const report = (): void => progress?.({ file, loaded: unfinished.size, total: facts.size });
  report();
  try {
    await retry(() => fetchRest(unfinished, download, report), plan, {
      signal,
      progress: () => unfinished.size,
    });
  } catch (error) {
    throw isPassing(error) ? keptForLater(error as HubError, unfinished.size) : error;
  }
  try {
    await verifyFile(unfinished, download);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    await unfinished.clear();
    if (!resumed) throw error;
    await downloadFile(unfinished, download);
  }
}

function keptForLater(error: HubError, size: number): HubError {
  if (size === 0) return error;
  const { message, code, cure } = error;
  return new HubError(`${message}, after all tries`, {
    code,
    cure: `${cure}; the first ${size} bytes are kept, and the same call goes on behind them`,
    cause: error.cause,
  });
}

async function fetchRest(unfinished: Unfinished, download: Download, report: () => void): Promise<void> {
  const { client, url, facts, asked, signal } = download;
  // Between two tries the file may have changed, and nothing would show it.
  if (!facts.resumes) await unfinished.clear();
  if (unfinished.size === facts.size) return;
  // From the first byte on a Range is asked for: browsers then leave the bytes uncompressed.
  const headers: Record<string, string> = { range: `bytes=${unfinished.size}-` };
  if (client.options.redirect === 'manual') headers['accept-encoding'] = 'identity';
  if (unfinished.size > 0 && facts.ifRange !== undefined) headers['if-range'] = facts.ifRange;
  const { response, watch } = await client.get(url, { headers, signal });
  try {
    // An empty file has no byte 0 to begin at.
    if (response.status === 416 && unfinished.size === 0 && facts.size === undefined) return;
    if (response.status === 416) {
      await unfinished.clear();
      throw new HubError(`${asked.what}: the server has no bytes from there on`, {
        code: 'server',
        cure: 'try again; it starts over',
      });
    }
    if (!response.ok) throw statusError(response, asked);
    if (!continuesAt(response, unfinished.size)) await unfinished.clear();
    await readBody(unfinished, response, { ...download, heard: () => watch.heard(), report });
  } finally {
    watch.stop();
    // A body that nobody reads would keep the connection; one that failed or ended has nothing to cancel.
    if (response.body?.locked === false) await response.body.cancel().catch(() => {});
  }
}

/** Whether the body begins at byte `at`; a plain 200 begins at 0. */
function continuesAt(response: Response, at: number): boolean {
  if (response.status !== 206) return at === 0;
  const begin = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  // Other origins may hide the header from a page; the check of the whole file covers that.
  if (begin === undefined || Number(begin) === at) return true;
  throw new HubError(`${new URL(response.url).host} sends bytes from ${begin}, not from ${at} as asked`, {
    code: 'integrity',
    cure: 'set HF_ENDPOINT to another mirror',
  });
}

/** A body that broke off, told apart from what the consumer of its pieces throws. */
class BodyError {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

// Not every browser can iterate over a stream by itself.
async function* piecesOf(response: Response): AsyncGenerator<Uint8Array | BodyError> {
  const reader = response.body?.getReader();
  try {
    while (reader !== undefined) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    yield new BodyError(error);
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

async function readBody(
  unfinished: Unfinished,
  response: Response,
  { url, asked, facts, client, signal, heard, report }: Download & { heard: () => void; report: () => void },
): Promise<void> {
  for await (const piece of piecesOf(response)) {
    if (piece instanceof BodyError) throw client.networkError(url, piece.cause, signal);
    heard();
    if (facts.size !== undefined && unfinished.size + piece.length > facts.size) {
      await unfinished.clear();
      throw new HubError(`${asked.what}: the server sends more than the ${facts.size} bytes it announced`, {
        code: 'integrity',
        cure: 'try again, or set HF_ENDPOINT to another mirror',
      });
    }
    await unfinished.append(piece);
    report();
  }
  if (facts.size !== undefined && unfinished.size < facts.size) {
    const cause = new Error(`it ended at byte ${unfinished.size} of ${facts.size}`);
    throw client.networkError(url, cause, signal);
  }
}
