// Asserts that asynchronous work fails with a type of error whose message has certain parts.
import * as assert from 'uvu/assert';

export const rejects = async (
  work: () => Promise<unknown>,
  type: new (message: string) => Error,
  ...parts: string[]
): Promise<void> => {
  let error: unknown;
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, type, `got ${String(error)}`);
  for (const part of parts) assert.match((error as Error).message, part);
};
