// Turns an error status of the hub into a message and a cure.
import { HubError } from './hub-error.ts';

export interface AskedFor {
  /** What was asked for: `gpt2: config.json`. */
  what: string;
  /** The address of the hub. */
  endpoint: string;
  /** The repository's page, if it is one. */
  page?: string;
  revision?: string;
  hasToken: boolean;
}

/** The error for a status of 400 and above. The hub says more in `X-Error-Code` and `X-Error-Message`. */
export function statusError(response: Response, asked: AskedFor): HubError {
  const code = response.headers.get('x-error-code') ?? '';
  const { status } = response;
  const said = response.headers.get('x-error-message');
  const detail = `HTTP ${status}${said === null ? '' : `: ${said}`}`;
  if (code === 'GatedRepo' || (status === 403 && asked.page !== undefined)) return gatedError(detail, asked);
  if (status === 401 || status === 403) return accessError(detail, asked);
  if (code === 'RevisionNotFound') {
    return new HubError(`${asked.what}: there is no revision ${asked.revision ?? ''} (${detail})`, {
      code: 'not-found',
      cure: `see the branches and tags at ${asked.page}/tree/main`,
    });
  }
  if (status === 404 || status === 410) {
    return new HubError(`${asked.what} does not exist (${detail})`, {
      code: 'not-found',
      cure:
        asked.page === undefined
          ? 'check the URL'
          : `see which files there are at ${asked.page}/tree/${asked.revision ?? 'main'}; weights may lie in another revision, such as refs/pr/1`,
    });
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new HubError(`${asked.what}: the server is out of order or overloaded (${detail})`, {
      code: 'server',
      cure: 'try again later, or set HF_ENDPOINT to a mirror',
      retryAfterMs: retryAfterMs(response),
    });
  }
  return new HubError(`${asked.what}: the server refuses the request (${detail})`, {
    code: 'not-found',
    cure: asked.page === undefined ? 'check the URL' : 'check the name, the revision and HF_ENDPOINT',
  });
}

function gatedError(detail: string, { what, page, endpoint, hasToken }: AskedFor): HubError {
  const token = hasToken
    ? 'with the account that HF_TOKEN belongs to'
    : `and set HF_TOKEN to a token of your account (${endpoint}/settings/tokens)`;
  return new HubError(`${what}: access to the model is restricted (${detail})`, {
    code: 'access',
    cure: `accept the conditions at ${page ?? endpoint} ${token}`,
  });
}

// The hub answers 401, not 404, for repositories that do not exist, so as not to tell which private ones do.
function accessError(detail: string, { what, page, endpoint, hasToken }: AskedFor): HubError {
  const message = `${what}: the server gives no access (${detail})`;
  if (page === undefined) {
    return new HubError(message, { code: 'access', cure: 'check the URL; only HF_ENDPOINT gets HF_TOKEN' });
  }
  return new HubError(`${message}: there is no such public model`, {
    code: 'access',
    cure: hasToken
      ? `check the name (${page}) and HF_TOKEN, which may be out of date or lack access (${endpoint}/settings/tokens)`
      : `check the name (${page}); for a private model set HF_TOKEN (${endpoint}/settings/tokens)`,
  });
}

const longestWaitMs = 30_000;

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestWaitMs) : 0;
}
