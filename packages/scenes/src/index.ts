// The scenes dataset without files: describing, drawing and captioning scenes, and judging captions.
export { type BackgroundKind, type BackgroundName, backgrounds } from './backgrounds.ts';
export { captionScene } from './caption/caption-scene.ts';
export {
  type CaptionCheck,
  checkCaption,
  type ColourKindPair,
  colourNames,
  kindNames,
} from './check-caption.ts';
export { type Colour, type ColourName, colours, type Rgb } from './colours.ts';
export { describeScene, type SceneOrder } from './describe-scene.ts';
export { drawScene, type Picture } from './draw/draw-scene.ts';
export { encodePicture, type PictureFormat } from './encode/encode-picture.ts';
export { type Kind, type KindName, type KindNoun, kinds } from './kinds.ts';
export { nounPhrases } from './noun-phrases.ts';
export { createRandom, type Random } from './random.ts';
export { sceneKey, splitOfScene } from './scene-key.ts';
export type {
  Arrangement,
  Background,
  Group,
  PlacedObject,
  PositionName,
  Scene,
  SizeName,
  SplitName,
} from './scene.ts';
