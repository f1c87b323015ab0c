// HTTP as the hub needs it: redirects one by one, the token for the hub's own host only, errors that name a cure.
import { StallWatch } from './abort.ts';
import { HubError } from './hub-error.ts';

export interface ClientOptions {
  /** The hub or its mirror, without a slash at the end. */
  endpoint: string;
  token?: string;
  /** `manual` where redirects can be seen (Node); browsers hide them and follow by themselves. */
  redirect: 'manual' | 'follow';
  /** An answer that is silent this long counts as cut. */
  stallMs: number;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** An answer whose connection is watched until `done`. */
export interface WatchedAnswer {
  response: Response;
  watch: StallWatch;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const mostHops = 10;

export class HubClient {
  readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  /** All answers to a HEAD request, from the first redirect to the last answer. They have no body. */
  async *heads(url: string, options: RequestOptions = {}): AsyncGenerator<Response> {
    const watch = new StallWatch(this.options.stallMs, options.signal);
    try {
      yield* this.#hops('HEAD', url, options, watch);
    } finally {
      watch.stop();
    }
  }

  /** The last answer to a GET request. The caller reads the body and then calls `watch.stop()`. */
  async get(url: string, options: RequestOptions = {}): Promise<WatchedAnswer> {
    const watch = new StallWatch(this.options.stallMs, options.signal);
    try {
      let last: Response | undefined;
      for await (const response of this.#hops('GET', url, options, watch)) last = response;
      if (last !== undefined) return { response: last, watch };
    } catch (error) {
      watch.stop();
      throw error;
    }
    throw new TypeError(`${url}: no answer`);
  }

  /** A GET request's JSON. */
  async getJson(url: string, options: RequestOptions = {}): Promise<{ response: Response; json: unknown }> {
    const { response, watch } = await this.get(url, options);
    try {
      const text = await response.text();
      return { response, json: response.ok ? (JSON.parse(text) as unknown) : undefined };
    } catch (error) {
      throw this.networkError(url, error, options.signal);
    } finally {
      watch.stop();
    }
  }

  /** What a failed fetch or read means; the reason of the caller's own signal is thrown as it is. */
  networkError(url: string, error: unknown, signal?: AbortSignal): Error {
    if (signal?.aborted) return signal.reason as Error;
    if (error instanceof HubError) return error;
    return new HubError(`the connection to ${new URL(url).host} failed: ${rootCause(error)}`, {
      code: 'network',
      cure: 'check the network; a mirror is set with HF_ENDPOINT, and HF_HUB_OFFLINE=1 uses the cache alone',
      cause: error,
    });
  }

  async *#hops(
    method: string,
    url: string,
    { headers, signal }: RequestOptions,
    watch: StallWatch,
  ): AsyncGenerator<Response> {
    let at = url;
    for (let hop = 0; hop < mostHops; hop++) {
      const response = await this.#send(
        method,
        at,
        { ...headers, ...this.#authorization(at) },
        signal,
        watch,
      );
      watch.heard();
      yield response;
      const location = response.headers.get('location');
      if (!redirects.has(response.status) || location === null) return;
      await response.body?.cancel();
      at = redirectTarget(location, at);
    }
    throw new HubError(`${url} redirects more than ${mostHops} times`, {
      code: 'not-found',
      cure: 'check the URL, or HF_ENDPOINT',
    });
  }

  async #send(
    method: string,
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
    watch: StallWatch,
  ): Promise<Response> {
    try {
      const { redirect } = this.options;
      return await fetch(url, { method, headers, redirect, signal: watch.signal, cache: 'no-store' });
    } catch (error) {
      throw this.networkError(url, error, signal);
    }
  }

  // Storage hosts get signed addresses and must not see the token; where fetch follows redirects itself, the Fetch
  // standard drops the header when the origin changes.
  #authorization(url: string): Record<string, string> {
    const { token, endpoint } = this.options;
    if (token === undefined || new URL(url).origin !== new URL(endpoint).origin) return {};
    return { authorization: `Bearer ${token}` };
  }
}

function redirectTarget(location: string, from: string): string {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target?.protocol === 'https:' || target?.protocol === 'http:') return target.href;
  throw new HubError(`${from} redirects to ${JSON.stringify(location)}, which is no web address`, {
    code: 'not-found',
    cure: 'check the URL, or HF_ENDPOINT',
  });
}

/** The innermost cause's message: undici's own is only `fetch failed`. */
function rootCause(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const { code } = inner as { code?: unknown };
  const message = inner instanceof Error ? inner.message : String(inner);
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
