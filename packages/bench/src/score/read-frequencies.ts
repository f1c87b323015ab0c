// CIDEr's document frequencies from a file: JSON, or a pickle as the published scorers keep them.
import { open } from 'node:fs/promises';
import type { DocumentFrequencies } from '@foreword/caption-metrics';
import { CommandError } from '@foreword/cli-kit';
import { fileSource } from '@foreword/tensor/node';
import { readPickle, TorchFileError, type PickledValue } from '@foreword/torch-file';
import { isRecord, readJson } from './read-json.ts';

const tableLayout = 'a table {"imageCount": 40504, "frequency": {"a": 39000, "a dog": 900, …}}';
const pickleLayout =
  "a pickle of a dict from tuples of words to numbers (coco-val-df.p), or of {'document_frequency': that dict, 'ref_len': number of images}";

/** coco-caption's `coco-val-df` is a dict alone; its code knows the number of images. */
const cocoValImages = 40_504;

/** A table of document frequencies. @throws CommandError when the file is something else */
export async function readFrequencies(path: string): Promise<DocumentFrequencies> {
  return (await isPickle(path)) ? await readPickled(path) : await readTable(path);
}

/** A pickle begins with its protocol or, of protocol 0 and 1, with an instruction that no JSON begins with. */
async function isPickle(path: string): Promise<boolean> {
  // What cannot be opened gets its message from readJson.
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    const start = buffer.toString('latin1', 0, bytesRead);
    return start[0] === '\x80' || /^(?:[(c]|\}q)/.test(start);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

async function readTable(path: string): Promise<DocumentFrequencies> {
  const json = await readJson(path, tableLayout);
  const { imageCount, frequency } = isRecord(json) ? json : {};
  if (typeof imageCount !== 'number' || !(imageCount >= 1) || !isRecord(frequency)) {
    throw new CommandError(`${path} has no imageCount or no frequency`, {
      cure: `give ${tableLayout}, or ${pickleLayout}`,
    });
  }
  const entries = Object.entries(frequency).map(([gram, count]): [string, number] => {
    if (typeof count === 'number' && count >= 0) return [gram, count];
    throw new CommandError(`${path}: the frequency of ${JSON.stringify(gram)} is no number`, {
      cure: `give ${tableLayout}`,
    });
  });
  return { frequency: new Map(entries), imageCount };
}

async function readPickled(path: string): Promise<DocumentFrequencies> {
  const wrong = (cause: string): CommandError =>
    new CommandError(`${path}: ${cause}`, { cure: `give ${pickleLayout}` });
  const root = await unpickle(path, wrong);
  if (!(root instanceof Map)) throw wrong('it holds no dict');
  const inner: unknown = root.get('document_frequency');
  if (inner !== undefined && !(inner instanceof Map)) throw wrong('its document_frequency is no dict');
  const frequency = new Map<string, number>();
  let most = 0;
  let isNumbered = true;
  for (const [gram, count] of (inner ?? root) as ReadonlyMap<unknown, unknown>) {
    if (!Array.isArray(gram) || typeof count !== 'number' || !(count >= 0))
      throw wrong('it has an entry that is not a tuple of words with a number');
    const words = gram.join(' ');
    isNumbered &&= /^[\d ]+$/.test(words);
    frequency.set(words, count);
    most = Math.max(most, count);
  }
  if (frequency.size === 0) throw wrong('it holds no word');
  if (isNumbered) {
    throw new CommandError(`${path} counts word numbers, not words`, {
      cure: 'take the table of words beside it (coco-train-words.p, not coco-train-idxs.p)',
    });
  }
  return { frequency, imageCount: imagesOf(inner ? root.get('ref_len') : cocoValImages, most, wrong) };
}

/** `ref_len` is a number of images or, in older tables, its logarithm, which no frequency of a table would fit into. */
function imagesOf(given: unknown, most: number, wrong: (cause: string) => CommandError): number {
  if (typeof given !== 'number' || !(given > 0)) throw wrong('its ref_len is no number of images');
  const images = given < most ? Math.exp(given) : given;
  // e^(ln n) is a hair off n.
  if (images * (1 + 1e-9) < most)
    throw wrong(`an n-gram is counted ${most} times, but there are ${Math.round(images)} images`);
  return images;
}

async function unpickle(path: string, wrong: (cause: string) => CommandError): Promise<PickledValue> {
  const source = await fileSource(path);
  try {
    return await readPickle(source);
  } catch (error) {
    throw error instanceof TorchFileError ? wrong(error.message) : error;
  } finally {
    await source.close();
  }
}
