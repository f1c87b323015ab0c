// Tells the layout of a file by its first bytes, and reads it.
import type { ByteSource } from '@foreword/tensor';
import { LEGACY_MAGIC, readLegacyFile, readNestedLegacyFile } from './legacy-file.ts';
import { PickleInput } from './pickle/pickle-input.ts';
import { assertPlain, type PickledBytes } from './pickle/pickled-value.ts';
import type { PickleContext } from './pickle/pickle-machine.ts';
import { runPickle } from './pickle/run-pickle.ts';
import { readExactly } from './read-exactly.ts';
import { openTorchArchive, type OpenedTorchFile } from './torch-archive.ts';
import { failFor, type Fail } from './torch-file-error.ts';
import { TorchStorage } from './torch-storage.ts';

const PROTO = 0x80;

/** @throws {TorchFileError} naming the file, the place and the cause */
export async function openLayout(source: ByteSource): Promise<OpenedTorchFile> {
  const fail = failFor(source.name);
  const start = await readExactly(source, { begin: 0, end: Math.min(source.size, 512), of: 'its start' });
  if (start.length === 0) return fail('the file is empty');
  if (/^PK[\u0003\u0005\u0006]/.test(latin1(start.subarray(0, 3)))) return openTorchArchive(source);
  if (start[0] === PROTO) return openPickle(source);
  const mistake = knownMistake(start);
  // A dict, a list or a tuple of protocol 0 or 1, or an object of a class.
  if (mistake === undefined && /^[(}\])c]/.test(latin1(start.subarray(0, 1))))
    return openPickle(source, { mayBeOld: true });
  return fail(
    mistake ?? 'this is none of the files that torch.save or pickle write; it may be truncated or damaged',
  );
}

/** A legacy torch.save or an ordinary pickle: which of them, the first pickle says. */
async function openPickle(
  source: ByteSource,
  options: Pick<PickleContext, 'mayBeOld'> = {},
): Promise<OpenedTorchFile> {
  const input = new PickleInput(source, { begin: 0, end: source.size, of: 'pickle' });
  const first = await runPickle(input, { ...options, loadFromBytes: nestedStorages(source) });
  if (first === LEGACY_MAGIC) {
    const context: PickleContext = {};
    const value = assertPlain(await readLegacyFile(input, context), input.fail);
    return { layout: 'legacy', value, pickleBytes: input.position };
  }
  if (input.position !== source.size)
    return input.fail(
      `${source.size - input.position} bytes follow the end of the pickle; the file is damaged`,
    );
  return { layout: 'pickle', value: assertPlain(first, input.fail), pickleBytes: input.position };
}

/** `_load_from_bytes`: the storage that lies in a bytes value as a file of the legacy layout; read once however often named. */
function nestedStorages(source: ByteSource): NonNullable<PickleContext['loadFromBytes']> {
  const loaded = new Map<PickledBytes, Promise<TorchStorage>>();
  const load = async (bytes: PickledBytes, fail: Fail): Promise<TorchStorage> => {
    const storage = await readNestedLegacyFile(source, bytes);
    if (storage instanceof TorchStorage) return storage;
    return fail('the bytes of a tensor hold no storage; the pickle is damaged');
  };
  return (bytes, fail) => {
    const storage = loaded.get(bytes) ?? load(bytes, fail);
    loaded.set(bytes, storage);
    return storage;
  };
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** What people load by mistake, told by the first bytes. */
function knownMistake(start: Uint8Array): string | undefined {
  const text = latin1(start);
  if (text.startsWith('version https://git-lfs'))
    return 'this is a Git LFS pointer, not the file itself; run `git lfs pull`';
  if (/^\s*<(?:!|html)/i.test(text)) return 'this is an HTML page, probably an error page of the server';
  if (/^[^]{8}\{"/.test(text)) return 'this is a safetensors file; open it with openSafetensors';
  if (text.startsWith('\u001f\u008b')) return 'this is a gzip file; unpack it first';
  if (text.startsWith('\u0093NUMPY')) return 'this is a NumPy array (.npy), not a torch file';
  if (text.startsWith('\u0089HDF')) return 'this is an HDF5 file (Keras?), not a torch file';
  if (text.slice(257, 262) === 'ustar')
    return 'this is a tar archive, perhaps of a torch from before 0.1.10; open it with torch and save it again';
  return undefined;
}
