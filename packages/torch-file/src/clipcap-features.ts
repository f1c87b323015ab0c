// ClipCap's feature pickles (parse_coco.py, parse_conceptual.py): CLIP features and the captions that belong to them.
import type { ByteSource } from '@foreword/tensor';
import { describe, type DictKey, type PickledValue } from './pickle/pickled-value.ts';
import { failFor, type Fail } from './torch-file-error.ts';
import { readPickle } from './torch-file.ts';
import { TorchTensor } from './torch-tensor.ts';

export interface ClipCapCaption {
  caption: string;
  /** row of its picture's feature in `clip_embedding` */
  clip_embedding: number;
  image_id?: string | number;
  /** of the annotation */
  id?: string | number;
}

export interface ClipCapFeatures {
  /** [M, D], f16 or f32; one row per picture or per caption, read when it is asked for */
  clip_embedding: TorchTensor;
  captions: ClipCapCaption[];
}

/**
 * Reads `oscar_split_ViT-B_32_train.pkl` and its like. The caller closes the source, after the features have been read.
 * @throws {TorchFileError} when the file is none, or a caption has no row among the features
 * @example
 * const { clip_embedding, captions } = await readClipCapFeatures(source);
 * const row = captions[0].clip_embedding * clip_embedding.shape[1];
 * const feature = await clip_embedding.readAsF32({ begin: row, end: row + clip_embedding.shape[1] });
 */
export async function readClipCapFeatures(source: ByteSource): Promise<ClipCapFeatures> {
  const fail = failFor(source.name);
  const root = await readPickle(source);
  const dict: ReadonlyMap<DictKey, PickledValue> | undefined =
    root instanceof Map ? (root as Map<DictKey, PickledValue>) : undefined;
  const features = dict?.get('clip_embedding');
  const captions = dict?.get('captions');
  if (!(features instanceof TorchTensor) || !Array.isArray(captions)) {
    return fail(
      `it holds ${describe(root)}, not ClipCap's {"clip_embedding": tensor, "captions": list}; make it with parse_coco.py`,
    );
  }
  if (features.shape.length !== 2)
    return fail(`clip_embedding is [${features.shape.join(', ')}]; rows of features are needed, [M, D]`);
  const rows = features.shape[0];
  return {
    clip_embedding: features,
    captions: captions.map((item: PickledValue, i) =>
      captionOf(item, rows, (cause) => fail(`captions[${i}]: ${cause}`)),
    ),
  };
}

const isId = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

function captionOf(item: PickledValue, rows: number, fail: Fail): ClipCapCaption {
  if (!(item instanceof Map)) return fail(`it is ${describe(item)}, not a dict`);
  const dict = item as Map<DictKey, PickledValue>;
  const caption = dict.get('caption');
  const row = dict.get('clip_embedding');
  if (typeof caption !== 'string') return fail(`"caption" is ${describe(caption ?? null)}, not a text`);
  if (!Number.isInteger(row) || (row as number) < 0 || (row as number) >= rows)
    return fail(`"clip_embedding" is ${describe(row ?? null)}, none of the ${rows} rows`);
  const found: ClipCapCaption = { caption, clip_embedding: row as number };
  for (const key of ['image_id', 'id'] as const) {
    const value = dict.get(key);
    if (isId(value)) found[key] = value;
  }
  return found;
}
