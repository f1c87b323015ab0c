// Reads generated captions and reference captions in the layouts people have; ids become text.
import type { CaptionResult, ImageCaption, ImageId } from '@foreword/caption-metrics';
import { CommandError } from '@foreword/cli-kit';
import { isRecord, readJson } from './read-json.ts';

const resultsLayout =
  'a COCO results file, [{"image_id": 7, "caption": "…"}, …], or {"7": "…", …}, or samples.jsonl of a run';
const referencesLayout =
  'COCO caption annotations, {"annotations": [{"image_id": 7, "caption": "…"}, …]}, or {"7": ["…", …], …}, or samples.jsonl of a run';

/**
 * One caption per image from a COCO results file, the `samples.jsonl` of a run, or plain JSON from image id to caption (or to a list of one).
 *
 * @throws CommandError when the file is something else; names the entry
 */
export async function readResults(path: string): Promise<CaptionResult[]> {
  const json = await readJson(path, resultsLayout);
  const wrong = (cause: string): CommandError =>
    new CommandError(`${path}: ${cause}`, { cure: `give ${resultsLayout}` });
  if (isRecord(json) && 'annotations' in json) {
    throw wrong('this is an annotation file; generated captions come first, references last');
  }
  if (!isRecord(json)) return readEntries(json, wrong);
  return Object.entries(json).map(([id, value]) => {
    const caption: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (typeof caption === 'string') return { image_id: id, caption };
    const what = Array.isArray(value) ? `a list of ${value.length}` : 'no text';
    throw wrong(`image ${id} has ${what} where one caption is expected`);
  });
}

export interface References {
  captions: ImageCaption[];
  /** By image id, where the file says it: nocaps' in-domain, near-domain, out-domain. */
  domains: ReadonlyMap<ImageId, string>;
}

/**
 * Reference captions from COCO's annotations, from their list alone, from the `samples.jsonl` of a run, whose captions have
 * their references beside them, or from plain JSON from image id to captions.
 *
 * @throws CommandError when the file is something else; names the entry
 */
export async function readReferences(path: string): Promise<References> {
  const json = await readJson(path, referencesLayout);
  const wrong = (cause: string): CommandError =>
    new CommandError(`${path}: ${cause}`, { cure: `give ${referencesLayout}` });
  const captions =
    isRecord(json) && !('annotations' in json)
      ? Object.entries(json).flatMap(([id, value]) => {
          const list: unknown[] = typeof value === 'string' ? [value] : Array.isArray(value) ? value : [];
          if (list.length === 0) throw wrong(`image ${id} has no list of captions`);
          return list.map((caption): ImageCaption => {
            if (typeof caption !== 'string') throw wrong(`image ${id} has a reference that is no text`);
            return { image_id: id, caption };
          });
        })
      : readEntries(isRecord(json) ? json.annotations : withReferences(json), wrong);
  if (captions.length === 0) throw wrong('it holds no caption');
  const images: unknown = isRecord(json) ? json.images : json;
  const domains = (Array.isArray(images) ? images : []).flatMap((image: unknown): [ImageId, string][] =>
    isRecord(image) && typeof image.domain === 'string'
      ? [[String(image.image_id ?? image.id), image.domain]]
      : [],
  );
  return { captions, domains: new Map(domains) };
}

/** An entry for each reference of a sample; other lists as they are. */
function withReferences(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  return json.flatMap((entry: unknown): unknown[] => {
    if (!isRecord(entry) || !Array.isArray(entry.references)) return [entry];
    return entry.references.map((caption: unknown) => ({ image_id: entry.image_id, caption }));
  });
}

function readEntries(json: unknown, wrong: (cause: string) => CommandError): CaptionResult[] {
  if (!Array.isArray(json)) throw wrong('there is no list of captions in it');
  return json.map((entry: unknown, i) => {
    const { image_id: id, caption, finished } = isRecord(entry) ? entry : {};
    if (typeof id !== 'number' && typeof id !== 'string') throw wrong(`entry ${i} has no image_id`);
    if (typeof caption !== 'string') throw wrong(`entry ${i} (image ${id}) has no caption that is text`);
    return { image_id: String(id), caption, ...(typeof finished === 'boolean' && { finished }) };
  });
}
