// Runs one of ONNX's node tests: a folder with a model, its inputs and its outputs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '../../../src/node.ts';
import { elementTypes, readModel, readTensor, type HostTensor, type OnnxModel } from './read-onnx.ts';
import { runGraph } from './run-graph.ts';
import { dtypeOf, fromHost, isFloatType, Skip } from './value.ts';

/** What became of a case. */
export type Outcome = { kind: 'pass' } | { kind: 'skip' | 'fail'; why: string };

export interface NodeCase {
  model: OnnxModel;
  inputs: HostTensor[];
  wanted: HostTensor[];
}

/** ONNX's own tolerance for node tests. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };

function difference(
  actual: Float32Array | Int32Array | Uint32Array,
  shape: readonly number[],
  wanted: HostTensor,
): string | undefined {
  if (shape.join() !== wanted.shape.join())
    return `shape [${shape.join()}] instead of [${wanted.shape.join()}]`;
  const isFloat = isFloatType(wanted.type);
  for (let i = 0; i < wanted.data.length; i++) {
    const [got, want] = [actual[i], wanted.data[i]];
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    const close = isFloat && Math.abs(got - want) <= tolerance.absolute + tolerance.relative * Math.abs(want);
    if (!close) return `element ${i} is ${got} instead of ${want}`;
  }
  return undefined;
}

async function readAll(folder: string, kind: 'input' | 'output'): Promise<HostTensor[]> {
  const found: HostTensor[] = [];
  for (let i = 0; existsSync(join(folder, `${kind}_${i}.pb`)); i++)
    found.push(await readTensor(join(folder, `${kind}_${i}.pb`)));
  return found;
}

/**
 * @param folder of the test, with `model.onnx` and `test_data_set_0`
 * @throws Skip for what holds no tensors of numbers
 */
export async function readCase(folder: string): Promise<NodeCase> {
  const model = await readModel(join(folder, 'model.onnx'));
  for (const { type } of [...model.graph.input, ...model.graph.output]) {
    if (type && !type.tensorType) throw new Skip('sequences and optional values');
    if (type?.tensorType) dtypeOf(elementTypes[type.tensorType.elemType]);
  }
  const data = join(folder, 'test_data_set_0');
  return { model, inputs: await readAll(data, 'input'), wanted: await readAll(data, 'output') };
}

/** Of a test that was read, or of reading it. */
export async function outcomeOf(device: Device, read: () => NodeCase | Promise<NodeCase>): Promise<Outcome> {
  try {
    const { model, inputs, wanted } = await read();
    const why = await device.scope(async () => {
      const given = model.graph.input.filter(
        ({ name }) => !model.graph.initializer.some((t) => t.name === name),
      );
      const named = new Map(inputs.map((host, i) => [given[i]?.name ?? host.name, fromHost(device, host)]));
      const results = await runGraph(device, model, named);
      for (const [i, want] of wanted.entries()) {
        const result = results[i];
        if (!result) return `output ${i} is missing`;
        const found = difference(await result.tensor.read(), result.tensor.shape, want);
        if (found) return `output ${i}: ${found}`;
      }
      return undefined;
    });
    return why === undefined ? { kind: 'pass' } : { kind: 'fail', why };
  } catch (error) {
    const { message } = error as Error;
    return { kind: error instanceof Skip ? 'skip' : 'fail', why: message.split('\n')[0] };
  }
}
