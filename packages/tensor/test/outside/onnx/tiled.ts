// Pointwise node tests made longer, by repeating what they hold.
import type { NodeCase } from './run-case.ts';
import type { HostTensor } from './read-onnx.ts';
import { pointwise } from './rules/pointwise.ts';

const sameShape = (a: HostTensor, b: HostTensor): boolean => a.shape.join() === b.shape.join();

function tile(host: HostTensor, length: number): HostTensor {
  const { data } = host;
  return { ...host, shape: [length], data: Array.from({ length }, (_, i) => data[i % data.length]) };
}

/** Of one pointwise operator whose operands are as large as its result, or one number. */
export const isTileable = ({ model, inputs, wanted }: NodeCase): boolean =>
  model.graph.node.length === 1 &&
  pointwise[model.graph.node[0].opType] !== undefined &&
  wanted.length === 1 &&
  wanted[0].data.length > 1 &&
  inputs.some((host) => sameShape(host, wanted[0])) &&
  inputs.every((host) => host.shape.length === 0 || sameShape(host, wanted[0]));

/** The case in one row of `length` elements. */
export function tiled({ model, inputs, wanted }: NodeCase, length: number): NodeCase {
  return {
    model,
    inputs: inputs.map((host) => (host.shape.length === 0 ? host : tile(host, length))),
    wanted: wanted.map((host) => tile(host, length)),
  };
}
