// ClipCap's feature pickles: features and captions, no pictures.
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { fileSource } from '@foreword/tensor/node';
import { readClipCapFeatures, TorchFileError, type ClipCapFeatures } from '@foreword/torch-file';
import { splits, splitOf, type GivenFeatures, type Split } from '../dataset.ts';
import type { Entry } from '../picture-table.ts';
import type { Format, ReaderInput, ReaderResult } from '../reader.ts';

const needs =
  "a .pkl file that ClipCap's parse_coco.py wrote, or a folder with *_train.pkl, *_val.pkl, *_test.pkl";
const ending = /\.pkl$/i;
/** `oscar_split_ViT-B_32_tokens.pkl`: the cache of the training script. */
const tokenCache = /_tokens\.pkl$/i;

export const clipcapFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => ending.test(name) && !tokenCache.test(name)),
  file: ending,
  async read(input): Promise<ReaderResult> {
    const { name, path, isFolder, folder, listing } = input;
    const files = isFolder
      ? listing.filter((entry) => ending.test(entry) && !tokenCache.test(entry))
      : [basename(path)];
    if (files.length === 0)
      throw new CommandError(`dataset ${name}: there is no .pkl file`, { cure: `give ${needs}` });
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(file, await readCaptions(input, join(folder, file)));
    const [D, other] = new Set(sizes.values());
    if (other !== undefined)
      throw new CommandError(`dataset ${name}: its files have features of ${D} and of ${other} numbers`, {
        cure: 'give files that one CLIP made',
      });
    input.table.notes.push(
      `features of ${D} numbers come with the data; only the CLIP that made them can caption pictures with this run`,
    );
    return { features: (kept) => givenFeatures(folder, D, kept) };
  },
};

/** Every caption has a row of its own in parse_coco.py; the first of a picture's equal rows is taken. @returns D */
async function readCaptions({ name, table, digest }: ReaderInput, path: string): Promise<number> {
  const source = basename(path);
  const split = splitOf(/_([a-z]+)\.pkl$/i.exec(source)?.[1] ?? '');
  table.sources.push(source);
  for await (const piece of createReadStream(path)) digest.update(piece as Buffer);
  return await withFeatures(name, path, async ({ clip_embedding, captions }) => {
    const [rows, D] = clip_embedding.shape;
    const users = new Map<number, number>();
    for (const { caption, clip_embedding: row, image_id } of captions) {
      users.set(row, (users.get(row) ?? 0) + 1);
      const key = `${source}/${image_id === undefined ? `row ${row}` : image_id}`;
      const id = image_id ?? row;
      const entry = table.picture(key, { id, path: `${source}#${row}`, split, source, row });
      if (entry) table.caption(entry, caption);
    }
    const shared = [...users.values()].some((count) => count > 1);
    if (shared && users.size < rows) {
      table.notes.push(
        `${source}: ${rows - users.size} rows have no caption while others have several. ClipCap's parse_conceptual.py writes such train files, with captions beside wrong rows: make it anew for train alone`,
      );
    }
    return D;
  });
}

async function withFeatures<T>(
  name: string,
  path: string,
  use: (features: ClipCapFeatures) => Promise<T>,
): Promise<T> {
  const file = await fileSource(path);
  try {
    return await use(await readClipCapFeatures(file));
  } catch (error) {
    if (!(error instanceof TorchFileError)) throw error;
    throw new CommandError(`dataset ${name}: ${error.message}`, { cure: `give ${needs}`, cause: error });
  } finally {
    await file.close();
  }
}

/** Read when they are asked for, once. */
function givenFeatures(
  folder: string,
  D: number,
  kept: Readonly<Record<Split, readonly Entry[]>>,
): GivenFeatures {
  let loaded: Promise<Record<Split, Float32Array>> | undefined;
  const load = async (): Promise<Record<Split, Float32Array>> => {
    const found = {} as Record<Split, Float32Array>;
    for (const split of splits) found[split] = new Float32Array(kept[split].length * D);
    const files = new Set(splits.flatMap((split) => kept[split].map(({ source }) => source)));
    for (const source of files) {
      await withFeatures(source, join(folder, source), async ({ clip_embedding }) => {
        // Whole: single rows would be a read of the disk each.
        const all = await clip_embedding.readAsF32();
        for (const split of splits) {
          kept[split].forEach((entry, i) => {
            if (entry.source === source)
              found[split].set(all.subarray(entry.row! * D, (entry.row! + 1) * D), i * D);
          });
        }
      });
    }
    return found;
  };
  return { D, read: () => (loaded ??= load()) };
}
