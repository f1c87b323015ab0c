// Reads a model's weights from named arrays and uploads them one by one.
import { tensor, type Device, type DType, type Tensor } from '@foreword/tensor';
import type { ClipConfig } from './clip-config.ts';
import { ClipError } from './clip-error.ts';
import { makeModelTensor, modelShapes, storedShapes } from './model-tensors.ts';
import { weightOrigins, type WeightOrigin } from './weight-names.ts';

/** Named arrays, read when they are asked for; an open safetensors file is one. */
export interface WeightSource {
  /** For messages: a path, a URL. */
  readonly name?: string;
  names(): Iterable<string>;
  info(tensor: string): { shape: readonly number[] };
  /** All elements, row-major. */
  readAsF32(tensor: string): Promise<Float32Array>;
}

/** A source of arrays in memory. */
export function memoryWeights(
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): WeightSource {
  const find = (name: string): { shape: readonly number[]; data: Float32Array } => {
    const found = tensors.get(name);
    if (!found) throw new ClipError(`there is no tensor "${name}" among the ${tensors.size} in memory`);
    return found;
  };
  return {
    names: () => tensors.keys(),
    info: find,
    readAsF32: async (name) => find(name).data,
  };
}

export interface ReadOptions {
  /** Of the matrices; vectors and the position tables are f32 always. Default f32. */
  dtype?: Extract<DType, 'f32' | 'f16'>;
}

/**
 * Name → tensor of all that a model of `config` holds, found under OpenAI's or Hugging Face's names.
 * @throws ClipError when a tensor is missing, unknown or of another shape; nothing stays on the GPU then
 */
export async function readParameters(
  device: Device,
  config: ClipConfig,
  source: WeightSource,
  { dtype = 'f32' }: ReadOptions = {},
): Promise<Record<string, Tensor>> {
  const stored = storedShapes(config);
  const origins = weightOrigins(stored.keys(), source.names(), { source: source.name });
  const read = (name: string): Promise<Float32Array> =>
    readOne(source, origins.get(name)!, stored.get(name)!);
  const make = makeModelTensor(config);
  const parameters: Record<string, Tensor> = {};
  try {
    for (const [name, shape] of modelShapes(config)) {
      const values = await make(name, read);
      const isMatrix = shape.length > 1 && !name.endsWith('positional_embedding');
      parameters[name] = tensor(device, values, shape, { dtype: isMatrix ? dtype : 'f32', persistent: true });
      await device.drainUploads();
    }
  } catch (error) {
    for (const t of Object.values(parameters)) t.dispose();
    throw error;
  }
  return parameters;
}

async function readOne(
  source: WeightSource,
  { names, transposed }: WeightOrigin,
  shape: readonly number[],
): Promise<Float32Array> {
  const piece = transposed ? [...shape].reverse() : [...shape];
  if (names.length > 1) piece[0] /= names.length;
  const size = piece.reduce((product, n) => product * n, 1);
  for (const name of names) {
    const got = source.info(name).shape;
    // A scalar may be stored with one dimension of size 1.
    const fits = got.join() === piece.join() || (size === 1 && got.every((n) => n === 1));
    if (!fits) {
      throw new ClipError(
        `${source.name ?? 'the weights'}: tensor "${name}" is [${got.join(', ')}], the configuration needs [${piece.join(', ')}]`,
      );
    }
  }
  if (names.length === 1) {
    const values = await source.readAsF32(names[0]);
    return transposed ? transpose(values, piece[0]) : values;
  }
  const joined = new Float32Array(size * names.length);
  for (const [i, name] of names.entries()) joined.set(await source.readAsF32(name), i * size);
  return joined;
}

/** Rows become columns. */
function transpose(values: Float32Array, rows: number): Float32Array {
  const columns = values.length / rows;
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}
