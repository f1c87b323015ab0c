// A tensor of a file on the GPU, piece by piece: the host never holds a whole one.
import type { Device } from '../core/device.ts';
import { ShapeError } from '../core/errors.ts';
import { formatShape, sizeOf, type Shape } from '../core/shape.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import type { TensorFile } from './read.ts';

/** Elements read at once: 8 MiB of f32. Even, so that pieces of f16 begin at multiples of 4 bytes. */
const pieceElements = 2 ** 21;

export interface LoadTensorOptions {
  /** What the GPU holds. F16 goes over as it is, everything else through f32. Default f32. */
  dtype?: 'f32' | 'f16';
  /** Default the shape in the file; another one must have as many elements. */
  shape?: Shape;
  signal?: AbortSignal;
}

/**
 * The tensor `name` of a file, persistent on the GPU. It takes about 50 MB of host memory, however large it is.
 * @throws ShapeError when `shape` has another number of elements; the file's own errors; the signal's reason
 * @example
 * const wte = await loadTensor(device, file, 'wte.weight', { dtype: 'f16' });
 */
export async function loadTensor(
  device: Device,
  file: TensorFile,
  name: string,
  { dtype = 'f32', shape, signal }: LoadTensorOptions = {},
): Promise<Tensor> {
  const info = file.info(name);
  const wanted = shape ?? info.shape;
  const count = sizeOf(wanted);
  if (count !== sizeOf(info.shape)) {
    throw new ShapeError(
      `loadTensor: "${name}" of ${file.name} is ${formatShape(info.shape)}, which does not fill ${formatShape(wanted)}`,
    );
  }
  const made = emptyTensor(device, wanted, { dtype, persistent: true, madeBy: name });
  try {
    for (let begin = 0; begin < count; begin += pieceElements) {
      signal?.throwIfAborted();
      const range = { begin, end: Math.min(begin + pieceElements, count) };
      const values =
        dtype === 'f16' && info.dtype === 'F16'
          ? ((await file.read(name, range)).data as Uint16Array)
          : await file.readAsF32(name, range);
      await device.drainUploads();
      made.writeRange(begin, values);
    }
    return made;
  } catch (error) {
    made.dispose();
    throw error;
  }
}
