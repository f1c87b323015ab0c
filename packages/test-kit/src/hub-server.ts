// A hub on 127.0.0.1: repositories under /{id}/resolve/{revision}/{file}, large files behind a redirect to a storage
// server on another port, and faults on demand.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedFile {
  bytes: Uint8Array;
  /** Kept in the storage, as git LFS does. */
  large?: boolean;
}

/** How the next answers to GET for a file go wrong; each fault is used up by one answer. */
export interface Fault {
  /** Ends the connection after so many bytes of the body. */
  cutAfter?: number;
  ignoreRange?: boolean;
  status?: number;
  headers?: Record<string, string>;
  /** Other bytes of the same length. */
  corrupt?: boolean;
  /** Answers to 206, but with bytes from here. */
  wrongStart?: number;
  /** Pause before each 16 KiB, in ms. */
  slowMs?: number;
  /** Sends so many bytes and then no more, without an end. */
  stallAfter?: number;
  /** Bytes sent beyond the end, without a length. */
  extraBytes?: number;
}

export interface SeenRequest {
  /** `hub` or `storage` */
  host: string;
  method: string;
  path: string;
  range: string | undefined;
  authorization: string | undefined;
  ifRange: string | undefined;
}

export interface Repository {
  commit: string;
  files: Record<string, ServedFile>;
  /** Answer of everything but a GET to the storage. */
  refuse?: { status: number; code?: string; message?: string };
  /** Only these revisions exist; default every one. */
  revisions?: string[];
}

export const commitOf = (text: string): string => createHash('sha1').update(text).digest('hex');
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const gitSha1Of = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Bytes that are the same every time and compress badly. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = seed * 2654435761;
  for (let i = 0; i < size; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

const exposed =
  'X-Repo-Commit, X-Error-Code, X-Error-Message, ETag, Content-Range, X-Linked-Size, X-Linked-Etag';

export class HubServer {
  readonly repositories = new Map<string, Repository>();
  /** Old name → new name, answered by a relative redirect. */
  readonly renamed = new Map<string, string>();
  /** By file name. */
  readonly faults = new Map<string, Fault[]>();
  /** Statuses for the next HEAD requests of a file. */
  readonly headStatuses = new Map<string, number[]>();
  readonly seen: SeenRequest[] = [];
  /** Bytes of bodies that were handed to connections, by file name. */
  readonly sent = new Map<string, number>();
  /** Plain files by path, on the hub's host: for URLs. */
  readonly plain = new Map<string, { bytes: Uint8Array; etag?: string; lastModified?: string }>();
  #hub!: Server;
  #storage!: Server;

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    server.#hub = await listen((request, response) => server.#answerHub(request, response));
    server.#storage = await listen((request, response) => server.#answerStorage(request, response));
    return server;
  }

  get endpoint(): string {
    return addressOf(this.#hub);
  }

  get storageOrigin(): string {
    return addressOf(this.#storage);
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Forgets what was seen and what is to go wrong. */
  reset(): void {
    this.seen.length = 0;
    this.faults.clear();
    this.headStatuses.clear();
    this.sent.clear();
    this.renamed.clear();
  }

  add(id: string, files: Record<string, ServedFile>, more: Partial<Repository> = {}): Repository {
    const repository = { commit: commitOf(id), files, ...more };
    this.repositories.set(id, repository);
    return repository;
  }

  requests(method: string, file: string): SeenRequest[] {
    return this.seen.filter((request) => request.method === method && request.path.endsWith(file));
  }

  /** GET requests that brought a file's bytes: those to the storage for large ones. */
  downloads(file: string): SeenRequest[] {
    return this.requests('GET', `/${file}`).filter(
      (request) => request.host === 'storage' || !this.#isLarge(file),
    );
  }

  #isLarge(file: string): boolean {
    return [...this.repositories.values()].some((repository) => repository.files[file]?.large === true);
  }

  #note(host: string, request: IncomingMessage): void {
    const { method = '', url = '', headers } = request;
    const { range, authorization } = headers;
    const ifRange = headers['if-range'] as string | undefined;
    this.seen.push({
      host,
      method,
      path: decodeURIComponent(url.split('?')[0]),
      range,
      authorization,
      ifRange,
    });
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    allowPages(request, response);
    if (request.method === 'OPTIONS') return void response.end();
    this.#note('hub', request);
    const path = (request.url ?? '').split('?')[0];
    const plain = this.plain.get(path);
    if (plain !== undefined) {
      if (plain.etag !== undefined) response.setHeader('etag', plain.etag);
      if (plain.lastModified !== undefined) response.setHeader('last-modified', plain.lastModified);
      const current = plain.etag ?? plain.lastModified;
      return this.#send(request, response, {
        file: path.split('/').at(-1) ?? '',
        bytes: plain.bytes,
        current,
      });
    }
    const listing = /^\/api\/models\/(.+)\/revision\/([^/]+)$/.exec(path);
    if (listing) return this.#answerListing(response, listing[1], decodeURIComponent(listing[2]));
    const match = /^\/(.+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    if (!match) return fail(response, 404);
    const [, id, revision, file] = match.map(decodeURIComponent);
    const renamed = this.renamed.get(id);
    if (renamed !== undefined) {
      response.writeHead(307, { location: `/${renamed}/resolve/${encodeURIComponent(revision)}/${file}` });
      return void response.end();
    }
    this.#answerFile(request, response, { id, revision, file });
  }

  #answerFile(
    request: IncomingMessage,
    response: ServerResponse,
    { id, revision, file }: { id: string; revision: string; file: string },
  ): void {
    const repository = this.repositories.get(id);
    if (!repository) return fail(response, 401, 'RepoNotFound', 'Invalid username or password.');
    const status = request.method === 'HEAD' ? this.headStatuses.get(file)?.shift() : undefined;
    if (status !== undefined) return fail(response, status);
    const { refuse, commit, files } = repository;
    if (refuse) return fail(response, refuse.status, refuse.code, refuse.message);
    if (!knows(repository, revision)) return fail(response, 404, 'RevisionNotFound');
    response.setHeader('x-repo-commit', commit);
    const served = files[file];
    if (served === undefined) return fail(response, 404, 'EntryNotFound', 'Entry not found');
    const { bytes, large = false } = served;
    if (!large) {
      response.setHeader('etag', `"${gitSha1Of(bytes)}"`);
      return this.#send(request, response, { file, bytes });
    }
    const location = `${this.storageOrigin}/${id}/${file}`;
    response.writeHead(302, {
      location,
      'x-linked-etag': `"${sha256Of(bytes)}"`,
      'x-linked-size': String(bytes.length),
    });
    response.end();
  }

  #answerListing(response: ServerResponse, id: string, revision: string): void {
    const repository = this.repositories.get(id);
    if (!repository) return fail(response, 401, 'RepoNotFound', 'Invalid username or password.');
    if (repository.refuse?.code !== 'GatedRepo' && repository.refuse)
      return fail(response, repository.refuse.status, repository.refuse.code, repository.refuse.message);
    if (!knows(repository, revision)) return fail(response, 404, 'RevisionNotFound');
    const siblings = Object.entries(repository.files).map(([rfilename, { bytes, large }]) => ({
      rfilename,
      size: bytes.length,
      blobId: large ? commitOf(rfilename) : gitSha1Of(bytes),
      ...(large ? { lfs: { sha256: sha256Of(bytes), size: bytes.length, pointerSize: 134 } } : {}),
    }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id, sha: repository.commit, siblings }));
  }

  #answerStorage(request: IncomingMessage, response: ServerResponse): void {
    allowPages(request, response);
    if (request.method === 'OPTIONS') return void response.end();
    this.#note('storage', request);
    const path = decodeURIComponent((request.url ?? '').slice(1));
    for (const [id, { files }] of this.repositories) {
      const file = path.startsWith(`${id}/`) ? path.slice(id.length + 1) : '';
      if (files[file] !== undefined) {
        response.setHeader('etag', '"a-storage-etag-that-is-no-hash"');
        return this.#send(request, response, { file, bytes: files[file].bytes });
      }
    }
    fail(response, 404);
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    { file, bytes, current }: { file: string; bytes: Uint8Array; current?: string },
  ): void {
    if (request.method === 'HEAD') {
      response.setHeader('content-length', bytes.length);
      return void response.end();
    }
    const fault = this.faults.get(file)?.shift() ?? {};
    for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
    if (fault.status !== undefined) return fail(response, fault.status);
    const condition = request.headers['if-range'];
    const isCurrent = condition === undefined || condition === current;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    let begin = range && isCurrent && !fault.ignoreRange ? Number(range[1]) : undefined;
    if (begin !== undefined && begin >= bytes.length) {
      response.setHeader('content-range', `bytes */${bytes.length}`);
      return fail(response, 416);
    }
    begin = begin === undefined ? undefined : (fault.wrongStart ?? begin);
    if (begin !== undefined) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${begin}-${bytes.length - 1}/${bytes.length}`);
    }
    const whole = fault.corrupt ? bytes.map((byte) => byte ^ 0x55) : bytes;
    const body = whole.subarray(begin ?? 0);
    if (fault.extraBytes === undefined) response.setHeader('content-length', body.length);
    const full = fault.extraBytes === undefined ? body : Buffer.concat([body, noise(fault.extraBytes)]);
    void this.#sendBody(response, full, { file, fault });
  }

  async #sendBody(
    response: ServerResponse,
    body: Uint8Array,
    { file, fault }: { file: string; fault: Fault },
  ): Promise<void> {
    const { cutAfter = Infinity, stallAfter = Infinity, slowMs } = fault;
    const end = Math.min(body.length, cutAfter, stallAfter);
    response.flushHeaders();
    for (let at = 0; at < end && !response.destroyed;) {
      const piece = body.subarray(at, Math.min(at + (16 << 10), end));
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
      at += piece.length;
      this.sent.set(file, (this.sent.get(file) ?? 0) + piece.length);
      if (slowMs !== undefined) await new Promise((resolve) => setTimeout(resolve, slowMs));
    }
    if (end === stallAfter) return;
    // What was written has to leave before the connection goes.
    if (end === cutAfter) setTimeout(() => response.destroy(), 20);
    else response.end();
  }
}

function knows({ commit, revisions }: Repository, revision: string): boolean {
  return revisions === undefined || revision === commit || revisions.includes(revision);
}

function fail(response: ServerResponse, status: number, code?: string, message?: string): void {
  response.statusCode = status;
  if (code !== undefined) response.setHeader('x-error-code', code);
  if (message !== undefined) response.setHeader('x-error-message', message);
  response.end();
}

function allowPages(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', exposed);
  response.setHeader(
    'access-control-allow-headers',
    request.headers['access-control-request-headers'] ?? '*',
  );
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
