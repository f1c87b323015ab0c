// What a mapper trained on features of texts makes of pictures' features: both are brought into one space, and where
// there is a memory of texts, the picture is expressed by them.
//
// Legend: D feature size, M texts in the memory.
import type { SafetensorsEntry, TensorFile } from '@foreword/tensor';
import { MapperError } from './mapper-error.ts';

export interface FeatureSpace {
  /** Of pictures' features, by coordinate [D]; they are standardised by them before anything else. */
  image?: { mean: Float32Array; deviation: Float32Array };
  /** Length of the vectors that the mapper takes. */
  length: number;
  /** Vectors of texts in this space, of length 1 [M, D], and the softmax temperature of cosines (DeCap). */
  memory?: { rows: Float32Array; temperature: number };
}

/**
 * A picture's feature [D] in the space, as the mapper takes it. With a memory it becomes the mean of the texts' vectors,
 * weighted by softmax(cosine / temperature), of full length again (Li et al. 2023, DeCap, §3.2).
 */
export function toFeatureSpace(
  feature: Float32Array,
  { image, length, memory }: FeatureSpace,
): Float32Array<ArrayBuffer> {
  const own = unitVector(image ? standardised(feature, image) : feature);
  const vector = memory ? unitVector(recalled(own, memory)) : own;
  return vector.map((x) => length * x);
}

/** (x − mean) / deviation by coordinate; coordinates that never change become 0. */
export function standardised(
  feature: Float32Array,
  { mean, deviation }: { mean: Float32Array; deviation: Float32Array },
): Float32Array<ArrayBuffer> {
  return Float32Array.from(feature, (x, d) => (deviation[d] > 0 ? (x - mean[d]) / deviation[d] : 0));
}

/** A copy with length 1; zero stays. */
export function unitVector(vector: Float32Array): Float32Array<ArrayBuffer> {
  let squares = 0;
  for (const x of vector) squares += x * x;
  const norm = Math.sqrt(squares) || 1;
  return Float32Array.from(vector, (x) => x / norm);
}

function recalled(
  query: Float32Array,
  { rows, temperature }: { rows: Float32Array; temperature: number },
): Float32Array {
  const D = query.length;
  const M = rows.length / D;
  const cosines = new Float64Array(M);
  for (let m = 0; m < M; m++) {
    let dot = 0;
    for (let d = 0; d < D; d++) dot += query[d] * rows[m * D + d];
    cosines[m] = dot;
  }
  const largest = cosines.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = new Float64Array(D);
  // A positive factor of all weights changes nothing, as the sum gets its length afterwards.
  for (let m = 0; m < M; m++) {
    const weight = Math.exp((cosines[m] - largest) / temperature);
    if (weight > 0) for (let d = 0; d < D; d++) sum[d] += weight * rows[m * D + d];
  }
  return Float32Array.from(sum);
}

/** For `writeSafetensors`, with the metadata that {@link readFeatureSpace} reads. */
export function featureSpaceEntries(
  { image, length, memory }: FeatureSpace,
  D: number,
): { entries: SafetensorsEntry[]; metadata: Record<string, string> } {
  const entries: SafetensorsEntry[] = [];
  const add = (name: string, shape: number[], data: Float32Array): void =>
    void entries.push({ name, dtype: 'F32', shape, data });
  if (image) {
    add('image.mean', [D], image.mean);
    add('image.deviation', [D], image.deviation);
  }
  if (memory) add('memory', [memory.rows.length / D, D], memory.rows);
  const metadata: Record<string, string> = { length: String(length) };
  if (memory) metadata.temperature = String(memory.temperature);
  return { entries, metadata };
}

/**
 * Reads what {@link featureSpaceEntries} gave.
 * @throws MapperError when it is for features of another size, or damaged.
 */
export async function readFeatureSpace(file: TensorFile, D: number): Promise<FeatureSpace> {
  const read = async (name: string): Promise<Float32Array> => {
    const { shape } = file.info(name);
    if (shape.at(-1) !== D)
      throw new MapperError(`${file.name}: ${name} is [${shape.join(', ')}]; features have ${D} numbers`);
    return await file.readAsF32(name);
  };
  const number = (name: string): number => {
    const value = Number(file.metadata[name]);
    if (value > 0 && value < Infinity) return value;
    throw new MapperError(`${file.name}: "${name}" is ${file.metadata[name]}; a number above 0 is needed`);
  };
  const image = file.has('image.mean')
    ? { mean: await read('image.mean'), deviation: await read('image.deviation') }
    : undefined;
  const memory = file.has('memory')
    ? { rows: await read('memory'), temperature: number('temperature') }
    : undefined;
  return { image, length: number('length'), memory };
}
