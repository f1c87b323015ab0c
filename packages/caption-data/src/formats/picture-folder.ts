// Own data as a folder: a.jpg and a.txt beside it, one caption per line; inner folders train, val and test are splits.
import { readFile } from 'node:fs/promises';
import { basename, parse, relative, sep } from 'node:path';
import { CommandError } from '@foreword/cli-kit';
import { splitOf } from '../dataset.ts';
import { walkFiles } from '../find-pictures.ts';
import type { Format } from '../reader.ts';
import { namesPicture } from './columns.ts';

const needs = 'a folder with pictures (PNG or JPEG) and a text file of the same name beside each';
const otherPictures = /\.(webp|gif|bmp|tiff?|avif|heic)$/i;

export const pictureFolderFormat: Format = {
  needs,
  detect: async (_listing, folder) => {
    let pictures = false;
    let texts = false;
    let seen = 0;
    for await (const path of walkFiles(folder)) {
      pictures ||= namesPicture(path);
      texts ||= path.endsWith('.txt');
      if ((pictures && texts) || ++seen > 10_000) break;
    }
    return pictures && texts;
  },
  async read({ name, folder, isFolder, table, digest }) {
    if (!isFolder) throw new CommandError(`dataset ${name}: this is a file`, { cure: `give ${needs}` });
    const source = basename(folder);
    const stemOf = (path: string): string => path.slice(0, -parse(path).ext.length);
    const texts: string[] = [];
    for await (const path of walkFiles(folder)) {
      if (path.endsWith('.txt')) texts.push(path);
      if (otherPictures.test(path))
        table.skips.add(source, 'picture that is neither PNG nor JPEG', relative(folder, path));
      if (!namesPicture(path)) continue;
      const id = relative(folder, path);
      if (table.find(stemOf(path)))
        table.skips.add(source, 'picture with the same name as another one, apart from its ending', id);
      else table.picture(stemOf(path), { id, path, split: splitOf(id.split(sep)[0]), source });
    }
    for (const path of texts) {
      const entry = table.find(stemOf(path));
      if (!entry) {
        table.skips.add(source, 'text file without a picture', relative(folder, path));
        continue;
      }
      const bytes = await readFile(path);
      digest.update(`${relative(folder, path)}\n`).update(bytes);
      const lines = bytes
        .toString('utf8')
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/);
      for (const line of lines) if (line.trim()) table.caption(entry, line);
    }
  },
};
