// Karpathy and Fei-Fei's splits: dataset_coco.json, dataset_flickr8k.json, dataset_flickr30k.json.
import { basename, join } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { splitOf } from '../dataset.ts';
import { readLists } from '../read-files.ts';
import type { Format } from '../reader.ts';

interface KarpathyImage {
  /** COCO only: train2014 or val2014. */
  filepath?: string;
  filename: string;
  imgid?: number;
  cocoid?: number;
  split: string;
  sentences: { raw: unknown }[];
}

const needs =
  "dataset_coco.json, dataset_flickr8k.json or dataset_flickr30k.json of Karpathy's splits, with the pictures beside it";
const fileName = /^dataset_(coco|flickr8k|flickr30k).*\.json$/i;

export const karpathyFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => fileName.test(name)),
  file: fileName,
  async read({ name, path, isFolder, folder, listing, table, digest }) {
    const found = isFolder ? listing.filter((entry) => fileName.test(entry)) : [basename(path)];
    if (found.length !== 1) {
      throw new CommandError(
        `dataset ${name}: ${found.length === 0 ? 'there is no dataset_*.json' : `there are ${found.join(' and ')}`}`,
        { cure: found.length === 0 ? `give ${needs}` : `give one of them: karpathy:${join(path, found[0])}` },
      );
    }
    const [source] = found;
    table.sources.push(source);
    const items = readLists(join(folder, source), digest, {
      what: 'file of Karpathy’s splits',
      cure: `give ${needs}`,
      lists: { images: checked },
    });
    let restval = 0;
    for await (const { item } of items) {
      const { filepath = '', filename, imgid, cocoid, split: word, sentences } = item;
      const split = splitOf(word);
      if (!split) {
        table.skips.add(source, 'picture of an unknown split', `${filename}: ${word}`);
        continue;
      }
      if (word === 'restval') restval++;
      // `tokens` have lost case and punctuation: learned from and scored with is `raw`.
      const picture = join(filepath, filename);
      const entry = table.picture(picture, {
        id: cocoid ?? imgid ?? filename,
        path: picture,
        split,
        source,
      });
      for (const { raw } of sentences) if (entry) table.caption(entry, raw);
    }
    if (restval > 0)
      table.notes.push(`train includes ${restval.toLocaleString('en')} restval pictures, as usual`);
  },
};

function checked(item: unknown): KarpathyImage {
  const image = item as KarpathyImage | null;
  for (const field of ['filename', 'split'] as const)
    if (typeof image?.[field] !== 'string') throw new Error(`has no "${field}"`);
  if (!Array.isArray(image?.sentences)) throw new Error('has no "sentences"');
  return image;
}
