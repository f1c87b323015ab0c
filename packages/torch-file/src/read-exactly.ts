// Reads a range of a source, all of it or not at all.
import type { ByteSource } from '@foreword/tensor';
import { failFor } from './torch-file-error.ts';

/**
 * Bytes `begin` up to, not including, `end`.
 * @param options.of what the bytes are, for the message
 * @throws {TorchFileError} when the range leaves the source, or fewer bytes came
 */
export async function readExactly(
  source: ByteSource,
  { begin, end, of }: { begin: number; end: number; of: string },
): Promise<Uint8Array> {
  const fail = failFor(source.name, of);
  if (begin > end || end > source.size) {
    return fail(
      `should lie in bytes ${begin} to ${end}, but the file has ${source.size}; it is truncated or damaged, copy or download it again`,
    );
  }
  const bytes = await source.read(begin, end);
  if (bytes.byteLength !== end - begin) {
    return fail(
      `bytes ${begin} to ${end} were asked for, ${bytes.byteLength} came; the file is truncated or changed`,
    );
  }
  return bytes;
}

/** For reading the numbers in them. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
