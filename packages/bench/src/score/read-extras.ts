// Reads what scores may need besides captions: CLIP features, SPICE.
import { readSpice, type ClipFeatures, type ImageId, type ImportedSpice } from '@foreword/caption-metrics';
import { CommandError } from '@foreword/cli-kit';
import { isRecord, readJson } from './read-json.ts';

const featureLayout = 'features {"7": {"image": […], "caption": […], "references": [[…], …]}, …}';

/** CLIP features by image id. @throws CommandError when the file is something else */
export async function readFeatures(path: string): Promise<(image: ImageId) => ClipFeatures | undefined> {
  const json = await readJson(path, featureLayout);
  const wrong = (cause: string): CommandError =>
    new CommandError(`${path}: ${cause}`, { cure: `give ${featureLayout}` });
  if (!isRecord(json)) throw wrong('it is no object from image id to features');
  const features = new Map<ImageId, ClipFeatures>();
  for (const [id, entry] of Object.entries(json)) {
    const { image, caption, references } = isRecord(entry) ? entry : {};
    if (!isVector(image) || !isVector(caption)) throw wrong(`image ${id} has no feature image or caption`);
    if (references !== undefined && !(Array.isArray(references) && references.every(isVector))) {
      throw wrong(`the references of image ${id} are no list of features`);
    }
    features.set(id, { image, caption, references });
  }
  return (id) => features.get(id);
}

/** Imported SPICE. @throws CommandError when the file is not SPICE's */
export async function readSpiceFile(path: string): Promise<ImportedSpice> {
  const json = await readJson(path, 'SPICE\'s output, or {"7": 0.21, …}');
  try {
    return readSpice(json);
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`, {
      cure: 'give the JSON file that spice-1.0.jar wrote after -out, or an object from image id to value',
    });
  }
}

const isVector = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === 'number');
