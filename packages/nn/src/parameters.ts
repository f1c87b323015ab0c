// Where a model's parameters come from: constructors ask a provider by name, shape and initial value, and so the same line
// makes a new model, loads one, or tells its shapes.
import { Tensor, tensor, type Device, type Shape } from '@foreword/tensor';
import type { Init } from './init.ts';
import { ModuleError } from './nn-error.ts';
import { Random } from './random.ts';

export interface Parameters {
  /** The provider of the parameters below `name`: `p.at('h.0').at('attn')`. */
  at(name: string | number): Parameters;
  /** The parameter `name` below this place. */
  get(name: string, shape: Shape, init: Init, options?: { keepF32?: boolean }): Tensor;
  /** The same for what is no parameter but saved with them, such as running statistics: never trainable, always f32. */
  buffer(name: string, shape: Shape, init: Init): Tensor;
}

/** One parameter that a constructor asked for. */
export interface Request {
  /** Whole path: `h.0.attn.weight`. */
  name: string;
  shape: Shape;
  init: Init;
  isBuffer: boolean;
  /** Stored in f32 whatever the provider is told: tables that are added to activations. */
  keepF32: boolean;
}

/** A provider from a function that answers requests, each name once. */
export function parametersFrom(answer: (request: Request) => Tensor): Parameters {
  const asked = new Set<string>();
  const below = (prefix: string): Parameters => {
    const ask = (own: string, request: Pick<Request, 'shape' | 'init'> & Partial<Request>): Tensor => {
      const name = prefix + own;
      if (asked.has(name)) throw new ModuleError(`Parameters: ${name} is asked for twice`);
      asked.add(name);
      return answer({ isBuffer: false, keepF32: false, ...request, name });
    };
    return {
      at: (name) => below(`${prefix}${name}.`),
      get: (name, shape, init, options) => ask(name, { shape, init, ...options }),
      buffer: (name, shape, init) => ask(name, { shape, init, isBuffer: true }),
    };
  };
  return below('');
}

export interface StorageOptions {
  /** Of matrices and larger; vectors and buffers are always f32, for they cost nothing and scale everything. Default f32. */
  dtype?: 'f32' | 'f16';
}

/** What a parameter is stored as. */
export const storedDtype = (
  { shape, isBuffer, keepF32 }: Pick<Request, 'shape' | 'isBuffer' | 'keepF32'>,
  { dtype = 'f32' }: StorageOptions,
): 'f32' | 'f16' => (isBuffer || keepF32 || shape.length <= 1 ? 'f32' : dtype);

export interface SeedOptions extends StorageOptions {
  seed: number;
}

/**
 * Trainable parameters with their initial values. Values depend on the seed and the parameter's name only.
 * @example
 * const model = new TransformerBlock(seeded(device, { seed: 1 }), { width: 64, heads: 4 });
 */
export function seeded(device: Device, { seed, ...options }: SeedOptions): Parameters {
  return parametersFrom((request) => {
    const { name, shape, init, isBuffer } = request;
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
    init(values, Random.of(seed, name), shape);
    const dtype = storedDtype(request, options);
    return tensor(device, values, shape, { dtype, persistent: true }).trainable(!isBuffer);
  });
}

/** Stands for the device and the memory of what has none. */
const nothing = new Proxy(
  {},
  {
    get() {
      throw new ModuleError(
        'this model was made with shapesOnly(): it has shapes, but no device and no values',
      );
    },
  },
);

/** Makes no parameters: `requests` then has the names and shapes of a model, without a device. */
export function shapesOnly(): { parameters: Parameters; requests: Request[] } {
  const requests: Request[] = [];
  const parameters = parametersFrom((request) => {
    requests.push(request);
    return new Tensor(nothing as Device, request.shape, 'f32', { storage: nothing as Tensor['storage'] });
  });
  return { parameters, requests };
}

/**
 * Names and shapes of the parameters of a model, in the order of its constructor; no device is needed.
 * @example
 * shapesOf((p) => new Linear(p, 3, 2)); // Map { 'weight' → [2, 3], 'bias' → [2] }
 */
export function shapesOf(construct: (p: Parameters) => unknown): Map<string, Shape> {
  const { parameters, requests } = shapesOnly();
  construct(parameters);
  return new Map(requests.map(({ name, shape }) => [name, shape]));
}

/** Parameters that are there already, by whole name; they keep their owner. */
export function given(tensors: ReadonlyMap<string, Tensor>): Parameters {
  return parametersFrom(({ name, shape }) => {
    const found = tensors.get(name);
    if (!found) throw new ModuleError(`Parameters: ${name} [${shape.join(', ')}] is not given`);
    if (found.shape.join() !== shape.join()) {
      throw new ModuleError(
        `Parameters: ${name} is given as [${found.shape.join(', ')}], but [${shape.join(', ')}] is needed`,
      );
    }
    return found;
  });
}
