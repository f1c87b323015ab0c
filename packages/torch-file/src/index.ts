// Reads PyTorch's files: state dicts as TensorFile, TorchScript archives, ClipCap's feature pickles.
export { readClipCapFeatures, type ClipCapCaption, type ClipCapFeatures } from './clipcap-features.ts';
export { PickledBytes, TorchScriptObject, type DictKey, type PickledValue } from './pickle/pickled-value.ts';
export { openTorchFile, readPickle, TorchFile, type OpenTorchOptions } from './torch-file.ts';
export type { TorchDtype } from './torch-dtypes.ts';
export { TorchFileError } from './torch-file-error.ts';
export type { TorchStorage } from './torch-storage.ts';
export { TorchTensor } from './torch-tensor.ts';
