// Everything the dataset holds about one picture: scene, captions, encoded bytes, COCO entries.
import { captionScene } from '../caption/caption-scene.ts';
import { describeScene } from '../describe-scene.ts';
import { drawScene } from '../draw/draw-scene.ts';
import { createRandom } from '../random.ts';
import type { Scene, SplitName } from '../scene.ts';
import { encodePicture } from '../encode/encode-picture.ts';

/** An entry of `images` in COCO's caption files, with the scene as ground truth beside COCO's own keys. */
export interface SceneImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
  readonly license: number;
  readonly scene: Omit<Scene, 'width' | 'height'>;
}

/** An entry of `annotations` in COCO's caption files. */
export interface SceneAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly caption: string;
}

/** A whole caption file. */
export interface SceneCaptionFile {
  readonly info: { readonly description: string; readonly version: string; readonly seed: number };
  readonly licenses: readonly { readonly id: number; readonly name: string; readonly url: string }[];
  readonly images: readonly SceneImage[];
  readonly annotations: readonly SceneAnnotation[];
}

export interface SceneRecord {
  readonly image: SceneImage;
  readonly annotations: readonly SceneAnnotation[];
  readonly bytes: Uint8Array;
}

/** Picture ids are unique over all splits and do not depend on the counts. */
const firstId: Record<SplitName, number> = { train: 1_000_000, val: 2_000_000, test: 3_000_000 };

/** Makes the record of picture `index` of a split. Deterministic. */
export function makeSceneRecord(seed: number, split: SplitName, index: number): SceneRecord {
  const scene = describeScene({ seed, split, index });
  const random = createRandom(seed, split, index, 'record');
  const format = random.chance(0.5) ? 'png' : 'jpg';
  const id = firstId[split] + index;
  const { width, height, background, groups } = scene;
  return {
    image: {
      id,
      file_name: `scene_${split}_${String(index).padStart(6, '0')}.${format}`,
      width,
      height,
      license: 1,
      scene: { background, groups },
    },
    annotations: captionScene(scene, random).map((caption, i) => ({
      id: id * 10 + i,
      image_id: id,
      caption,
    })),
    bytes: encodePicture(drawScene(scene), format),
  };
}
