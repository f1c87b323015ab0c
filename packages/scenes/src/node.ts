// The scenes dataset on disk, for Node: generating it once and finding it again.
export { DatasetError } from './node/dataset-error.ts';
export {
  defaultCounts,
  defaultSeed,
  ensureScenes,
  type EnsureScenesOptions,
  type ScenesLocation,
} from './node/ensure-scenes.ts';
export {
  generatorVersion,
  isComplete,
  readManifest,
  type SceneCounts,
  type ScenesManifest,
} from './node/manifest.ts';
export { type SceneAnnotation, type SceneCaptionFile, type SceneImage } from './node/scene-record.ts';
