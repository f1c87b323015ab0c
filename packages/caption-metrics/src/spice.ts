// SPICE computed elsewhere: reads the file its program writes. SPICE itself needs a parser and is not computed here.

/** SPICE (F1) of each image by its id as text, read from a file. */
export type ImportedSpice = ReadonlyMap<string, number>;

/**
 * SPICE values from parsed JSON: the list that spice-1.0.jar writes, `[{image_id, scores: {All: {f}}}]`, or plain
 * `{id: value}`. A value that is not a number (the program's NaN for a caption without tuples) counts as 0, as in
 * coco-caption.
 *
 * @throws TypeError when it is neither; names the entry
 */
export function readSpice(json: unknown): ImportedSpice {
  const values = new Map<string, number>();
  if (Array.isArray(json)) {
    json.forEach((entry, i) => {
      const { image_id: id, scores } = (entry ?? {}) as {
        image_id?: unknown;
        scores?: { All?: { f?: unknown } };
      };
      if ((typeof id !== 'number' && typeof id !== 'string') || !scores?.All || !('f' in scores.All)) {
        throw new TypeError(`entry ${i} has no image_id or no scores.All.f; is this the output of SPICE?`);
      }
      values.set(String(id), numberOr0(scores.All.f));
    });
    return values;
  }
  if (typeof json !== 'object' || json === null) {
    throw new TypeError('neither a list of SPICE results nor an object from image id to value');
  }
  for (const [id, value] of Object.entries(json)) {
    if (typeof value !== 'number') throw new TypeError(`the value of image ${id} is not a number`);
    values.set(id, value);
  }
  return values;
}

const numberOr0 = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;
