// COCO captions, 2014 and 2017: annotations/captions_train*.json and its like, pictures in folders of the same ending.
import { basename, join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import type { Scene } from '@foreword/scenes';
import { readdir } from 'node:fs/promises';
import { splits, type Split } from '../dataset.ts';
import { readLists } from '../read-files.ts';
import type { Format, ReaderInput } from '../reader.ts';

interface CocoImage {
  id: number | string;
  file_name: string;
  width?: number;
  height?: number;
  /** nocaps */
  domain?: string;
  /** the embedded dataset */
  scene?: Omit<Scene, 'width' | 'height'>;
}

interface CocoAnnotation {
  image_id: number | string;
  caption: unknown;
}

const fileName = /^captions_(train|val|test)(\d*)\.json$/;
export const needs =
  "a folder with annotations/captions_train*.json and captions_val*.json in COCO's format, pictures in train*/ and val*/";

/** @param year '2014' or '2017' to take those files; otherwise the newest that there are */
export const cocoFormat = (year?: string): Format => ({
  needs,
  detect: (listing, folder) => annotationsIn(folder, listing).then(({ files }) => files.length > 0),
  file: fileName,
  async read(input) {
    const { name, table } = input;
    const { folder, files } = await annotationsIn(input.folder, input.listing);
    const years = [...new Set(files.map((file) => fileName.exec(file)![2]))].sort();
    const taken = year ?? years.at(-1);
    const others = years.filter((other) => other !== taken);
    if (taken === undefined || !years.includes(taken)) {
      throw new CommandError(
        `dataset ${name}: there is no annotations/captions_train${year ?? '*'}.json nor captions_val${year ?? '*'}.json`,
        { cure: `give ${needs}` },
      );
    }
    if (others.length > 0 && year === undefined)
      table.notes.push(`the caption files of ${taken} are taken, not those of ${others.join(', ')}`);
    for (const split of splits) {
      const file = files.find((entry) => entry === `captions_${split}${taken}.json`);
      if (!file) continue;
      await readCoco(input, { folder, source: file, split, pictures: `${split}${taken}`, needs });
    }
  },
});

/** Caption files lie in annotations/, or in the folder itself. */
async function annotationsIn(
  folder: string,
  listing: readonly string[],
): Promise<{ folder: string; files: string[] }> {
  const inner = join(folder, 'annotations');
  const names = listing.includes('annotations') ? await readdir(inner) : [];
  const files = names.filter((name) => fileName.test(name));
  if (files.length > 0) return { folder: inner, files };
  return { folder, files: listing.filter((name) => fileName.test(name)) };
}

interface CocoFileOptions {
  folder: string;
  /** The file's name. */
  source: string;
  split: Split;
  /** Folder of the pictures, below the root of all pictures. */
  pictures: string;
  needs: string;
}

/**
 * Enters the pictures of one file in the order of `images`, each with its captions in the order of `annotations`, whichever of the
 * two lists stands first.
 * @throws CommandError naming the entry that is wrong
 */
export async function readCoco(
  { table, digest }: ReaderInput,
  { folder, source, split, pictures, needs }: CocoFileOptions,
): Promise<void> {
  table.sources.push(source);
  const keyOf = (id: number | string): string => `${basename(source)}/${id}`;
  /** Captions whose picture has not come yet. */
  const early: CocoAnnotation[] = [];
  const items = readLists(join(folder, source), digest, {
    what: 'COCO caption file',
    cure: `give ${needs}`,
    lists: { images: checkedImage, annotations: checkedAnnotation },
  });
  for await (const { list, item } of items) {
    if (list === 'annotations') {
      const entry = table.find(keyOf(item.image_id));
      if (entry) table.caption(entry, item.caption);
      else early.push({ image_id: item.image_id, caption: item.caption });
      continue;
    }
    const { id, file_name, width, height, domain, scene } = item;
    if (table.find(keyOf(id))) {
      table.skips.add(source, 'entry of a picture that is listed twice', String(id));
      continue;
    }
    table.picture(keyOf(id), {
      id,
      path: join(pictures, file_name),
      split,
      source,
      domain,
      scene: scene && { ...scene, width: width!, height: height! },
    });
  }
  for (const { image_id: id, caption } of early) {
    const entry = table.find(keyOf(id));
    if (entry) table.caption(entry, caption);
    else table.skips.add(source, 'caption of a picture that "images" does not list', `picture ${id}`);
  }
}

function checkedImage(item: unknown): CocoImage {
  const image = item as CocoImage | null;
  if (typeof image?.file_name !== 'string') throw new Error('has no "file_name"');
  return image;
}

function checkedAnnotation(item: unknown): CocoAnnotation {
  const annotation = item as CocoAnnotation | null;
  if (annotation?.image_id === undefined) throw new Error('has no "image_id"');
  return annotation;
}
