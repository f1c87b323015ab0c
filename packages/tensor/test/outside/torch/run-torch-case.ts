// Runs an OpInfo sample: results, and gradients of a random-weighted sum of them.
import { add, grad, mul, sum, tensor, type Device, type Tensor, type TensorFile } from '../../../src/node.ts';
import type { Outcome } from '../onnx/run-case.ts';
import {
  TorchCall,
  TorchSkip,
  type Argument,
  type Encoded,
  type TorchCase,
  type TorchRule,
} from './torch-call.ts';

/** Sums in another order err by f32's rounding of their largest terms, so that the largest element counts too. */
const tolerance = { relative: 1.3e-5, ofLargest: 1e-6, absolute: 1e-5 };

interface Loaded {
  shape: readonly number[];
  isFloat: boolean;
  data: Float32Array | Int32Array;
}

async function load(file: TensorFile, key: string): Promise<Loaded> {
  const { shape, dtype } = file.info(key);
  const isFloat = dtype === 'F32';
  return { shape, isFloat, data: isFloat ? await file.readAsF32(key) : await file.readAsI32(key) };
}

async function difference(actual: Tensor, wanted: Loaded): Promise<string | undefined> {
  if (actual.shape.join() !== wanted.shape.join())
    return `shape [${actual.shape.join()}] instead of [${wanted.shape.join()}]`;
  const got = await actual.read();
  let largest = 0;
  for (const b of wanted.data) if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
  const floor = tolerance.absolute + tolerance.ofLargest * largest;
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [got[i], wanted.data[i]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const isClose = wanted.isFloat && Math.abs(a - b) <= floor + tolerance.relative * Math.abs(b);
    if (!isClose) return `element ${i} is ${a} instead of ${b}`;
  }
  return undefined;
}

export async function runTorchCase(
  device: Device,
  file: TensorFile,
  rule: TorchRule,
  { args, kwargs, outputs, grads }: TorchCase,
): Promise<Outcome> {
  const leaves: Tensor[] = [];
  const decode = async (value: Encoded): Promise<Argument> => {
    if (value === null) return undefined;
    if (Array.isArray(value)) return Promise.all(value.map(decode));
    if (typeof value !== 'object') return value;
    if ('number' in value) return Number(value.number);
    const { shape, isFloat, data } = await load(file, value.tensor);
    const dtype = isFloat ? 'f32' : value.kind === 'bool' ? 'u32' : 'i32';
    const made = tensor(device, [...data], [...shape], { dtype });
    if (typeof value.leaf !== 'number') return made;
    return (leaves[value.leaf] = made.trainable());
  };
  try {
    const why = await device.scope(async () => {
      const given = await Promise.all(args.map(decode));
      const named: Record<string, Argument> = {};
      for (const [key, value] of Object.entries(kwargs)) named[key] = await decode(value);
      const result = rule(new TorchCall(given, named));
      const results = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor];
      let loss: Tensor | undefined;
      for (const [i, { tensor: key, weight }] of outputs.entries()) {
        if (!results[i]) return `output ${i} is missing`;
        const found = await difference(results[i], await load(file, key));
        if (found) return `output ${i}: ${found}`;
        if (weight === undefined) continue;
        const { data, shape } = await load(file, weight);
        const part = sum(mul(results[i], tensor(device, [...data], [...shape])));
        loss = loss ? add(loss, part) : part;
      }
      const wanted = grads.flatMap((key, i) => (key === null ? [] : [{ key, leaf: leaves[i], i }]));
      if (!loss || wanted.length === 0) return undefined;
      const found = grad(
        loss,
        wanted.map(({ leaf }) => leaf),
        { allowUnused: true },
      );
      for (const [k, { key, i }] of wanted.entries()) {
        const wrong = await difference(found[k], await load(file, key));
        if (wrong) return `gradient ${i}: ${wrong}`;
      }
      return undefined;
    });
    return why === undefined ? { kind: 'pass' } : { kind: 'fail', why };
  } catch (error) {
    return {
      kind: error instanceof TorchSkip ? 'skip' : 'fail',
      why: (error as Error).message.split('\n')[0],
    };
  }
}
