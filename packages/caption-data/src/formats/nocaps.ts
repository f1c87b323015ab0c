// nocaps: one file in COCO's layout whose pictures carry a domain. It has nothing to learn from.
import { CommandError } from '@foreword/cli-kit';
import type { Format } from '../reader.ts';
import { readCoco } from './coco.ts';

const needs =
  'a folder with nocaps_val_4500_captions.json (with "annotations", not the image info alone) and its pictures';
const fileName = /nocaps.*\.json$/i;

export const nocapsFormat: Format = {
  needs,
  detect: (listing) => listing.some((name) => fileName.test(name)),
  file: fileName,
  async read(input) {
    const { name, path, isFolder, folder, listing, table } = input;
    const candidates = listing.filter((entry) => fileName.test(entry));
    const file = isFolder ? (candidates.find((entry) => /caption/i.test(entry)) ?? candidates[0]) : undefined;
    if (isFolder && file === undefined)
      throw new CommandError(`dataset ${name}: there is no nocaps*.json`, { cure: `give ${needs}` });
    const source = file ?? path.slice(folder.length + 1);
    await readCoco(input, { folder, source, split: 'val', pictures: '', needs });
    const domains = new Map<string, number>();
    for (const { domain } of table.entries()) if (domain) domains.set(domain, (domains.get(domain) ?? 0) + 1);
    if (domains.size > 0)
      table.notes.push(`domains: ${[...domains].map(([domain, count]) => `${domain} ${count}`).join(', ')}`);
  },
};
