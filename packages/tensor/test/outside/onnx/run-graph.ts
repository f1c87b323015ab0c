// Runs an ONNX graph node by node with the engine's ops.
import type { Device } from '../../../src/node.ts';
import { toHost, type OnnxModel } from './read-onnx.ts';
import { rules } from './rules/index.ts';
import { fromHost, NodeCall, Skip, type Value } from './value.ts';

/** Operators that are no tensor programs, or have no meaning here, and why. */
const outside: Record<string, string> = {
  If: 'control flow',
  Loop: 'control flow',
  Scan: 'control flow',
  SequenceMap: 'sequences',
  NonMaxSuppression: 'no tensor program: the number of results depends on the values',
  TfIdfVectorizer: 'no tensor program: text features',
  StringNormalizer: 'text',
  Bernoulli: 'random numbers',
  RandomUniformLike: 'random numbers',
  Det: 'there is no determinant',
  MelWeightMatrix: 'a table made on the host, no tensor program',
  RoiAlign: 'there is no such op',
  Unique: 'the shape of the result depends on the values',
  NonZero: 'the shape of the result depends on the values',
};

/**
 * @param inputs by name
 * @returns the graph's outputs in order
 * @throws Skip for what cannot be run, with the reason
 */
export async function runGraph(
  device: Device,
  { graph, opsetImport }: OnnxModel,
  inputs: ReadonlyMap<string, Value>,
): Promise<(Value | undefined)[]> {
  const opset = opsetImport.find(({ domain }) => !domain)?.version ?? 1;
  const values = new Map<string, Value | undefined>(inputs);
  for (const raw of graph.initializer)
    if (!values.has(raw.name!)) values.set(raw.name!, fromHost(device, toHost(raw)));
  for (const node of graph.node) {
    if (outside[node.opType]) throw new Skip(`${node.opType}: ${outside[node.opType]}`);
    if (/Sequence|Optional/.test(node.opType)) throw new Skip('sequences and optional values');
    const rule = rules[node.opType];
    if (!rule || (node.domain && !node.domain.startsWith('ai.onnx')))
      throw new Skip(`${node.opType}: no op of this kind`);
    const given = node.input.map((name) => (name ? values.get(name) : undefined));
    const results = await rule(given, new NodeCall(node, opset, device));
    node.output.forEach((name, i) => {
      if (name) values.set(name, results[i]);
    });
  }
  return graph.output.map(({ name }) => values.get(name));
}
