// Runs one of ONNX's node tests: a folder with a model, its inputs and its outputs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from '../../../src/node.ts';
import { readModel, readTensor, type HostTensor } from './read-onnx.ts';
import { runGraph } from './run-graph.ts';
import { fromHost, isFloatType, Skip } from './value.ts';

export type Outcome = { kind: 'pass' } | { kind: 'skip' | 'fail'; why: string };

/** ONNX's own tolerance for node tests. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };

function difference(
  actual: readonly number[],
  shape: readonly number[],
  wanted: HostTensor,
): string | undefined {
  if (shape.join() !== wanted.shape.join())
    return `shape [${shape.join()}] instead of [${wanted.shape.join()}]`;
  const isFloat = isFloatType(wanted.type);
  for (let i = 0; i < wanted.data.length; i++) {
    const [got, want] = [actual[i], wanted.data[i]];
    if (Object.is(got, want) || got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
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

/** @param folder of the test, with `model.onnx` and `test_data_set_0` */
export async function runCase(device: Device, folder: string): Promise<Outcome> {
  try {
    const model = await readModel(join(folder, 'model.onnx'));
    const { input, output } = model.graph;
    if ([...input, ...output].some(({ type }) => type && !type.tensorType))
      return { kind: 'skip', why: 'sequences and optional values' };
    const data = join(folder, 'test_data_set_0');
    const [inputs, wanted] = [await readAll(data, 'input'), await readAll(data, 'output')];
    const difference_ = await device.scope(async () => {
      const given = model.graph.input.filter(
        ({ name }) => !model.graph.initializer.some((t) => t.name === name),
      );
      const named = new Map(inputs.map((host, i) => [given[i]?.name ?? host.name, fromHost(device, host)]));
      const results = await runGraph(device, model, named);
      for (const [i, want] of wanted.entries()) {
        const result = results[i];
        if (!result) return `output ${i} is missing`;
        const why = difference([...(await result.tensor.read())], result.tensor.shape, want);
        if (why) return `output ${i}: ${why}`;
      }
      return undefined;
    });
    return difference_ === undefined ? { kind: 'pass' } : { kind: 'fail', why: difference_ };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof Skip) return { kind: 'skip', why: message };
    // A tensor file of another kind (sequences, text).
    if (/^type /.test(message)) return { kind: 'skip', why: `element ${message}` };
    return { kind: 'fail', why: message.split('\n')[0] };
  }
}
