// Handmade safetensors files and the assertion of their errors, for the tests.
import * as assert from 'uvu/assert';

/** A file of the given header (object or text) and data bytes. */
export function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

/** Header entry of F32 data at these offsets. */
export const f32Entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

/** Asserts that the attempt ends in a SafetensorsError with that message. */
export async function rejects(attempt: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    assert.is((error as Error).name, 'SafetensorsError', String(error));
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`should have failed with ${message}`);
}
