// Expects an error of a kind, with a text that matches; what was made before it is freed.
import * as assert from 'uvu/assert';
import type { Device } from '../src/index.ts';

export type Refuses = (work: () => unknown, kind: new (text: string) => Error, text: RegExp) => void;

/** `refuses(() => op(…), ShapeError, /what the message says/)` for work on this device. */
export const refusesOn =
  (device: Device): Refuses =>
  (work, kind, text) =>
    device.scope(() =>
      assert.throws(work, (error: Error) => {
        assert.instance(error, kind, String(error));
        assert.match(error.message, text);
        return true;
      }),
    );
