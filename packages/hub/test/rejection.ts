// What a refused call of this package looks like, and tries that are fast.
import { HubError, type HubErrorCode } from '@foreword/hub/node';
import * as assert from 'uvu/assert';

/** Fails unless `work` rejects with a HubError of this code; gives it. */
export async function rejection(work: Promise<unknown>, code: HubErrorCode): Promise<HubError> {
  let error: unknown;
  try {
    await work;
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, HubError, `rejected with ${String(error)}`);
  assert.is((error as HubError).code, code, (error as HubError).message);
  assert.ok((error as HubError).cure.length > 0);
  return error as HubError;
}

/** Fast tries for tests. */
export const quick = { retryPauseMs: 5, stallMs: 2000 };
