// The layout of torch.save before 1.6: five pickles, then the storages one after the other.
import type { ByteSource } from '@foreword/tensor';
import type { PickleContext } from './pickle/pickle-machine.ts';
import { PickleInput } from './pickle/pickle-input.ts';
import { runPickle } from './pickle/run-pickle.ts';
import { readExactly, viewOf } from './read-exactly.ts';
import { failFor } from './torch-file-error.ts';
import { StorageTable } from './torch-storage.ts';

/** What the first pickle of a legacy file holds. */
export const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * Reads on behind the magic number: the object, in which tensors know their place.
 * @returns the value, which `assertPlain` has not seen; the input stands at the file's end
 * @throws {TorchFileError} naming the file, the place and the cause
 */
export async function readLegacyFile(input: PickleInput, context: PickleContext = {}): Promise<unknown> {
  const { source } = input;
  const protocol = await runPickle(input, context);
  if (protocol !== PROTOCOL)
    return input.fail(`the protocol of this torch.save is ${String(protocol)}; only ${PROTOCOL} is known`);
  const system = await runPickle(input, context);
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    return input.fail('the file does not come from a little-endian machine; only those are read');

  const table = new StorageTable(source);
  const value = await runPickle(input, {
    ...context,
    loadPersistent: (id, fail) => table.find(id, fail),
  });
  const keys = await runPickle(input, context);
  if (!Array.isArray(keys)) return input.fail('the list of storages is no list; the file is damaged');
  const begins = await storageBegins(input, keys, table);
  table.place(({ key }) => begins.get(key)!);
  return value;
}

/** The storages lie in the order of their keys, each behind its element count. */
async function storageBegins(
  input: PickleInput,
  keys: readonly unknown[],
  { storages }: StorageTable,
): Promise<Map<string, number>> {
  const { source, end: fileEnd } = input;
  const begins = new Map<string, number>();
  let at = input.position;
  for (const key of keys) {
    const fail = failFor(source.name, `storage ${JSON.stringify(String(key))}`);
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined || begins.has(storage.key))
      return fail(`it stands ${storage ? 'twice' : 'wrongly'} in the list of storages; the file is damaged`);
    if (at + 8 + storage.byteLength > fileEnd) {
      return fail(
        `its ${storage.byteLength} bytes should follow byte ${at + 8}, but the file ends at byte ${fileEnd}; it is truncated, copy or download it again`,
      );
    }
    const count = viewOf(
      await readExactly(source, { begin: at, end: at + 8, of: `storage "${storage.key}"` }),
    );
    if (count.getBigInt64(0, true) !== BigInt(storage.count))
      return fail(
        `it has ${count.getBigInt64(0, true)} elements, but its tensors say ${storage.count}; the file is damaged`,
      );
    begins.set(storage.key, at + 8);
    at += 8 + storage.byteLength;
  }
  for (const key of storages.keys()) {
    if (!begins.has(key))
      return failFor(source.name, `storage "${key}"`)('a tensor needs it, but the file does not have it');
  }
  if (at !== fileEnd)
    return failFor(source.name)(
      `${fileEnd - at} bytes follow the last storage; the file is damaged, or several were joined`,
    );
  return begins;
}

/** The object of a legacy file that lies within another one, as pickled tensors do. */
export async function readNestedLegacyFile(
  source: ByteSource,
  { begin, end }: { begin: number; end: number },
): Promise<unknown> {
  const input = new PickleInput(source, { begin, end, of: 'a tensor within the pickle' });
  if ((await runPickle(input, {})) !== LEGACY_MAGIC)
    return input.fail('the bytes of a tensor are no torch.save of the old layout; the pickle is damaged');
  return await readLegacyFile(input);
}
