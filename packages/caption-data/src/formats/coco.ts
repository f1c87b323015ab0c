// COCO captions, 2014 and 2017: annotations/captions_train*.json and its like, pictures in folders of the same ending.
import { basename, join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import type { Scene } from '@foreword/scenes';
import { readdir } from 'node:fs/promises';
import { splits, type Split } from '../dataset.ts';
import { readJson } from '../read-files.ts';
import type { Format, ReaderInput } from '../reader.ts';

export interface CocoFile {
  images: {
    id: number | string;
    file_name: string;
    width?: number;
    height?: number;
    /** nocaps */
    domain?: string;
    /** the embedded dataset */
    scene?: Omit<Scene, 'width' | 'height'>;
  }[];
  annotations: { image_id: number | string; caption: unknown }[];
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
    const { name, table, digest } = input;
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
      table.sources.push(file);
      const coco = await readCoco(join(folder, file), { digest, cure: `give ${needs}` });
      enterCoco(input, coco, { split, source: file, pictures: `${split}${taken}` });
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

/** Reads one file. @throws CommandError naming the entry that is wrong */
export const readCoco = (
  path: string,
  { digest, cure }: { digest: ReaderInput['digest']; cure: string },
): Promise<CocoFile> =>
  readJson(path, digest, {
    what: 'COCO caption file',
    cure,
    check(json) {
      const { images, annotations } = (json ?? {}) as Partial<CocoFile>;
      if (!Array.isArray(images) || !Array.isArray(annotations)) {
        throw new Error('"images" and "annotations" lists are missing');
      }
      const wrong = images.findIndex((image) => typeof image?.file_name !== 'string');
      if (wrong >= 0) throw new Error(`images[${wrong}] has no "file_name"`);
      const lost = annotations.findIndex((annotation) => annotation?.image_id === undefined);
      if (lost >= 0) throw new Error(`annotations[${lost}] has no "image_id"`);
      return { images, annotations };
    },
  });

/** Pictures in the order of `images`, each with its captions in the order of `annotations`. */
export function enterCoco(
  { table }: ReaderInput,
  { images, annotations }: CocoFile,
  { split, source, pictures }: { split: Split; source: string; pictures: string },
): void {
  const keyOf = (id: number | string): string => `${basename(source)}/${id}`;
  for (const { id, file_name, width, height, domain, scene } of images) {
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
  for (const { image_id: id, caption } of annotations) {
    const entry = table.find(keyOf(id));
    if (entry) table.caption(entry, caption);
    else table.skips.add(source, 'caption of a picture that "images" does not list', `picture ${id}`);
  }
}
