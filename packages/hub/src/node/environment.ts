// The environment variables of Python's huggingface_hub, read as it reads them, when they are needed.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface HubEnvironment {
  endpoint: string | undefined;
  offline: boolean;
  /** The folder `models--…` folders lie in. */
  hubCache: string;
  /** Where downstream libraries keep files of their own. */
  assetsCache: string;
  tokenFile: string;
  token: string | undefined;
  /** Files are copied into snapshots instead. */
  disableSymlinks: boolean;
}

type Variables = Readonly<Record<string, string | undefined>>;

export function readEnvironment(variables: Variables = process.env, home = homedir()): HubEnvironment {
  const path = (value: string): string => resolve(expand(value, variables, home));
  const get = (...names: string[]): string | undefined =>
    names.map((name) => variables[name]).find((value) => value !== undefined && value !== '');
  const hfHome = path(get('HF_HOME') ?? join(get('XDG_CACHE_HOME') ?? join(home, '.cache'), 'huggingface'));
  return {
    endpoint: get('HF_ENDPOINT'),
    offline: isTrue(get('HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE')),
    hubCache: path(get('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(hfHome, 'hub')),
    assetsCache: path(get('HF_ASSETS_CACHE', 'HUGGINGFACE_ASSETS_CACHE') ?? join(hfHome, 'assets')),
    tokenFile: path(get('HF_TOKEN_PATH') ?? join(hfHome, 'token')),
    token: get('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'),
    disableSymlinks: isTrue(get('HF_HUB_DISABLE_SYMLINKS')),
  };
}

/** `HF_TOKEN`, else what `hf auth login` has left in the token file. */
export async function readToken(environment: HubEnvironment): Promise<string | undefined> {
  if (environment.token !== undefined) return environment.token;
  return readFile(environment.tokenFile, 'utf8').catch(() => undefined);
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase());
}

/** A leading `~`, and `$NAME` or `${NAME}` where they are set. */
export function expand(path: string, variables: Variables, home: string): string {
  return path
    .replace(/^~(?=$|[\\/])/, () => home)
    .replace(/\$(\w+)|\$\{(\w+)\}/g, (all, plain?: string, braced?: string) => {
      return variables[plain ?? braced ?? ''] ?? all;
    });
}
