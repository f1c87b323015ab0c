// Safetensors: reading range by range, sharded models, writing. `fileSource` for Node is in file-source.node.ts.
export { blobSource, bytesSource, type ByteSource } from './byte-source.ts';
export { elementsAsF32, elementsAsI32, type ConversionOptions } from './convert-elements.ts';
export { SafetensorsError, type SafetensorsData, type SafetensorsDtype } from './dtypes.ts';
export { type TensorInfo } from './header.ts';
export { loadTensor, type LoadTensorOptions } from './load-tensor.ts';
export {
  missingTensor,
  openSafetensors,
  SafetensorsFile,
  type ElementRange,
  type TensorData,
  type TensorFile,
} from './read.ts';
export { openShardedSafetensors } from './sharded.ts';
export { safetensorsChunks, writeSafetensors, type SafetensorsEntry } from './write.ts';
