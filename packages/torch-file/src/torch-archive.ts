// The ZIP layout, torch.save's since 1.6 and TorchScript's: a pickle that names storages, each storage in an entry.
import type { ByteSource } from '@foreword/tensor';
import { PickleInput } from './pickle/pickle-input.ts';
import { assertPlain, type PickledValue } from './pickle/pickled-value.ts';
import { runPickle } from './pickle/run-pickle.ts';
import { readExactly } from './read-exactly.ts';
import { failFor, type Fail } from './torch-file-error.ts';
import { StorageTable } from './torch-storage.ts';
import { openZip, type ZipArchive, type ZipEntry } from './zip-archive.ts';

/** What a file holds, in whichever layout. */
export interface OpenedTorchFile {
  layout: 'archive' | 'torchscript' | 'legacy' | 'pickle';
  value: PickledValue;
  /** length of the pickle, to judge by how much there can be in it */
  pickleBytes: number;
}

/** @throws {TorchFileError} naming the file, the entry and the cause */
export async function openTorchArchive(source: ByteSource): Promise<OpenedTorchFile> {
  const fail = failFor(source.name);
  const zip = await openZip(source);
  const pickle = findPickle(zip, fail);
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const begin = (await zip.locate([pickle])).get(pickle)!;
  const end = begin + pickle.sizeBytes;
  await checkByteOrder(source, zip, { name: `${root}byteorder`, fail });

  const layout = zip.entries.has(`${root}constants.pkl`) ? 'torchscript' : 'archive';
  const storages = new StorageTable(source);
  const input = new PickleInput(source, { begin, end, of: pickle.name });
  const loaded = await runPickle(input, {
    scriptClasses: layout === 'torchscript',
    loadPersistent: (id, fail) => storages.find(id, fail),
  });
  if (input.position !== end)
    fail(`${pickle.name}: ${end - input.position} bytes follow its end; it is damaged`);
  const value = assertPlain(loaded, input.fail);

  const entryOf = new Map<string, ZipEntry>();
  for (const { key, byteLength, count, dtype } of storages.storages.values()) {
    const entry = zip.entries.get(`${root}data/${key}`);
    if (entry === undefined)
      return fail(`storage "${key}" is named in ${pickle.name}, but there is no entry "${root}data/${key}"`);
    if (entry.sizeBytes !== byteLength) {
      return fail(
        `entry "${entry.name}": ${count} elements of ${dtype} take ${byteLength} bytes, but it has ${entry.sizeBytes}; the file is damaged`,
      );
    }
    entryOf.set(key, entry);
  }
  const begins = await zip.locate([pickle, ...entryOf.values()]);
  storages.place(({ key }) => begins.get(entryOf.get(key)!)!);
  return { layout, value, pickleBytes: pickle.sizeBytes };
}

/** The archive's one `data.pkl`, which stands in a folder of any name. */
function findPickle({ entries }: ZipArchive, fail: Fail): ZipEntry {
  const found = [...entries.values()].filter(({ name }) => /^([^/]*\/)?data\.pkl$/.test(name));
  if (found.length === 1) return found[0];
  const names = [...entries.keys()];
  if (found.length > 1)
    return fail(
      `there are several data.pkl: ${found.map(({ name }) => `"${name}"`).join(', ')}; torch writes one`,
    );
  if (names.length > 0 && names.every((name) => name.endsWith('.npy')))
    return fail("this is NumPy's .npz, not torch's; its arrays are not read here");
  const some = names.slice(0, 3).map((name) => `"${name}"`);
  return fail(
    `this ZIP archive has no data.pkl in a folder, so it is not torch.save's; it has ${some.join(', ') || 'no entry'}${names.length > 3 ? ' …' : ''}`,
  );
}

/** Newer archives say in which order the bytes of their elements lie. */
async function checkByteOrder(
  source: ByteSource,
  zip: ZipArchive,
  { name, fail }: { name: string; fail: Fail },
): Promise<void> {
  const entry = zip.entries.get(name);
  if (entry === undefined) return;
  const begin = (await zip.locate([entry])).get(entry)!;
  const end = begin + Math.min(entry.sizeBytes, 16);
  const order = new TextDecoder().decode(await readExactly(source, { begin, end, of: name }));
  if (order !== 'little')
    fail(`entry "${name}" is ${JSON.stringify(order)}; only files of little-endian machines are read`);
}
