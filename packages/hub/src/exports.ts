// What both entries export besides `resolveModel`.
export type { DownloadProgress } from './download-file.ts';
export { HubError, type HubErrorCode } from './hub-error.ts';
export type { Model } from './model.ts';
export { parseModelName, type ModelPlace } from './model-name.ts';
export {
  defaultFiles,
  defaultOptional,
  defaultWeights,
  type FetchOptions,
  type ResolveModel,
  type ResolveOptions,
} from './resolve-model.ts';
