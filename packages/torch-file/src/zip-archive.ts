// The entries of a ZIP archive that torch wrote: all that are read are stored, and none may overlap another.
// Layout: PKWARE's APPNOTE, with ZIP64.
import type { ByteSource } from '@foreword/tensor';
import { readExactly, viewOf } from './read-exactly.ts';
import { failFor, type Fail } from './torch-file-error.ts';

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const ZIP64_FIELD = 0x0001;
/** A list of entries longer than this is refused: a million storages. */
const MAX_DIRECTORY_BYTES = 100_000_000;

/** An entry as the archive's directory has it. */
export interface ZipEntry {
  name: string;
  sizeBytes: number;
  /** 0: stored as it is */
  method: number;
  encrypted: boolean;
  storedBytes: number;
  /** position of its local header */
  headerBegin: number;
}

export interface ZipArchive {
  entries: ReadonlyMap<string, ZipEntry>;
  /**
   * First byte of each entry's data, by the local headers, which may be longer than the directory says.
   * @throws {TorchFileError} for compressed or encrypted entries, for those that overlap or leave the archive
   */
  locate(entries: Iterable<ZipEntry>): Promise<Map<ZipEntry, number>>;
}

/**
 * Reads an archive's directory.
 * @throws {TorchFileError} naming the file, the entry and the cause
 */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const fail = failFor(source.name);
  const { begin, sizeBytes, count } = await findDirectory(source, fail);
  if (sizeBytes > MAX_DIRECTORY_BYTES)
    return fail(`the archive's directory has ${sizeBytes} bytes; over ${MAX_DIRECTORY_BYTES} are refused`);
  const directory = await readExactly(source, {
    begin,
    end: begin + sizeBytes,
    of: "the archive's directory",
  });
  const entries = readDirectory(directory, { count, fail });
  return {
    entries,
    locate: (wanted) => locate(source, [...wanted], begin),
  };
}

interface Directory {
  begin: number;
  sizeBytes: number;
  count: number;
}

async function findDirectory(source: ByteSource, fail: Fail): Promise<Directory> {
  const tailBegin = Math.max(0, source.size - END_BYTES - MAX_COMMENT_BYTES);
  const tail = await readExactly(source, {
    begin: tailBegin,
    end: source.size,
    of: 'the end of the archive',
  });
  const view = viewOf(tail);
  let at = tail.length - END_BYTES;
  // The comment behind the record must end with the file, which a signature by chance does not lead to.
  while (
    at >= 0 &&
    !(
      view.getUint32(at, true) === END_SIGNATURE &&
      view.getUint16(at + 20, true) === tail.length - at - END_BYTES
    )
  )
    at--;
  if (at < 0) {
    return fail(
      'this is a ZIP archive, but its directory at the end is missing; the file is truncated, copy or download it again',
    );
  }
  const found = {
    count: view.getUint16(at + 10, true),
    sizeBytes: view.getUint32(at + 12, true),
    begin: view.getUint32(at + 16, true),
  };
  const end = tailBegin + at;
  const isZip64 = found.count === 0xffff || found.sizeBytes === 0xffffffff || found.begin === 0xffffffff;
  const directory = isZip64 ? await readEnd64(source, end, fail) : found;
  if (!(directory.begin + directory.sizeBytes <= end)) {
    return fail(
      `the archive's directory should lie in bytes ${directory.begin} to ${directory.begin + directory.sizeBytes}, before byte ${end}; the file is damaged`,
    );
  }
  return directory;
}

async function readEnd64(source: ByteSource, end: number, fail: Fail): Promise<Directory> {
  const locatorBegin = end - END64_LOCATOR_BYTES;
  if (locatorBegin < 0) return fail('the archive has no room for its ZIP64 directory; the file is damaged');
  const locator = viewOf(await readExactly(source, { begin: locatorBegin, end, of: 'the ZIP64 locator' }));
  const recordBegin = u64(locator, 8);
  if (locator.getUint32(0, true) !== END64_LOCATOR_SIGNATURE || !(recordBegin + END64_BYTES <= locatorBegin))
    return fail('the archive lacks the ZIP64 directory that it needs; the file is damaged');
  const record = viewOf(
    await readExactly(source, {
      begin: recordBegin,
      end: recordBegin + END64_BYTES,
      of: 'the ZIP64 directory',
    }),
  );
  if (record.getUint32(0, true) !== END64_SIGNATURE)
    return fail('the archive lacks the ZIP64 directory that it needs; the file is damaged');
  return { count: u64(record, 32), sizeBytes: u64(record, 40), begin: u64(record, 48) };
}

function readDirectory(
  bytes: Uint8Array,
  { count, fail }: { count: number; fail: Fail },
): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const utf8 = new TextDecoder();
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== ENTRY_SIGNATURE)
      return fail(
        `the archive's directory should have ${count} entries, but entry ${i} is none; the file is damaged`,
      );
    const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length)
      return fail(`entry ${i} of the archive's directory is cut off; the file is damaged`);
    const name = utf8.decode(bytes.subarray(at + ENTRY_BYTES, nameEnd));
    const [sizeBytes, storedBytes, headerBegin] = withZip64(
      view,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      { begin: nameEnd, end: extraEnd },
    );
    if (entries.has(name)) return fail(`entry "${name}" occurs twice in the archive; the file is damaged`);
    const flags = view.getUint16(at + 8, true);
    entries.set(name, {
      name,
      sizeBytes,
      storedBytes,
      headerBegin,
      method: view.getUint16(at + 10, true),
      encrypted: (flags & 1) === 1,
    });
    at = next;
  }
  return entries;
}

/** Sizes and position, from the ZIP64 field where the directory has only ones: the field has just those, in order. */
function withZip64(
  view: DataView,
  values: readonly [number, number, number],
  { begin, end }: { begin: number; end: number },
): number[] {
  for (let at = begin; at + 4 <= end;) {
    const fieldEnd = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_FIELD && fieldEnd <= end) {
      let from = at + 4;
      return values.map((value) => {
        if (value !== 0xffffffff || from + 8 > fieldEnd) return value;
        from += 8;
        return u64(view, from - 8);
      });
    }
    at = fieldEnd;
  }
  return [...values];
}

async function locate(
  source: ByteSource,
  wanted: ZipEntry[],
  directoryBegin: number,
): Promise<Map<ZipEntry, number>> {
  const begins = new Map<ZipEntry, number>();
  let end = 0;
  let before = '';
  for (const entry of wanted.sort((a, b) => a.headerBegin - b.headerBegin)) {
    const fail = failFor(source.name, `entry "${entry.name}"`);
    if (entry.encrypted) return fail('it is encrypted, which torch.load could not read either');
    if (entry.method !== 0) {
      return fail(
        'it is compressed; torch.save stores its entries as they are, so another program packed this archive. ' +
          'Unpack it and pack it again without compression (zip -0), or save it again with torch',
      );
    }
    if (entry.storedBytes !== entry.sizeBytes)
      return fail(
        `it is stored as it is, but said to have ${entry.storedBytes} and ${entry.sizeBytes} bytes; the file is damaged`,
      );
    if (entry.headerBegin < end)
      return fail(`it overlaps the entry "${before}"; the file is damaged or made to deceive`);
    const begin = await dataBegin(source, entry, fail);
    end = begin + entry.sizeBytes;
    before = entry.name;
    if (!(end <= directoryBegin)) {
      return fail(
        `its ${entry.sizeBytes} bytes from byte ${begin} on reach beyond byte ${directoryBegin}, where the archive's directory begins; the file is truncated or damaged`,
      );
    }
    begins.set(entry, begin);
  }
  return begins;
}

/** Where an entry's data begin: behind its local header, whose extra field torch fills up to an aligned position. */
async function dataBegin(source: ByteSource, { name, headerBegin }: ZipEntry, fail: Fail): Promise<number> {
  const utf8Name = new TextEncoder().encode(name);
  const bytes = await readExactly(source, {
    begin: headerBegin,
    end: headerBegin + LOCAL_BYTES + utf8Name.length,
    of: `the header of entry "${name}"`,
  });
  const header = viewOf(bytes);
  if (
    header.getUint32(0, true) !== LOCAL_SIGNATURE ||
    header.getUint16(26, true) !== utf8Name.length ||
    utf8Name.some((byte, i) => byte !== bytes[LOCAL_BYTES + i])
  )
    return fail(
      `its header is not at byte ${headerBegin}, where the archive's directory says; the file is damaged`,
    );
  return headerBegin + LOCAL_BYTES + utf8Name.length + header.getUint16(28, true);
}

/** Beyond 2^53 the number is not exact, and beyond every file's size. */
function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
