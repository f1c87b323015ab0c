// The assertion that a reading is refused with TorchFileError and its sentence.
import * as assert from 'uvu/assert';
import { bytesSource } from '@foreword/tensor';
import { openTorchFile, TorchFileError } from '../src/index.ts';

/** Asserts that the attempt ends in a TorchFileError with that message. */
export async function refuses(attempt: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    assert.instance(error, TorchFileError, String(error));
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`should have been refused with ${message}`);
}

/** Asserts that a file, called `x.pt`, is refused when it is opened. */
export const refusesFile = (bytes: Uint8Array, message: RegExp): Promise<void> =>
  refuses(() => openTorchFile(bytesSource(bytes, 'x.pt')), message);
